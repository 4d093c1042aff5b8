"""The figures of the waiting queue: computed in SQL, with the same meaning on SQLite and PostgreSQL.

Whoever shows figures takes them from here. Durations are seconds; those without any ticket to measure are None.
"""

import math
from collections.abc import Mapping
from typing import Any

from django.db.models import Avg, Count, Q
from django.db.models.functions import TruncHour

from mentorq_backend.models import Feedback
from mentorq_backend.moves import Status
from mentorq_backend.querysets import FeedbackQuerySet, TicketQuerySet

CLOSED_ACTIVE = Q(status=Status.CLOSED, active=True)
SECOND = 1_000_000  # microseconds, in which tickets keep their waiting times


class Hour(TruncHour):
    """The full hour before an instant; on SQLite cut off its text, where Django's would call Python for each row."""

    def as_sqlite(self, compiler: Any, connection: Any, **extra_context: Any) -> tuple[str, Any]:
        """Return the SQL: `2026-02-14 23:05:00.125` becomes `2026-02-14 23:00:00`."""
        instant, params = compiler.compile(self.lhs)
        return f"SUBSTR({instant}, 1, 13) || ':00:00'", params


def summary(tickets: TicketQuerySet) -> dict[str, Any]:
    """Return every figure of `GET /api/tickets/stats/` over these tickets."""
    figures = _totals(tickets)
    to_claim = tickets.filter(time_to_claim__isnull=False)
    to_close = tickets.filter(CLOSED_ACTIVE, time_to_close__isnull=False)
    return {
        "average_claimed_datetime_seconds": _seconds(figures["to_claim"]),
        "average_closed_datetime_seconds": _seconds(figures["to_close"]),
        "median_claimed_datetime_seconds": percentile(to_claim, "time_to_claim", 50, figures["to_claim_count"]),
        "median_closed_datetime_seconds": percentile(to_close, "time_to_close", 50, figures["to_close_count"]),
        "p90_claimed_datetime_seconds": percentile(to_claim, "time_to_claim", 90, figures["to_claim_count"]),
        "p90_closed_datetime_seconds": percentile(to_close, "time_to_close", 90, figures["to_close_count"]),
        "Total tickets": figures["total"],
        "Open tickets": figures["open"],
        "Claimed tickets": figures["claimed"],
        "Closed Tickets": figures["closed"],
        "Cancelled Tickets": figures["cancelled"],
        "Number of mentors": figures["mentors"],
        "Number of users": figures["users"],
        "Average Rating": _feedback(tickets).aggregate(Avg("rating")),
        "per_hour": per_hour(tickets),
        "per_mentor": per_mentor(tickets),
    }


def percentile(tickets: TicketQuerySet, duration: str, percent: int, count: int) -> float | None:
    """Return the nearest-rank percentile, in seconds, of a duration column that holds no null in these `count` tickets."""
    rank = max(math.ceil(count * percent / 100), 1)
    # Not [rank - 1]: since they were counted, the last of them may have been reopened.
    return _seconds(tickets.order_by(duration).values_list(duration, flat=True)[rank - 1 : rank].first())


def per_hour(tickets: TicketQuerySet) -> list[dict[str, Any]]:
    """Return what became of the tickets of each hour of creation, oldest first."""
    rows = (
        tickets.annotate(hour=Hour("created"))
        .values("hour")
        .annotate(
            tickets=Count("id"),
            closed=Count("id", filter=Q(status=Status.CLOSED)),
            cancelled=Count("id", filter=Q(status=Status.CANCELLED)),
            to_claim=Avg("time_to_claim"),
        )
        .order_by("hour")
    )
    return [_with_seconds(row) for row in rows]


def per_mentor(tickets: TicketQuerySet) -> list[dict[str, Any]]:
    """Return what each mentor on a ticket holds, closed and took for it, busiest first."""
    rows = (
        tickets.exclude(mentor_email="")
        .values("mentor_email")
        .annotate(
            claimed=Count("id", filter=Q(status=Status.CLAIMED)),
            closed=Count("id", filter=Q(status=Status.CLOSED)),
            to_claim=Avg("time_to_claim"),
            to_close=Avg("time_to_close", filter=CLOSED_ACTIVE),
        )
        .order_by("-closed", "-claimed", "mentor_email")
    )
    return [_with_seconds(row) for row in rows]


def _totals(tickets: TicketQuerySet) -> dict[str, Any]:
    """Return counts, and averages in microseconds, from one pass over the tickets."""
    return tickets.aggregate(
        to_claim=Avg("time_to_claim"),
        to_claim_count=Count("time_to_claim"),
        to_close=Avg("time_to_close", filter=CLOSED_ACTIVE),
        to_close_count=Count("time_to_close", filter=CLOSED_ACTIVE),
        total=Count("id"),
        open=Count("id", filter=Q(status=Status.OPEN)),
        claimed=Count("id", filter=Q(status=Status.CLAIMED)),
        closed=Count("id", filter=Q(status=Status.CLOSED)),
        cancelled=Count("id", filter=Q(status=Status.CANCELLED)),
        mentors=Count("mentor_email", distinct=True, filter=~Q(mentor_email="")),
        users=Count("owner_email", distinct=True),
    )


def _feedback(tickets: TicketQuerySet) -> FeedbackQuerySet:
    """Return what owners said of these tickets; where they are all tickets, without looking for each of them."""
    return Feedback.objects.filter(ticket__in=tickets) if tickets.query.where else Feedback.objects.all()


def _with_seconds(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the row with its averages in seconds, under the names that the totals have."""
    names = {"to_claim": "average_claimed_datetime_seconds", "to_close": "average_closed_datetime_seconds"}
    return {names.get(key, key): _seconds(value) if key in names else value for key, value in row.items()}


def _seconds(microseconds: float | None) -> float | None:
    return None if microseconds is None else microseconds / SECOND
