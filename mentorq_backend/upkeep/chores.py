"""What nobody asks for: forgotten tickets and claims, the end of an event, and what has expired."""

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from django.contrib.sessions.models import Session
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from mentorq_backend.events.models import Event
from mentorq_backend.events.schedule import current, of_event
from mentorq_backend.exceptions import TicketConflict
from mentorq_backend.models import Notice, Ticket, TicketEvent
from mentorq_backend.moves import SERVER, Status
from mentorq_backend.notices import outbox
from mentorq_backend.notices.models import Webhook
from mentorq_backend.querysets import TicketQuerySet
from mentorq_users.models import RevokedToken, SignInTries, User

logger = logging.getLogger(__name__)

NOTICES_KEPT = timedelta(days=7)


def tend_tickets() -> Counter[str]:
    """Expire, return and end what is due; return how many were `expired`, `returned` and `ended`.

    Receivers hear that a ticket waits before they hear that it expired.
    """
    outbox.tell_waiting(Ticket.objects.all())
    now = timezone.now()
    counts: Counter[str] = Counter()
    for event in current().events:
        tickets = Ticket.objects.filter(of_event(event))
        for what, due, to, note in _due(event, tickets, now):
            counts[what] += sum(_move(ticket, to, note) for ticket in due)
    return counts


def _due(event: Event, tickets: TicketQuerySet, now: datetime) -> Iterator[tuple[str, TicketQuerySet, str, str]]:
    """Yield what happens to which tickets, their next status, and why."""
    minutes, ends = event.expire_after, event.closes or event.next_opens
    if ends and event.cancel_after is not None and ends + timedelta(minutes=event.cancel_after) <= now:
        due = tickets.waiting().exclude(_opened_by_staff(now, event.cancel_after))
        yield "ended", due, Status.CANCELLED, f"ended {event.cancel_after} min after {event}"
    if minutes:
        due = tickets.waiting().filter(moved__lte=now - timedelta(minutes=minutes))
        yield "expired", due, Status.CANCELLED, f"expired after {minutes} min"
    minutes = event.return_claims_after
    if minutes:
        due = tickets.filter(status=Status.CLAIMED, moved__lte=now - timedelta(minutes=minutes)).order_by("moved", "pk")
        yield "returned", due, Status.OPEN, f"returned after {minutes} min"


def _opened_by_staff(now: datetime, minutes: int) -> Exists:
    """Organizers may open and reopen after the end. Such a ticket has so many minutes from then."""
    staff = User.objects.filter(Q(is_organizer=True) | Q(is_director=True) | Q(is_superuser=True)).values("email")
    since = now - timedelta(minutes=minutes)
    return Exists(TicketEvent.objects.filter(ticket=OuterRef("pk"), at=OuterRef("moved"), at__gt=since, by__in=staff))


def _move(ticket: Ticket, to: str, note: str) -> bool:
    """Return whether this process has moved it. If somebody was faster, theirs counts."""
    try:
        moved = ticket.move(to, by=SERVER, note=note)
    except TicketConflict:
        return False
    if moved:
        logger.info("Ticket %s: %s", ticket.pk, note)
    return moved


def delete_expired() -> None:
    """Delete sessions, sign-in attempts, revoked tokens and old notices; encrypt webhooks with the newest key."""
    now = timezone.now()
    expired: dict[str, Callable[[], int]] = {
        "sessions": lambda: _delete(Session.objects.filter(expire_date__lt=now)),
        "sign-in attempts": lambda: _delete(SignInTries.objects.filter(ends_at__lte=now.timestamp())),
        "revoked tokens": lambda: _delete(RevokedToken.objects.filter(expires_at__lt=now)),
        "notices": lambda: Notice.objects.forget(now - NOTICES_KEPT),
    }
    for name, delete in expired.items():
        count = delete()
        if count:
            logger.info("Deleted: %s %s", count, name)
    renewed = Webhook.objects.all().renew_encryption()
    if renewed:
        logger.info("Encrypted with the newest key: %s webhooks", renewed)


def _delete(rows: QuerySet[Any]) -> int:
    """Delete rows if there are any: even deleting nothing would make SQLite's writers wait."""
    return rows.delete()[0] if rows.exists() else 0
