"""The tickets that every request asks for, compiled once: to put these queries together costs more than to run them."""

from collections.abc import Callable
from typing import Any

from django.db.models import Count, Max, QuerySet, Sum

from mentorq.db.compiled import Prepared
from mentorq_backend.live.revisions import Revision
from mentorq_backend.models import Feedback, Ticket
from mentorq_backend.querysets import TicketQuerySet
from mentorq_users.models import User

COLUMNS = [field.attname for field in Ticket._meta.concrete_fields]
MOST_DIGITS = 18


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
    return user.typed != user.email or (not user.is_director and bool(OWN_FEEDBACK(user.email)))


def newest_rows(user: User) -> list[tuple[Any, ...]]:
    """Return the rows (`TicketQuerySet.rows()`) of all tickets that person may see, newest first."""
    return NEWEST[user.sees_every_ticket](user.email)


def ticket(pk: str, user: User) -> Ticket:
    """Return that ticket; raises Ticket.DoesNotExist where there is none that the person may see."""
    # More digits than any ticket has are no number to a database, and many more none to Python.
    rows = ONE[user.sees_every_ticket](user.email, int(pk)) if len(pk) <= MOST_DIGITS else []
    if not rows:
        raise Ticket.DoesNotExist
    *columns, feedback = rows[0]
    found = Ticket.from_db(Ticket.objects.db, COLUMNS, columns)
    found.rated = feedback is not None
    return found


def _for_both(build: Callable[..., QuerySet[Any, Any]], values: int) -> dict[bool, Prepared]:
    """Return the query twice: for who sees every ticket, and for everybody else by their e-mail, the first value."""

    def everything(email: Any, *others: Any) -> QuerySet[Any, Any]:
        return build(Ticket.objects.visible_to(User(is_mentor=True)), *others)

    def own(email: Any, *others: Any) -> QuerySet[Any, Any]:
        return build(Ticket.objects.visible_to(User(email=email)), *others)

    return {True: Prepared(everything, values), False: Prepared(own, values)}


def _newest(tickets: TicketQuerySet) -> QuerySet[Any, Any]:
    return tickets.newest_first().rows()


def _one(tickets: TicketQuerySet, pk: Any) -> QuerySet[Any, Any]:
    return tickets.filter(pk=pk).values_list(*COLUMNS, "feedback__pk")


def _changes(email: Any) -> QuerySet[Any, Any]:
    changes = Ticket.objects.visible_to(User(email=email)).values("owner_email")
    return changes.values_list(Count("pk"), Sum("version"), Max("pk"))


def _feedback(email: Any) -> QuerySet[Any, Any]:
    return Feedback.objects.filter(ticket__owner_email=email).values_list("pk")[:1]


OWN_CHANGES, OWN_FEEDBACK = Prepared(_changes, 1), Prepared(_feedback, 1)
NEWEST, ONE = _for_both(_newest, 1), _for_both(_one, 2)
