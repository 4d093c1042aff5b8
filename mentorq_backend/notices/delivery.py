"""Delivers notices: one at a time for a webhook, in order for a ticket, until the receiver has them.

A notice is marked after the receiver has answered. A process that dies in between leaves it to be delivered twice.
"""

import logging
import random
import re
import secrets
import time
import traceback
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import quote, unquote, unquote_plus

import requests
from django.core.exceptions import ValidationError
from django.db import Error
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone

from mentorq.api.texts import one_line, shortened
from mentorq_backend.notices.formats import render
from mentorq_backend.notices.models import LONGEST_RETRY, Notice, NoticeQuerySet, Webhook, host_of
from mentorq_backend.notices.transport import Answer, NotSent, TimedOut, send
from mentorq_users.encryption import Unreadable

logger = logging.getLogger(__name__)

RETRIES = [timedelta(seconds=seconds) for seconds in (5, 30, 2 * 60, 10 * 60, 3600, 3 * 3600)]
SPREAD = 0.2  # of a delay, up and down, so that receivers are not asked all at once
ROUND = 15.0  # seconds after which a round begins no further attempt
LEASE = timedelta(seconds=15)  # an attempt takes at most 10
GIVEN_UP_IN_A_ROW = 50
GONE = 410
KEPT = 300  # characters of an answer
SHORTEST_SECRET = 8


class Lease:
    """The right to deliver for a webhook, by the clock of the database. It ends by itself if the process dies."""

    def __init__(self, webhook: Webhook) -> None:
        self.webhook, self.number = webhook, secrets.randbelow(2**62) + 1

    def take(self) -> bool:
        """Take or prolong it; return False if another process has it."""
        is_free = Q(leased_until=None) | Q(leased_until__lt=Now()) | Q(leased_until__gt=Now() + LEASE * 2)
        leases = Webhook.objects.filter(Q(lease=self.number) | is_free, pk=self.webhook.pk)
        return bool(leases.update(lease=self.number, leased_until=Now() + LEASE))

    def give_back(self) -> None:
        Webhook.objects.filter(pk=self.webhook.pk, lease=self.number).update(lease=None, leased_until=None)


def deliver(webhook: Webhook, must_end: Callable[[], bool] = lambda: False) -> Counter[str]:
    """Deliver what is due, for a round; return how many were `delivered` and how many attempts `failed`.

    A receiver that does not answer in time ends the round. So does one that asks us to wait.
    """
    counts: Counter[str] = Counter()
    lease, end = Lease(webhook), time.monotonic() + ROUND
    try:
        while time.monotonic() < end and not must_end() and lease.take():
            notice = _next(webhook)
            if notice is None:
                break
            counts["delivered" if _attempt(notice) else "failed"] += 1
    except TimedOut:
        counts["failed"] += 1
    finally:
        lease.give_back()
    return counts


def _next(webhook: Webhook) -> Notice | None:
    """Return the next notice with its webhook as it is now, None if nothing is due or the receiver asked us to wait."""
    now = timezone.now()
    if not Webhook.objects.with_due_notices(now).filter(pk=webhook.pk).exists():
        return None
    return Notice.objects.due(now).filter(webhook=webhook).select_related("webhook").first()


def _attempt(notice: Notice) -> bool:
    """Return whether it was delivered; raises TimedOut. The outcome is recorded in any case."""
    try:
        return _answered(notice, send(*_request(notice)))
    except NotSent as error:
        _failed(notice, None, str(error))
        if isinstance(error, TimedOut):
            raise
    except Error:
        raise  # nothing can be recorded now
    except Exception as error:  # noqa: BLE001 - otherwise this notice would be tried for ever, and hold back all others
        logger.error("MentorQ failed:\n%s", "".join(traceback.format_tb(error.__traceback__)))  # its text may hold the URL
        _failed(notice, None, f"MentorQ itself failed: {type(error).__name__}. The log says where.")
    return False


