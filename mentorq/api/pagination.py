"""How much of the queue at once, and how a parameter of the query string is read."""

from typing import Any

from rest_framework.exceptions import ValidationError
from rest_framework.pagination import LimitOffsetPagination
from rest_framework.request import Request

from mentorq.api.ids import MOST_DIGITS

GIVE_IT_ONCE = "Give it once."


def once(request: Request, name: str) -> str | None:
    """Return that parameter of the query string, None if there is none; raises ValidationError if it is given twice."""
    texts = request.query_params.getlist(name)
    if len(texts) > 1:
        raise ValidationError({name: [GIVE_IT_ONCE]})
    return texts[0] if texts else None


def number(request: Request, name: str, *, least: int, most: int, default: int | None = None) -> int | None:
    """Return the number in the query string, at most `most`; raises ValidationError for what is none or below `least`."""
    text = once(request, name)
    if text is None:
        return default
    if not (text.isascii() and text.isdecimal()):
        raise ValidationError({name: [f"A whole number, at least {least}, is needed here."]})
    value = int(text) if len(text) <= MOST_DIGITS else most
    if value < least:
        raise ValidationError({name: [f"A whole number, at least {least}, is needed here."]})
    return min(value, most)


class TicketPagination(LimitOffsetPagination):
    """Pages where `limit` asks for them, else the plain array. A wrong number is a 400, not a guess."""

    default_limit = None
    max_limit = 1000

    def get_limit(self, request: Request) -> int | None:
        return number(request, self.limit_query_param, least=1, most=self.max_limit)

    def get_offset(self, request: Request) -> int:
        return number(request, self.offset_query_param, least=0, most=10**MOST_DIGITS, default=0) or 0

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Return what the OpenAPI document says: the array, or with `limit` a page."""
        return {"oneOf": [schema, super().get_paginated_response_schema(schema)]}

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """Return what the OpenAPI document says of `limit` and `offset`."""
        limit, offset = super().get_schema_operation_parameters(view)
        limit["schema"]["minimum"], offset["schema"]["minimum"] = 1, 0
        return [limit, offset]

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any] | None:
        self.get_offset(request)  # a wrong one is a 400 without a limit, too
        return super().paginate_queryset(queryset, request, view)
