"""Queries over tickets, their history and feedback: who sees which, their order, the limits, and how a new one comes in."""

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.conf import settings
from django.db import connection, models, transaction
from django.db.models import Avg, Count, F, Max, Sum
from django.utils import timezone

from mentorq.db.compiled import CompiledQuery
from mentorq.db.locks import lock
from mentorq_backend.columns import ROW
from mentorq_backend.exceptions import LimitReached, MoveNotAllowed, RateExceeded
from mentorq_backend.live.revisions import count_change, step
from mentorq_backend.moves import Status
from mentorq_users.models import User

if TYPE_CHECKING:
    from mentorq_backend.models import Feedback, Ticket, TicketEvent

MIDDLE_RATING = 2.75
PRIOR_RATINGS = 5
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
STAFF_MAY_DO = 10  # times as much in an hour as everybody else


class TicketQuerySet(models.QuerySet["Ticket"]):
    """Tickets: who sees which, newest first, the limit of open ones, a new one with its history."""

    def update(self, **columns: Any) -> int:
        """Set the columns and return how many rows there were; the `version` of each goes up."""
        with transaction.atomic(savepoint=False):
            changed = super().update(**{"version": F("version") + step(), **columns})
            if changed:
                count_change()
        return changed

    def bulk_create(self, objs: Any, *args: Any, **kwargs: Any) -> list["Ticket"]:
        """Insert the tickets in one statement and count the change."""
        tickets = list(objs)
        for ticket in tickets:
            ticket.enter_queue()
        with transaction.atomic(savepoint=False):
            count_change()
            return super().bulk_create(tickets, *args, **kwargs)

    def visible_to(self, user: User) -> "TicketQuerySet":
        """Return what that person may see: mentors, organizers and directors everything, everyone else their own."""
        return self.all() if user.sees_every_ticket else self.filter(owner_email=user.email)

    def rows(self) -> "models.QuerySet[Ticket, tuple[Any, ...]]":
        """Return the columns of `columns.ROW`, without making model instances of them."""
        return self.values_list(*ROW)

    def with_feedback(self) -> "TicketQuerySet":
        """Read each ticket's feedback with it, in one query."""
        return self.select_related("feedback")

    def newest_first(self) -> "TicketQuerySet":
        """Return them in the order in which everybody reads them."""
        return self.order_by("-created", "-id")

    def check_limit(self, owner_email: str, *, reopening: "Ticket | None" = None) -> None:
        """Raise LimitReached where one more open ticket would be too many; call it inside the transaction that adds it."""
        lock(f"open tickets of {owner_email}")
        if self.filter(owner_email=owner_email, status=Status.OPEN).count() >= settings.TICKETS_MAX_OPEN:
            raise LimitReached(
                f"Nobody has more than {settings.TICKETS_MAX_OPEN} open tickets: cancel one, or wait for a mentor.",
                ticket=reopening,
            )

    @transaction.atomic
    def get_or_record(self, *, by: User, status: str = Status.OPEN, **fields: Any) -> tuple["Ticket", bool]:
        """Return a new ticket and True, or the ticket that was asked for already and False; raises as `record` does.

        The answer to a request may be lost, and the button be pressed again.
        """
        one_at_a_time(by)
        lock(f"open tickets of {fields['owner_email']}")
        first = self._of_the_same_words(**fields) if status == Status.OPEN else None
        return (first, False) if first else (self.record(by=by, status=status, **fields), True)

    def _of_the_same_words(
        self, *, owner_email: str, title: str, location: str, comment: str = "", contact: str = "", **other: Any
    ) -> "Ticket | None":
        """Return that owner's first ticket that has these words, was opened within a minute and is still open."""
        same = self.filter(owner_email=owner_email, title=title, location=location, comment=comment, contact=contact)
        return same.filter(status=Status.OPEN, created__gt=timezone.now() - MINUTE).order_by("id").first()

    @transaction.atomic
    def record(
        self, *, by: User, status: str = Status.OPEN, mentor_email: str = "", mentor: str = "", **fields: Any
    ) -> "Ticket":
        """Return a new ticket with its first history row; raises MoveNotAllowed, LimitReached, RateExceeded.

        Any other status than OPEN records help already given: it has its instants, but no waiting time.
        """
        ticket = self.model(**fields)
        ticket.owner = ticket.owner or User.objects.name_of(ticket.owner_email, by=by)
        one_at_a_time(by)
        if status == Status.OPEN:
            self.check_limit(ticket.owner_email)
        else:
            ticket.set_recorded_status(status, by=by, mentor_email=mentor_email, mentor=mentor)
        ticket.save(force_insert=True)
        ticket.has_feedback = False
        ticket.add_event(by, ticket.created, "", {"status": status})
        return ticket


