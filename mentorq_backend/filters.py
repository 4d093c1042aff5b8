"""Which tickets a query string asks for; anything it gets wrong is a 400."""

from django_filters import rest_framework as filters

from mentorq_backend.models import Ticket


class CreatedFilter(filters.FilterSet):
    """Tickets of one event: `created_after` is inclusive, `created_before` exclusive, both ISO 8601, by default in UTC."""

    created_after = filters.IsoDateTimeFilter(field_name="created", lookup_expr="gte")
    created_before = filters.IsoDateTimeFilter(field_name="created", lookup_expr="lt")

    class Meta:
        model = Ticket
        fields: list[str] = []
