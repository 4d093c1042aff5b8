"""Writes notices, in the transaction of what they tell. If it is rolled back, nobody is told."""

import copy
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from mentorq_backend.columns import Representation
from mentorq_backend.moves import Status
from mentorq_backend.notices.models import TEST, Happening, Notice, Webhook

if TYPE_CHECKING:
    from mentorq_backend.events.models import Event
    from mentorq_backend.models import Ticket
    from mentorq_backend.querysets import TicketQuerySet

# By the status before and after a move; a new ticket has none before. Other moves are told by where they lead.
HAPPENINGS: dict[tuple[str, str], str] = {
    ("", Status.OPEN): Happening.OPENED,
    (Status.CLAIMED, Status.OPEN): Happening.RELEASED,
    (Status.CLOSED, Status.OPEN): Happening.REOPENED,
    (Status.CANCELLED, Status.OPEN): Happening.REOPENED,
}


def tell_of_move(ticket: "Ticket", by: str, at: datetime, from_status: str, changes: dict[str, Any]) -> None:
    """Tell of a move whose history row is written. A correction tells nobody."""
    to = changes["status"]
    if from_status == to and changes.get("mentor_email", ticket.mentor_email) == ticket.mentor_email:
        return
    moved = copy.copy(ticket)
    moved.set_columns(changes)
    tell(HAPPENINGS.get((from_status, to), to.lower()), moved, by, at)


def tell(happening: str, ticket: "Ticket", by: str, at: datetime) -> None:
    """Write a notice of this ticket, as it is now, for each webhook that wants to know."""
    wanting = [webhook for webhook in Webhook.objects.to_tell() if _may_want(webhook, happening, ticket)]
    if not wanting:
        return
    others = _others_waiting(ticket)
    told = [hook for hook in wanting if happening in hook.tells or others == 0]
    _write(told, happening, at, _payload(ticket, by, others), ticket=ticket)


def tell_message(event: "Event") -> None:
    """Tell that the event's message has changed."""
    payload = {"by": "", "event": {"id": event.pk, "name": event.name, "message": event.message}}
    told = [webhook for webhook in Webhook.objects.to_tell() if Happening.MESSAGE in webhook.tells]
    _write(told, Happening.MESSAGE, timezone.now(), payload)


def tell_test(webhook: Webhook) -> None:
    """Send something to see whether it arrives, also while the webhook is off."""
    with transaction.atomic():
        still_there = Webhook.objects.select_for_update().filter(pk=webhook.pk)
        _write(still_there, TEST, timezone.now(), {"by": ""})


def tell_waiting(tickets: "TicketQuerySet") -> int:
    """Tell each webhook once of these tickets that are open for longer than it allows; return the number of notices."""
    now = timezone.now()
    telling = [webhook for webhook in Webhook.objects.filter(is_on=True) if Happening.WAITING in webhook.tells]
    return sum(_tell_waiting(webhook, tickets, now) for webhook in telling)


def _tell_waiting(webhook: Webhook, tickets: "TicketQuerySet", now: datetime) -> int:
    told = Notice.objects.filter(webhook=webhook, ticket=OuterRef("pk"), since=OuterRef("moved"))
    late = tickets.filter(~Exists(told), status=Status.OPEN, moved__lte=now - timedelta(minutes=webhook.minutes or 0))
    wanted = [ticket.pk for ticket in late if _may_want(webhook, Happening.WAITING, ticket)]
    if not wanted:  # the usual round: nothing to lock
        return 0
    with transaction.atomic():
        if webhook not in list(Webhook.objects.to_tell()):
            return 0
        # Locked: otherwise somebody hears that a ticket waits after they heard that it was claimed.
        still = late.filter(pk__in=wanted).order_by("moved", "pk").select_for_update(skip_locked=True, of=("self",))
        return sum(_write_waiting(webhook, ticket, now) for ticket in still)


def _write_waiting(webhook: Webhook, ticket: "Ticket", now: datetime) -> int:
    payload = _payload(ticket, "", _others_waiting(ticket))
    _write([webhook], Happening.WAITING, now, payload, ticket=ticket, since=ticket.moved)
    return 1


def _may_want(webhook: Webhook, happening: str, ticket: "Ticket") -> bool:
    """Return whether the webhook wants to know, if nobody else waits."""
    also = [Happening.FIRST] if happening == Happening.OPENED else []
    return any(webhook.wants(each, ticket.title, ticket.comment) for each in [happening, *also])


def _others_waiting(ticket: "Ticket") -> int:
    return type(ticket).objects.filter(status=Status.OPEN).exclude(pk=ticket.pk).count()


def _payload(ticket: "Ticket", by: str, others: int) -> dict[str, Any]:
    """Return the ticket as mentors see it, and how many wait. Its `url` is a path: no request says what our host is."""
    shown = copy.copy(ticket)
    shown.has_feedback = False
    waiting = others + (ticket.status == Status.OPEN)
    return {"by": by, "ticket": Representation(None, None)(shown.row), "waiting": waiting}


def _write(webhooks: Iterable[Webhook], happening: str, at: datetime, payload: dict[str, Any], **columns: Any) -> None:
    now = timezone.now()
    notices = [
        Notice(webhook=webhook, happening=happening, at=at, payload=payload, next_attempt=now, **columns)
        for webhook in webhooks
    ]
    # Another upkeep may have told of a waiting ticket since this one looked.
    Notice.objects.bulk_create(notices, ignore_conflicts="since" in columns)
