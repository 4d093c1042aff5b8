"""Tickets as JSON: serializers to read, open and move them, and for history and feedback."""

from typing import Any

from django.db import IntegrityError, transaction
from django.http import Http404
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.reverse import reverse

from mentorq.api.fields import BooleanField, LinesField, OneLineField
from mentorq_backend.columns import KEYS, Representation
from mentorq_backend.feedback.models import RATINGS
from mentorq_backend.models import Feedback, Ticket, TicketEvent
from mentorq_backend.moves import Status
from mentorq_users.emails import EmailField
from mentorq_users.models import User


class TicketRowsSerializer(serializers.ListSerializer[Any]):
    """A list of tickets from `TicketQuerySet.rows()`."""

    def to_representation(self, data: Any) -> list[dict[str, Any]]:
        return list(map(Representation(self.context["request"], self.context["viewer"]), data))


class TicketSerializer(serializers.HyperlinkedModelSerializer[Ticket]):
    """A ticket, as everybody sees who may see it."""

    created_datetime = serializers.DateTimeField(source="created", read_only=True, help_text="The same as `created`.")
    mentor_email = serializers.CharField(read_only=True, help_text="Empty if there is no mentor.")
    feedback = serializers.SerializerMethodField(help_text="The URL of its feedback, empty if there is none.")

    class Meta:
        model = Ticket
        fields = read_only_fields = KEYS
        list_serializer_class = TicketRowsSerializer

    def to_representation(self, instance: Ticket) -> dict[str, Any]:
        request = self.context["request"]
        return Representation(request, request.user)(instance.row)

    def get_feedback(self, ticket: Ticket) -> str:
        if not (ticket.has_feedback and self.context["request"].user.sees_feedback_of(ticket.owner_email)):
            return ""
        return reverse("feedback-detail", args=[ticket.pk], request=self.context["request"])


class TicketWriteSerializer(serializers.Serializer[Ticket]):
    """The base of the serializers that write: e-mails in lower case, and the whole ticket as the response."""

    status = serializers.ChoiceField(choices=Status.choices, required=False)
    mentor = OneLineField(required=False, allow_blank=True)
    mentor_email = EmailField(max_length=254, required=False, allow_blank=True)

    def to_representation(self, instance: Ticket) -> dict[str, Any]:
        return TicketSerializer(context=self.context).to_representation(instance)

    @property
    def user(self) -> User:
        user: User = self.context["request"].user
        return user


class TicketCreateSerializer(TicketWriteSerializer, serializers.ModelSerializer[Ticket]):
    """A new ticket, or (for organizers) a record of help already given."""

    owner_email = EmailField(max_length=254, required=False, help_text="By default the caller.")
    owner = OneLineField(required=False, allow_blank=True, help_text="The name to show; by default the owner's.")
    title = OneLineField()
    comment = LinesField(required=False, allow_blank=True, allow_null=True, help_text="`null` is ignored.")
    contact = OneLineField(required=False, allow_blank=True, allow_null=True, help_text="`null` is ignored.")
    location = OneLineField()

    class Meta:
        model = Ticket
        fields = [
            "owner_email", "owner", "title", "comment", "contact", "location", "status", "mentor", "mentor_email"
        ]  # fmt: skip

    def validate_status(self, status: str) -> str:
        """Raises ValidationError for any other status than OPEN, except from organizers."""
        if status != Status.OPEN and not self.user.is_staff:
            raise ValidationError("Only organizers and directors may record a ticket that is not OPEN: leave it out.")
        return status

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Add the owner's e-mail; raises PermissionDenied for somebody else's, except from organizers."""
        owner_email = attrs.setdefault("owner_email", self.user.email)
        if owner_email != self.user.email and not self.user.is_staff:
            raise PermissionDenied("Only organizers and directors may open a ticket for somebody else.")
        return attrs

    def create(self, validated_data: dict[str, Any]) -> Ticket:
        ticket, self.is_new = Ticket.objects.get_or_open(by=self.user, **validated_data)
        return ticket


class TicketMoveSerializer(TicketWriteSerializer):
    """A move of a ticket. Other fields are ignored."""

    # Declared, because deriving it from the model in every claim takes longer than the claim.
    active = BooleanField(required=False)

    def update(self, instance: Ticket, validated_data: dict[str, Any]) -> Ticket:
        if "active" not in validated_data:
            return self._move(instance, **validated_data)
        with transaction.atomic():
            active = validated_data.pop("active")
            self._move(instance, **validated_data).mark_active(active, by=self.user)
        return instance

    def _move(self, ticket: Ticket, status: str = "", mentor_email: str | None = None, mentor: str = "") -> Ticket:
        if status:
            ticket.move(status, by=self.user, mentor_email=mentor_email, mentor=mentor)
        elif mentor_email is not None:
            ticket.hand_over(by=self.user, mentor_email=mentor_email, mentor=mentor)
        elif mentor:
            ticket.rename_mentor(mentor, by=self.user)
        return ticket


class TicketEventSerializer(serializers.ModelSerializer[TicketEvent]):
    """One row of a ticket's history."""

    class Meta:
        model = TicketEvent
        fields = ["at", "by", "mentor_email", "note"]

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """`from` is a keyword of Python, so it cannot be declared as an attribute."""
        fields = super().get_fields()
        return {
            "at": fields["at"],
            "by": serializers.CharField(help_text="An e-mail, empty for the server itself."),
            "from": serializers.CharField(source="from_status", help_text="Empty at the creation."),
            "to": serializers.CharField(source="to_status"),
            "mentor_email": fields["mentor_email"],
            "note": fields["note"],
        }