def _request(notice: Notice) -> tuple[str, bytes, dict[str, str]]:
    """Return URL, body and headers; raises NotSent if no key opens the webhook, or it leads where it may not any more."""
    try:
        body, headers = render(notice)
        url = notice.webhook.url
        host_of(url)
    except Unreadable as error:
        raise NotSent("No key in LCS_TOKEN_KEYS opens it: enter the URL again.") from error
    except ValidationError as error:
        raise NotSent(" ".join(error.messages)) from error
    return url, body, headers


def _answered(notice: Notice, answer: Answer) -> bool:
    text = shortened(one_line(_without_credentials(notice.webhook.url, answer.text)), KEPT)
    if 200 <= answer.status < 300:
        _delivered(notice, answer.status, text)
        return True
    if answer.retry_after and answer.status != GONE:
        wait = timedelta(seconds=min(answer.retry_after, LONGEST_RETRY.total_seconds()))
        Webhook.objects.filter(pk=notice.webhook.pk).update(not_before=timezone.now() + wait)
    _failed(notice, answer.status, text, gone=answer.status == GONE)
    return False


def _delivered(notice: Notice, status: int, text: str) -> None:
    pending = Notice.objects.pending().filter(pk=notice.pk)
    _record(pending, notice, status, text, next_attempt=None, delivered=timezone.now())
    Webhook.objects.filter(pk=notice.webhook.pk, given_up__gt=0).update(given_up=0)
    logger.info("Notice %s for %s: delivered", notice, notice.webhook)


def _failed(notice: Notice, status: int | None, text: str, *, gone: bool = False) -> None:
    delay = None if gone or notice.attempts >= len(RETRIES) else _spread(RETRIES[notice.attempts])
    # If another process has tried it meanwhile, because this one was stopped for a while, its outcome counts.
    as_read = Notice.objects.pending().filter(pk=notice.pk, attempts=notice.attempts)
    _record(as_read, notice, status, text, next_attempt=timezone.now() + delay if delay else None)
    outcome = f"next attempt in {delay.total_seconds():.0f} s" if delay else "given up"
    logger.warning("Notice %s for %s: %s, %s", notice, notice.webhook, status or text, outcome)
    if gone:
        _switch_off(notice.webhook, "The receiver answered 410: it is gone for good.")
    elif delay is None:
        _count_given_up(notice.webhook)


def _record(still: NoticeQuerySet, notice: Notice, status: int | None, text: str, **columns: datetime | None) -> None:
    now = timezone.now()
    still.update(attempts=F("attempts") + 1, status=status, response=text, **columns)
    Webhook.objects.filter(pk=notice.webhook.pk).update(last_status=status, last_response=text, last_attempt=now)


def _count_given_up(webhook: Webhook) -> None:
    Webhook.objects.filter(pk=webhook.pk).update(given_up=F("given_up") + 1)
    if Webhook.objects.filter(pk=webhook.pk, given_up__gte=GIVEN_UP_IN_A_ROW).exists():
        _switch_off(webhook, f"{GIVEN_UP_IN_A_ROW} notices in a row could not be delivered.")


def _switch_off(webhook: Webhook, why: str) -> None:
    webhook.switch(on=False, why=why)
    logger.warning("Webhook %s is switched off: %s", webhook, why)


def _spread(delay: timedelta) -> timedelta:
    return delay * random.uniform(1 - SPREAD, 1 + SPREAD)  # noqa: S311 - no secret


def _without_credentials(url: str, text: str) -> str:
    """Hide the parts of the URL, also if they come decoded: a page of an error often repeats the path."""
    sent = str(requests.Request("POST", url).prepare().url)
    spellings = {read(whole) for whole in (url, sent) for read in (str, unquote, unquote_plus, quote)}
    after_host = (spelling.partition("://")[2].partition("/")[2] for spelling in spellings)
    parts = {part for spelling in after_host for part in [f"/{spelling}", *re.split("[/?&=;]", spelling)]}
    credentials = sorted((part for part in parts if len(part) >= SHORTEST_SECRET), key=len, reverse=True)
    return re.sub("|".join(map(re.escape, credentials)), "…", text, flags=re.IGNORECASE) if credentials else text
