"""Caches LCS's links to Slack conversations: the frontend asks for every ticket every 30 seconds."""

import time
from collections.abc import Iterable

from django.conf import settings
from django.core.cache import cache

from mentorq_users.emails import cache_key
from mentorq_users.lcs.client import LCSClient
from mentorq_users.lcs.exceptions import LCSRefused, LCSUnavailable
from mentorq_users.lcs.transport import slots, take_slot
from mentorq_users.models import User

# The frontend recognizes these texts.
REFUSALS = frozenset({"Slack ID not present within LCS for the given user(s)", "Other user not found within LCS"})
# Seconds for which an answer is cached.
LINK_AGE, REFUSAL_AGE, FAILURE_AGE = 600, 60, 10
KEYS_AT_ONCE = 500

Answer = tuple[str, str]  # "link", "refused" or "unavailable", and the text that goes with it


def dm_link(user: User, other_email: str) -> str:
    """Return the link between two people; raises LCSRefused with a text for the frontend, or LCSUnavailable.

    All processes share the cache; refusals and failures stay for a shorter time. No pair is asked for twice at once.
    """
    key = cache_key("slack", user.email, other_email)
    kind, text = cache.get(key) or _ask_once(key, user, other_email)
    if kind == "refused":
        raise LCSRefused(text)
    if kind == "unavailable":
        raise LCSUnavailable(text)
    return text


def _ask_once(key: str, user: User, other_email: str) -> Answer:
    asking = f"{key}:asking"
    # It outlives the longest call, and expires if the process dies.
    if not cache.add(asking, True, timeout=settings.LCS_TIMEOUT + 1):
        return _wait(key)
    try:
        # Another request may have got the answer meanwhile.
        return cache.get(key) or _ask(key, user, other_email)
    finally:
        cache.delete(asking)


def _ask(key: str, user: User, other_email: str) -> Answer:
    answer, age = _answer(user, other_email)
    cache.set(key, answer, timeout=age)
    return answer


def _answer(user: User, other_email: str) -> tuple[Answer, int]:
    try:
        token = user.lcs_token
        if not token:
            raise LCSRefused("no LCS token")
        return ("link", LCSClient().slack_dm(token, other_email)), LINK_AGE
    except LCSUnavailable:
        return ("unavailable", "LCS does not answer."), FAILURE_AGE
    except LCSRefused as refusal:
        if str(refusal) in REFUSALS:
            return ("refused", str(refusal)), REFUSAL_AGE
        return ("refused", "error: LCS does not accept your sign-in any more: sign in again."), FAILURE_AGE


def _wait(key: str) -> Answer:
    """Return the answer that another request is waiting for. This takes a slot, too."""
    take_slot()
    try:
        deadline = time.monotonic() + settings.LCS_TIMEOUT
        while time.monotonic() < deadline:
            time.sleep(0.05)
            answer: Answer | None = cache.get(key)
            if answer:
                return answer
    finally:
        slots.release()
    raise LCSUnavailable("LCS does not answer.")


def cached_links(email: str, others: Iterable[str]) -> list[str]:
    """Return the keys of the cached answers between this person and the others, whoever of the two asked."""
    keys = [cache_key("slack", *pair) for other in others for pair in ((email, other), (other, email))]
    batches = [keys[start : start + KEYS_AT_ONCE] for start in range(0, len(keys), KEYS_AT_ONCE)]
    return [key for batch in batches for key in cache.get_many(batch)]
