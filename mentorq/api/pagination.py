"""Pages of the queue, and parameters of the query string."""

from typing import Any

from rest_framework.exceptions import ValidationError
from rest_framework.pagination import LimitOffsetPagination
from rest_framework.request import Request

from mentorq.api.ids import MOST_DIGITS

GIVE_IT_ONCE = "Give it once."


def single_parameter(request: Request, name: str) -> str | None:
    texts = request.query_params.getlist(name)
    if len(texts) > 1:
        raise ValidationError({name: [GIVE_IT_ONCE]})
    return texts[0] if texts else None


def number_parameter(request: Request, name: str, *, least: int, most: int, default: int | None = None) -> int | None:
    """Larger numbers become `most`; raises ValidationError for smaller ones and for anything else."""
    text = single_parameter(request, name)
    if text is None:
        return default
    if not (text.isascii() and text.isdecimal()):
        raise ValidationError({name: [f"A whole number, at least {least}, is needed here."]})
    value = int(text) if len(text) <= MOST_DIGITS else most
    if value < least:
        raise ValidationError({name: [f"A whole number, at least {least}, is needed here."]})
    return min(value, most)


class TicketPagination(LimitOffsetPagination):
    """A page if `limit` is given, else the plain array. An invalid number returns 400."""

    default_limit = None
    max_limit = 1000

    def get_limit(self, request: Request) -> int | None:
        return number_parameter(request, self.limit_query_param, least=1, most=self.max_limit)

    def get_offset(self, request: Request) -> int:
        return number_parameter(request, self.offset_query_param, least=0, most=10**MOST_DIGITS, default=0) or 0

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        return {"oneOf": [schema, super().get_paginated_response_schema(schema)]}

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        limit, offset = super().get_schema_operation_parameters(view)
        limit["schema"]["minimum"], offset["schema"]["minimum"] = 1, 0
        return [limit, offset]

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any] | None:
        self.get_offset(request)  # an invalid offset returns 400 even without a limit
        return super().paginate_queryset(queryset, request, view)
