"""Filters of the list of tickets, and links that use them: a figure of the desk leads to what it counts."""

from collections.abc import Mapping
from typing import Any

from django.contrib import admin
from django.core.exceptions import SuspiciousOperation
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from mentorq_backend.events.schedule import current, of_event
from mentorq_backend.models import Ticket

BEFORE = "before"  # the present event


def tickets_at(range_: Mapping[str, str] | None = None, **query: Any) -> str:
    return f"{reverse('admin:mentorq_backend_ticket_changelist')}?{urlencode({**(range_ or {}), **query})}"


class PersonFilter(admin.SimpleListFilter):
    """Exactly one address. Only links choose it, so it is shown only while it is chosen."""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Raises SuspiciousOperation for a text that PostgreSQL would not compare."""
        email = request.GET.get(str(self.parameter_name), "")
        if "\0" in email:
            raise SuspiciousOperation("no link names this person")
        return [(email, email)] if email else []

    def queryset(self, request: HttpRequest, queryset: QuerySet[Ticket]) -> QuerySet[Ticket]:
        return queryset.filter(**{str(self.parameter_name): self.value()}) if self.value() else queryset


class OwnerFilter(PersonFilter):
    """The tickets of one owner."""

    title, parameter_name = "owner", "owner_email"


class MentorFilter(PersonFilter):
    """The tickets of one mentor."""

    title, parameter_name = "mentor", "mentor_email"


class EventFilter(admin.SimpleListFilter):
    """The tickets of one event, or those from before the present one."""

    title, parameter_name = "event", "event"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        self.schedule = current()
        before = [(BEFORE, "before the present one")] if self.schedule.present(timezone.now()) else []
        return [(str(event.pk), event.name) for event in reversed(self.schedule.events)] + before

    def queryset(self, request: HttpRequest, queryset: QuerySet[Ticket]) -> QuerySet[Ticket]:
        if not self.value():
            return queryset
        for event in self.schedule.events:
            if self.value() == str(event.pk):
                return queryset.filter(of_event(event))
        present = self.schedule.present(timezone.now())
        return queryset.filter(queued__lt=present.opens) if present and self.value() == BEFORE else queryset.none()


class CreatedFilter(admin.DateFieldListFilter):
    """The days of the desk's zone, which the title names."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.title = f"created, {timezone.get_current_timezone_name()}"
