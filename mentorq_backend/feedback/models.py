"""The owner's rating of the help, and the leaderboard of the mentors."""

from typing import TYPE_CHECKING, Any

from django.db import models, transaction
from django.db.models import Avg, Count, Max, Q, Sum
from django.utils import timezone

from mentorq.db.fields import LinesField, OneLineField
from mentorq_backend.erasing.person import Person
from mentorq_backend.exceptions import MoveNotAllowed
from mentorq_backend.moves import Status
from mentorq_backend.notices import outbox
from mentorq_users.models import User

if TYPE_CHECKING:
    from mentorq_backend.models import Ticket
    from mentorq_backend.querysets import TicketQuerySet

RATINGS = [halves / 2 for halves in range(1, 11)]
MIDDLE_RATING = 2.75
PRIOR_RATINGS = 5


class FeedbackQuerySet(models.QuerySet["Feedback"]):
    """Visibility of feedback, new feedback, and the leaderboard."""

    def visible_to(self, user: User) -> "FeedbackQuerySet":
        """Directors see all feedback, everyone else the feedback that they gave."""
        return self if user.sees_all_feedback else self.filter(ticket__owner_email=user.email)

    def on(self, tickets: "TicketQuerySet") -> "FeedbackQuerySet":
        """Return the feedback on these tickets. For all tickets it needs no join."""
        return self.filter(ticket__in=tickets) if tickets.query.where else self

    @transaction.atomic
    def give(self, ticket: "Ticket", *, rating: float, comments: str = "") -> "Feedback":
        """Create feedback for the current mentor of the ticket.

        Raises MoveNotAllowed unless the ticket is closed and has a mentor, IntegrityError if it has feedback already.
        """
        people = {"mentor_email": ticket.mentor_email, "owner_email": ticket.owner_email}
        rateable = type(ticket).objects.filter(pk=ticket.pk, status=Status.CLOSED, **people)
        if ticket.mentor_email in ("", ticket.owner_email) or not rateable.rate():
            raise MoveNotAllowed("Only a closed ticket with a mentor can be rated.")
        mentor = {"mentor": ticket.mentor, "mentor_email": ticket.mentor_email}
        feedback = self.create(ticket=ticket, rating=rating, comments=comments, **mentor)
        outbox.tell("rated", ticket, ticket.owner_email, feedback.created)
        return feedback

    @transaction.atomic
    def change(self, feedback: "Feedback", **columns: Any) -> bool:
        """Change only these columns: another request may change the others. Return False if the owner was erased."""
        owner_email = feedback.ticket.owner_email
        owned = type(feedback.ticket).objects.filter(pk=feedback.pk, owner_email=owner_email)
        if not owned.select_for_update().values_list("pk").first():
            return False
        for name, value in columns.items():
            setattr(feedback, name, value)
        feedback.save(update_fields=columns)
        return True

    def naming(self, person: Person) -> "FeedbackQuerySet":
        return self.filter(Q(ticket__owner_email=person.email) | Q(mentor_email=person.email))

    def erase(self, person: Person) -> None:
        """Replace the person. The stars stay."""
        self.filter(ticket__owner_email=person.email).update(comments="")
        self.filter(mentor_email=person.email).update(**person.as_mentor)

    def leaderboard(self) -> Any:
        """Return rows `{"mentor_email", "name", "average_rating", "ratings", "smoothed"}` by mentor, best first.

        The order is by a Bayesian average (https://en.wikipedia.org/wiki/Bayesian_average): everybody starts with
        PRIOR_RATINGS ratings in the middle of the scale, so that a single 5 does not outrank forty good ratings.
        """
        ratings = Count("pk")
        smoothed = (Sum("rating") + PRIOR_RATINGS * MIDDLE_RATING) / (ratings + PRIOR_RATINGS)
        people = self.values("mentor_email").annotate(
            name=Max("mentor"), average_rating=Avg("rating"), ratings=ratings, smoothed=smoothed
        )
        return people.order_by("-smoothed", "-ratings", "mentor_email")


class Feedback(models.Model):
    """The owner's rating of the help. It belongs to the mentor whom the ticket had at that time."""

    ticket = models.OneToOneField(
        "mentorq_backend.Ticket", on_delete=models.PROTECT, primary_key=True, related_name="feedback"
    )
    rating = models.FloatField(help_text="0.5 to 5 stars, in halves.")
    comments = LinesField(blank=True)
    mentor = OneLineField()
    mentor_email = models.EmailField()
    created = models.DateTimeField(default=timezone.now)

    objects = FeedbackQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "feedback"
        constraints = [models.CheckConstraint(name="feedback_rating_in_halves", condition=Q(rating__in=RATINGS))]

    def __str__(self) -> str:
        return f"{self.rating} stars for {self.mentor_email}"
