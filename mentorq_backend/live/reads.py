"""What every poll reads, compiled once (`mentorq/db/compiled.py` has the figure)."""

from typing import Any

from django.db.models import Count, Max, QuerySet, Sum

from mentorq.db.compiled import CompiledQuery
from mentorq_backend.live.revisions import Revision
from mentorq_backend.models import Feedback, Ticket
from mentorq_users.models import User


def fingerprint(user: User, request: Any) -> str:
    """Return a text that any committed change of what that person may see alters, in whatever order transactions commit.

    Changes only ever add to the counters, and no ticket is deleted, so neither sum can come back to what it was. The
    steps are random, so that it does not come back after a restore either. It is taken over all that they may see, not
    over what a filter leaves: tickets that change places could cancel out.
    It stays with the request: the middleware takes it, the view needs it, and the earlier one is as good.
    """
    request = getattr(request, "_request", request)
    if not hasattr(request, "fingerprint"):
        seen = Revision.objects.total() if user.sees_every_ticket else OWN_CHANGES(user.email)
        request.fingerprint = f"{user.sees_every_ticket} {seen}"
    return str(request.fingerprint)


def is_shown_otherwise(user: User) -> bool:
    """Return whether that person, who sees every ticket, sees the list otherwise than the others who do.

    They see their own address as they typed it, and the feedback that they gave; directors see all feedback anyway.
    """
    return user.typed != user.email or (not user.sees_all_feedback and bool(OWN_FEEDBACK(user.email)))


def newest_rows(user: User) -> list[tuple[Any, ...]]:
    """Return the rows (`TicketQuerySet.rows()`) of all tickets that person may see, newest first."""
    return NEWEST[user.sees_every_ticket](user.email)


def _newest(email: Any) -> QuerySet[Any, Any]:
    return Ticket.objects.visible_to(User(email=email)).newest_first().rows()


def _newest_of_all(email: Any) -> QuerySet[Any, Any]:
    return Ticket.objects.newest_first().rows()


def _changes(email: Any) -> QuerySet[Any, Any]:
    changes = Ticket.objects.visible_to(User(email=email)).values("owner_email")
    return changes.values_list(Count("pk"), Sum("version"), Max("pk"))


def _feedback(email: Any) -> QuerySet[Any, Any]:
    return Feedback.objects.filter(ticket__owner_email=email).values_list("pk")[:1]


OWN_CHANGES, OWN_FEEDBACK = CompiledQuery(_changes, 1), CompiledQuery(_feedback, 1)
# For whoever sees every ticket, and for everybody else.
NEWEST = {True: CompiledQuery(_newest_of_all, 1), False: CompiledQuery(_newest, 1)}