class TicketEventQuerySet(models.QuerySet["TicketEvent"]):
    """The history of tickets: how much one person did in the last hour."""

    def check_rate(self, by: User, *, opening: bool) -> None:
        """Raise RateExceeded if that person has opened, or moved, more tickets in the last hour than one may.

        Call it after the history row is written, in its transaction and after `one_at_a_time`.
        """
        most = (settings.TICKETS_PER_HOUR if opening else settings.MOVES_PER_HOUR) * (STAFF_MAY_DO if by.is_staff else 1)
        since = timezone.now() - HOUR
        counts = DONE[opening](by.email, connection.ops.adapt_datetimefield_value(since))
        if counts and counts[0][0] > most:
            # The oldest of those that count; it is followed by `most` later ones, of which the last is undone now.
            oldest: TicketEvent = self.done_by(by.email, opening).order_by("-at")[most]
            raise RateExceeded(most, opening=opening, wait=(oldest.at - since).total_seconds())

    def done_by(self, email: Any, opening: bool) -> "TicketEventQuerySet":
        """Return what that person did here: openings, or moves; neither corrections nor what a file brought."""
        done = self.filter(by=email, counts=True)
        return done.filter(from_status="") if opening else done.exclude(from_status="")


def one_at_a_time(by: User) -> None:
    """Let one request of that person at a time open or move tickets; held until the transaction ends.

    Call it before any row is written: else each of two requests could hold the row that the other one waits for.
    """
    lock(f"work of {by.email}")


def _count_done(opening: bool, email: Any, since: Any) -> "models.QuerySet[TicketEvent, Any]":
    events: TicketEventQuerySet = apps.get_model("mentorq_backend", "TicketEvent").objects.all()
    return events.done_by(email, opening).filter(at__gt=since).values("by").values_list(Count("pk"))


# Compiled, because every move asks it: uncompiled it is a sixth of a claim (November 2026).
DONE = {opening: CompiledQuery(partial(_count_done, opening), 2) for opening in (True, False)}


class FeedbackQuerySet(models.QuerySet["Feedback"]):
    """Feedback: who sees which, giving it, and the leaderboard made of it."""

    def visible_to(self, user: User) -> "FeedbackQuerySet":
        """Return what that person may see: directors everything, everyone else what they gave."""
        return self if user.sees_all_feedback else self.filter(ticket__owner_email=user.email)

    @transaction.atomic
    def give(self, ticket: "Ticket", *, rating: float, comments: str = "") -> "Feedback":
        """Return new feedback for the mentor whom the ticket has now.

        Raises MoveNotAllowed unless it is closed and has one, IntegrityError where it has feedback already.
        """
        # Nothing but the version changes: the ticket shows the feedback's URL from now on.
        rateable = type(ticket).objects.filter(pk=ticket.pk, status=Status.CLOSED, mentor_email=ticket.mentor_email)
        if ticket.mentor_email in ("", ticket.owner_email) or not rateable.update():
            raise MoveNotAllowed("Only a closed ticket that a mentor helped with can be rated.")
        mentor = {"mentor": ticket.mentor, "mentor_email": ticket.mentor_email}
        return self.create(ticket=ticket, rating=rating, comments=comments, **mentor)

    def leaderboard(self) -> Any:
        """Return rows `{"mentor_email", "name", "average_rating", "ratings", "smoothed"}` by mentor, best first.

        The order is by a Bayesian average (https://en.wikipedia.org/wiki/Bayesian_average): as if everybody had
        PRIOR_RATINGS ratings in the middle of the scale besides, so that one five does not outrank forty good ones.
        """
        ratings = Count("pk")
        smoothed = (Sum("rating") + PRIOR_RATINGS * MIDDLE_RATING) / (ratings + PRIOR_RATINGS)
        people = self.values("mentor_email").annotate(
            name=Max("mentor"), average_rating=Avg("rating"), ratings=ratings, smoothed=smoothed
        )
        return people.order_by("-smoothed", "-ratings", "mentor_email")
