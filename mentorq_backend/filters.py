"""Filters of the query string. Empty filters are ignored; invalid ones return 400.

A filter depends neither on the caller nor on the time: `live/shared.py` builds a list once for everybody, and its ETag
changes only with the tickets.
"""

from typing import Any, ClassVar, NoReturn

from django.core.exceptions import ValidationError
from django.db.models import F
from django.forms import CharField, Form, MultipleChoiceField, SelectMultiple
from django_filters import rest_framework as filters
from django_filters.fields import BaseCSVField, IsoDateTimeField
from drf_spectacular.utils import extend_schema_field
from rest_framework import exceptions
from rest_framework.filters import SearchFilter
from rest_framework.request import Request

from mentorq.api.instants import in_utc
from mentorq.api.pagination import GIVE_IT_ONCE, single_parameter
from mentorq.api.texts import SEARCH_LENGTH, SEARCH_WORDS
from mentorq_backend.models import Ticket
from mentorq_backend.moves import Status
from mentorq_backend.querysets import TicketQuerySet
from mentorq_users.emails import normalize_email


class InstantField(IsoDateTimeField):
    """An instant that exists in UTC as well: `0001-01-01T00:00+14:00` does not."""

    default_error_messages: ClassVar = {"invalid": "Give an instant in ISO 8601, such as 2026-02-14T23:05:00Z."}

    def clean(self, value: Any) -> Any:
        try:
            instant = super().clean(value)
            return instant and in_utc(instant)
        except OverflowError as error:
            raise ValidationError(self.error_messages["invalid"], code="invalid") from error


class InstantFilter(filters.IsoDateTimeFilter):
    """Compares instants."""

    field_class = InstantField


class TicketSearchFilter(SearchFilter):
    """Every word scans the texts of all tickets, so their number is limited."""

    def get_search_terms(self, request: Request) -> list[str]:
        text = single_parameter(request, self.search_param) or ""
        if len(text) > SEARCH_LENGTH:
            self._refuse(f"At most {SEARCH_LENGTH} characters, please.")
        if "\0" in text:
            self._refuse("No null characters, please.")
        terms = list(super().get_search_terms(request))
        if len(terms) > SEARCH_WORDS:
            self._refuse(f"At most {SEARCH_WORDS} words, please.")
        return terms

    def _refuse(self, reason: str) -> NoReturn:
        raise exceptions.ValidationError({self.search_param: [reason]})

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        return [
            {
                **parameter,
                "description": f"At most {SEARCH_WORDS} words; each must occur in title, comment or location.",
                "schema": {"type": "string", "maxLength": SEARCH_LENGTH},
            }
            for parameter in super().get_schema_operation_parameters(view)
        ]


class SingleValueForm(Form):
    """Refuses a repeated parameter, except those that allow several choices."""

    def clean(self) -> dict[str, Any] | None:
        query: Any = self.data
        for name, field in self.fields.items():
            if len(query.getlist(name)) > 1 and not isinstance(field, MultipleChoiceField):
                self.add_error(name, GIVE_IT_ONCE)
        return super().clean()


class CreatedFilter(filters.FilterSet):
    """Tickets of one event: `created_after` is inclusive, `created_before` exclusive, both ISO 8601, by default in UTC."""

    created_after = InstantFilter(field_name="created", lookup_expr="gte", help_text="Inclusive.")
    created_before = InstantFilter(field_name="created", lookup_expr="lt", help_text="Exclusive.")

    class Meta:
        model = Ticket
        fields: list[str] = []
        form = SingleValueForm


class CommaSeparated(SelectMultiple):
    """Takes a parameter that is repeated, comma-separated, or both."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[str]:
        return [item for text in data.getlist(name) if text for item in text.split(",")]


class YesNoField(CharField):
    """Accepts true, false, 1 and 0. Django's own field guesses at anything else."""

    WORDS: ClassVar = {"true": True, "1": True, "false": False, "0": False}

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if text and text.lower() not in self.WORDS:
            raise ValidationError("Must be true or false.", code="invalid")
        return self.WORDS.get(text.lower())


@extend_schema_field(bool)
class YesNoFilter(filters.Filter):
    """Compares flags."""

    field_class = YesNoField


class EmailFilter(filters.CharFilter):
    """Compares addresses as they are stored."""

    def filter(self, queryset: TicketQuerySet, value: str | None) -> TicketQuerySet:
        return queryset.filter(**{self.field_name: normalize_email(value)}) if value else queryset


class CommaSeparatedField(BaseCSVField):
    """Refuses empty items. django-filter accepts `created,` and then orders by a column without a name."""

    def clean(self, value: Any) -> Any:
        if value and "" in value:
            raise ValidationError("There is an extra comma.", code="invalid")
        return super().clean(value)


class OrderingFilter(filters.OrderingFilter):
    """Puts empty values last on every database, and the newest first among equals."""

    base_field_class = CommaSeparatedField

    def filter(self, queryset: TicketQuerySet, value: list[str] | None) -> TicketQuerySet:
        if not value:
            return queryset
        columns = [
            F(name[1:]).desc(nulls_last=True) if name.startswith("-") else F(name).asc(nulls_last=True) for name in value
        ]
        return queryset.order_by(*columns, "-created", "-id")


class TicketFilter(CreatedFilter):
    """The filters of the queue; they combine."""

    status = filters.MultipleChoiceFilter(choices=Status.choices, widget=CommaSeparated)
    mentor_email = EmailFilter()
    owner_email = EmailFilter()
    active = YesNoFilter()
    ordering = OrderingFilter(
        fields=["id", "created", "claimed_datetime", "closed_datetime", "status", "title", "location"]
    )
