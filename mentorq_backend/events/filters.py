"""The filter `event`, and what lists and figures show without it."""

from typing import Any, cast

from django.db.models import QuerySet
from rest_framework.exceptions import ValidationError
from rest_framework.filters import BaseFilterBackend
from rest_framework.request import Request

from mentorq.api.ids import MOST_DIGITS
from mentorq.api.pagination import single_parameter
from mentorq_backend.events.models import Event
from mentorq_backend.events.schedule import began, of_event, schedule_of
from mentorq_backend.querysets import TicketQuerySet

ALL = "all"
FURTHER = ("created_after", "created_before")


class EventFilter(BaseFilterBackend):
    """Shows the tickets of the present event. `event`, `created_after` and `created_before` look further.

    A view with `lists_unfinished` also shows older tickets that are still open or claimed.
    """

    def filter_queryset(self, request: Request, queryset: QuerySet[Any, Any], view: Any) -> QuerySet[Any, Any]:
        chosen = single_parameter(request, "event") or ""
        if chosen == ALL or (not chosen and any(request.query_params.get(name) for name in FURTHER)):
            return queryset
        events = schedule_of(request)
        if chosen:
            return queryset.filter(of_event(self._event(chosen, events.find)))
        present = events.present(began(request))
        if present and getattr(view, "lists_unfinished", False):
            return cast("TicketQuerySet", queryset).listed_since(present.opens)
        return queryset.filter(events.tickets(began(request)))

    def _event(self, text: str, find: Any) -> Event:
        is_id = text.isascii() and text.isdecimal() and len(text) <= MOST_DIGITS
        event: Event | None = find(int(text)) if is_id else None
        if event is None:
            raise ValidationError({"event": [f"There is no such event: give the id of one, or `{ALL}`."]})
        return event

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        return [
            {
                "name": "event",
                "in": "query",
                "required": False,
                "description": f"The id of an event, or `{ALL}`. By default the present event.",
                "schema": {"type": "string", "pattern": f"^(|{ALL}|[0-9]+)$"},
            }
        ]