@extend_schema_field({"type": "number", "minimum": 0.5, "maximum": 5, "multipleOf": 0.5})
class StarsField(serializers.Field[float, float, float, Any]):
    """A rating of 0.5 to 5 stars in halves, as a JSON number."""

    default_error_messages = {"invalid": "A number from 0.5 to 5, in halves, is needed here."}

    def to_internal_value(self, data: Any) -> float:
        """Raises ValidationError for anything else, even for a number in a string."""
        if isinstance(data, bool) or not isinstance(data, (int, float)) or data not in RATINGS:
            self.fail("invalid")
        return float(data)

    def to_representation(self, value: float) -> float:
        return value


class FeedbackSerializer(serializers.ModelSerializer[Feedback]):
    """The rating and comments of a ticket's owner."""

    ticket = serializers.IntegerField(
        source="ticket_id", min_value=1, help_text="The id of the ticket. It cannot be changed."
    )
    ticket_url = serializers.HyperlinkedRelatedField[Ticket](source="ticket", view_name="ticket-detail", read_only=True)
    rating = StarsField(help_text="0.5 to 5 stars, in halves.")
    comments = LinesField(required=False, allow_blank=True)

    class Meta:
        model = Feedback
        fields = ["ticket", "ticket_url", "rating", "comments"]

    def validate_ticket(self, ticket_id: int) -> int:
        """Keep the ticket; raises Http404 for somebody else's, even if other fields are invalid."""
        if self.instance is None:
            self.rated_ticket = get_object_or_404(Ticket, pk=ticket_id, owner_email=self.context["request"].user.email)
        return ticket_id

    def create(self, validated_data: dict[str, Any]) -> Feedback:
        del validated_data["ticket_id"]
        try:
            return Feedback.objects.give(self.rated_ticket, **validated_data)
        except IntegrityError as error:
            raise ValidationError({"ticket": ["The ticket has feedback already: change it with PATCH."]}) from error

    def update(self, instance: Feedback, validated_data: dict[str, Any]) -> Feedback:
        columns = {name: value for name, value in validated_data.items() if name != "ticket_id"}
        if not Feedback.objects.change(instance, **columns):
            raise Http404
        return instance


class LeaderboardSerializer(serializers.Serializer[dict[str, Any]]):
    """One mentor's place on the leaderboard."""

    mentor = serializers.EmailField(source="mentor_email")
    name = serializers.CharField()
    average_rating = serializers.FloatField()
    ratings = serializers.IntegerField(help_text="How many there are.")
