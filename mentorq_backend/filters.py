"""Which tickets a query string asks for; anything it gets wrong is a 400, anything empty is not asked for."""

from typing import Any

from django.db.models import F
from django.forms import SelectMultiple
from django_filters import rest_framework as filters

from mentorq_backend.models import Ticket, TicketQuerySet
from mentorq_backend.moves import Status
from mentorq_users.emails import normalize_email


class CreatedFilter(filters.FilterSet):
    """Tickets of one event: `created_after` is inclusive, `created_before` exclusive, both ISO 8601, by default in UTC."""

    created_after = filters.IsoDateTimeFilter(field_name="created", lookup_expr="gte")
    created_before = filters.IsoDateTimeFilter(field_name="created", lookup_expr="lt")

    class Meta:
        model = Ticket
        fields: list[str] = []


class CommaSeparated(SelectMultiple):
    """Takes a parameter that is repeated, comma-separated, or both."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[str]:
        return [item for text in data.getlist(name) for item in text.split(",") if item]


class EmailFilter(filters.CharFilter):
    """Compares addresses as they are stored."""

    def filter(self, queryset: TicketQuerySet, value: str | None) -> TicketQuerySet:
        return queryset.filter(**{self.field_name: normalize_email(value)}) if value else queryset


class OrderingFilter(filters.OrderingFilter):
    """Orders by the given fields, what has no value last on every database, and among equals the newest first."""

    def filter(self, queryset: TicketQuerySet, value: list[str] | None) -> TicketQuerySet:
        if not value:
            return queryset
        columns = [
            F(name[1:]).desc(nulls_last=True) if name.startswith("-") else F(name).asc(nulls_last=True) for name in value
        ]
        return queryset.order_by(*columns, "-created", "-id")


class TicketFilter(CreatedFilter):
    """What the queue is looked at by; the filters combine."""

    status = filters.MultipleChoiceFilter(choices=Status.choices, widget=CommaSeparated)
    mentor_email = EmailFilter()
    owner_email = EmailFilter()
    active = filters.TypedChoiceFilter(choices=[("true", "true"), ("false", "false")], coerce=lambda text: text == "true")
    ordering = OrderingFilter(
        fields=["id", "created", "claimed_datetime", "closed_datetime", "status", "title", "location"]
    )
