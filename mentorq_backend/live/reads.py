"""The queries of a poll, compiled once (`mentorq/db/compiled.py` has the figure)."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Count, Max, QuerySet, Sum
from django.http import HttpRequest
from rest_framework.request import Request

from mentorq.api.request_state import state_of
from mentorq.db.compiled import CompiledQuery
from mentorq_backend.events.schedule import Schedule, schedule_of
from mentorq_backend.live.revisions import Revision
from mentorq_backend.models import Feedback, Ticket
from mentorq_users.models import User


def fingerprint(user: User, request: HttpRequest | Request) -> str:
    """Return a text that changes with every committed change of what this person may see.

    Changes only add to the counters, in any order of commits, and tickets are never deleted, so no sum repeats. Random
    steps keep it from repeating after a restore. It covers all that they may see: under a filter, tickets that change
    places could cancel out. It is read once per request: the middleware keeps it for the view.
    """
    state = state_of(request)
    if state.fingerprint is None:
        changes = Revision.objects.total() if user.sees_every_ticket else OWN_CHANGES(user.email)
        events, present = schedule_of(request), ""
        if events.events:
            event = events.present(state.began)
            present = f" {events.version} {event and event.pk}"
        state.fingerprint = f"{user.sees_every_ticket} {changes}{present}"
    return state.fingerprint


def own_changes(emails: Collection[str]) -> dict[str, str]:
    """Return, for each owner, a text that changes with every committed change of their tickets and ratings."""
    changes = Ticket.objects.filter(owner_email__in=emails).values("owner_email").order_by()
    rows = changes.values_list("owner_email", Count("pk"), Sum("version"), Max("pk"))
    return {email: " ".join(map(str, numbers)) for email, *numbers in rows}


def sees_own_list(user: User) -> bool:
    """Return whether somebody who sees every ticket still sees another list than the others.

    They see their own address as they typed it, and the feedback that they gave. Directors see all feedback anyway.
    """
    return user.typed != user.email or (not user.sees_all_feedback and bool(OWN_FEEDBACK(user.email)))


def newest_rows(user: User, events: Schedule, at: datetime) -> list[tuple[Any, ...]]:
    """Return the rows of the present event's list, for somebody who sees every ticket or for an owner."""
    event = events.present(at)
    if event is None:
        return NEWEST[user.sees_every_ticket](user.email)
    return NEWEST_OF_EVENT[user.sees_every_ticket](connection.ops.adapt_datetimefield_value(event.opens), user.email)


def _newest(email: Any) -> QuerySet[Any, Any]:
    return Ticket.objects.visible_to(User(email=email)).newest_first().rows()


def _newest_of_all(email: Any) -> QuerySet[Any, Any]:
    return Ticket.objects.newest_first().rows()


def _newest_of_event(opens: Any, email: Any) -> QuerySet[Any, Any]:
    return Ticket.objects.visible_to(User(email=email)).listed_since(opens).newest_first().rows()


def _newest_of_all_of_event(opens: Any, email: Any) -> QuerySet[Any, Any]:
    return Ticket.objects.listed_since(opens).newest_first().rows()


def _changes(email: Any) -> QuerySet[Any, Any]:
    changes = Ticket.objects.visible_to(User(email=email)).values("owner_email")
    return changes.values_list(Count("pk"), Sum("version"), Max("pk"))


def _feedback(email: Any) -> QuerySet[Any, Any]:
    return Feedback.objects.filter(ticket__owner_email=email).values_list("pk")[:1]


OWN_CHANGES, OWN_FEEDBACK = CompiledQuery(_changes, 1), CompiledQuery(_feedback, 1)
# By whether the person sees every ticket.
NEWEST = {True: CompiledQuery(_newest_of_all, 1), False: CompiledQuery(_newest, 1)}
NEWEST_OF_EVENT = {True: CompiledQuery(_newest_of_all_of_event, 2), False: CompiledQuery(_newest_of_event, 2)}
