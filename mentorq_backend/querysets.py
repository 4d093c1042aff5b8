"""Queries over tickets and feedback: who sees which, their order, the limit, and how a new one comes in."""

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models, transaction
from django.db.models import Avg, Count, F, Max, Sum

from mentorq.locks import lock
from mentorq_backend.exceptions import LimitReached, MoveNotAllowed
from mentorq_backend.moves import Status
from mentorq_backend.revisions import count_change
from mentorq_users.models import User

if TYPE_CHECKING:
    from mentorq_backend.models import Feedback, Ticket

MIDDLE_RATING = 2.75
PRIOR_RATINGS = 5
# What anybody is shown of a ticket; the last is feedback's id, None where there is none.
ROW = (
    "id", "owner_email", "owner", "title", "comment", "contact", "location", "status", "mentor", "mentor_email", "active",
    "created", "claimed_datetime", "closed_datetime", "feedback__pk",
)  # fmt: skip


class TicketQuerySet(models.QuerySet["Ticket"]):
    """Tickets: who sees which, newest first, the limit of open ones, a new one with its history."""

    def update(self, **columns: Any) -> int:
        """Set the columns and return how many rows there were; each counts one more change in its `version`."""
        with transaction.atomic(savepoint=False):
            changed = super().update(**{"version": F("version") + 1, **columns})
            if changed:
                count_change()
        return changed

    def bulk_create(self, objs: Any, *args: Any, **kwargs: Any) -> list["Ticket"]:
        """Insert the tickets in one statement and count the change."""
        with transaction.atomic(savepoint=False):
            count_change()
            return super().bulk_create(objs, *args, **kwargs)

    def visible_to(self, user: User) -> "TicketQuerySet":
        """Return what that person may see: mentors, organizers and directors everything, everyone else their own."""
        return self.all() if user.sees_every_ticket else self.filter(owner_email=user.email)

    def rows(self) -> "models.QuerySet[Ticket, tuple[Any, ...]]":
        """Return ROW's columns of each ticket, without making model instances of them."""
        return self.values_list(*ROW)

    def newest_first(self) -> "TicketQuerySet":
        """Return them in the order in which everybody reads them."""
        return self.order_by("-created", "-id")

    def check_limit(self, owner_email: str, *, reopening: "Ticket | None" = None) -> None:
        """Raise LimitReached where one more open ticket would be too many; call it inside the transaction that adds it."""
        lock(f"open tickets of {owner_email}")
        if self.filter(owner_email=owner_email, status=Status.OPEN).count() >= settings.TICKETS_MAX_OPEN:
            raise LimitReached(
                f"{owner_email} has {settings.TICKETS_MAX_OPEN} open tickets already: cancel one, or wait for a mentor.",
                ticket=reopening,
            )

    @transaction.atomic
    def record(
        self, *, by: User, status: str = Status.OPEN, mentor_email: str = "", mentor: str = "", **fields: Any
    ) -> "Ticket":
        """Return a new ticket with its first history row; raises LimitReached, MoveNotAllowed.

        Any other status than OPEN records help already given: it has its instants, but no waiting time.
        """
        ticket = self.model(**fields)
        ticket.owner = ticket.owner or User.objects.name_of(ticket.owner_email, by=by)
        if status == Status.OPEN:
            self.check_limit(ticket.owner_email)
        else:
            ticket.become(status, by=by, mentor_email=mentor_email, mentor=mentor)
        ticket.save(force_insert=True)
        ticket.rated = False
        ticket.add_event(by, ticket.created, "", {"status": status})
        return ticket


class FeedbackQuerySet(models.QuerySet["Feedback"]):
    """Feedback: who sees which, giving it, and the leaderboard made of it."""

    def visible_to(self, user: User) -> "FeedbackQuerySet":
        """Return what that person may see: directors everything, everyone else what they gave."""
        return self if user.is_director else self.filter(ticket__owner_email=user.email)

    @transaction.atomic
    def give(self, ticket: "Ticket", *, rating: float, comments: str = "") -> "Feedback":
        """Return new feedback for the mentor whom the ticket has now.

        Raises MoveNotAllowed unless it is closed and has one, IntegrityError where it has feedback already.
        """
        # Nothing but the version changes: the ticket shows the feedback's URL from now on.
        rateable = type(ticket).objects.filter(pk=ticket.pk, status=Status.CLOSED, mentor_email=ticket.mentor_email)
        if not ticket.mentor_email or not rateable.update():
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
