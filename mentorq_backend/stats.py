"""The figures of the waiting queue: computed in SQL, with the same meaning on SQLite and PostgreSQL.

API, admin and export share this module. Durations are seconds; those without any ticket to measure are None.
"""

import math
from typing import Any

from django.db.models import Avg, Count, Q
from django.db.models.functions import TruncHour

from mentorq_backend.models import TicketQuerySet
from mentorq_backend.moves import Status

CLOSED_ACTIVE = Q(status=Status.CLOSED, active=True)
SECOND = 1_000_000  # microseconds, in which tickets keep their waiting times


def summary(tickets: TicketQuerySet) -> dict[str, Any]:
    """Return every figure of `GET /api/tickets/stats/` over these tickets."""
    figures = _totals(tickets)
    to_claim = tickets.filter(time_to_claim__isnull=False)
    to_close = tickets.filter(CLOSED_ACTIVE, time_to_close__isnull=False)
    return {
        "average_claimed_datetime_seconds": _seconds(figures["claim"]),
        "average_closed_datetime_seconds": _seconds(figures["close"]),
        "median_claimed_datetime_seconds": percentile(to_claim, "time_to_claim", 50),
        "median_closed_datetime_seconds": percentile(to_close, "time_to_close", 50),
        "p90_claimed_datetime_seconds": percentile(to_claim, "time_to_claim", 90),
        "p90_closed_datetime_seconds": percentile(to_close, "time_to_close", 90),
        "Total tickets": figures["total"],
        "Open tickets": figures["open"],
        "Claimed tickets": figures["claimed"],
        "Closed Tickets": figures["closed"],
        "Cancelled Tickets": figures["cancelled"],
        "Number of mentors": figures["mentors"],
        "Number of users": figures["users"],
        "Average Rating": {"rating__avg": None},
        "per_hour": per_hour(tickets),
        "per_mentor": per_mentor(tickets),
    }


def percentile(tickets: TicketQuerySet, duration: str, percent: int) -> float | None:
    """Return the nearest-rank percentile of a duration column, none of it null: the smallest value that `percent` % reach."""
    rank = math.ceil(tickets.count() * percent / 100)
    return _seconds(tickets.order_by(duration).values_list(duration, flat=True)[rank - 1]) if rank else None


def per_hour(tickets: TicketQuerySet) -> list[dict[str, Any]]:
    """Return `{"hour", "tickets", "closed", "cancelled", "average_claimed_datetime_seconds"}` by hour of creation, oldest first."""
    rows = (
        tickets.annotate(hour=TruncHour("created"))
        .values("hour")
        .annotate(
            tickets=Count("id"),
            closed=Count("id", filter=Q(status=Status.CLOSED)),
            cancelled=Count("id", filter=Q(status=Status.CANCELLED)),
            claim=Avg("time_to_claim"),
        )
        .order_by("hour")
    )
    return [{**row, "average_claimed_datetime_seconds": _seconds(row.pop("claim"))} for row in rows]


def per_mentor(tickets: TicketQuerySet) -> list[dict[str, Any]]:
    """Return `{"mentor_email", "claimed", "closed", "average_…_seconds"}` for each mentor on a ticket, busiest first."""
    rows = (
        tickets.exclude(mentor_email="")
        .values("mentor_email")
        .annotate(
            claimed=Count("id", filter=Q(status=Status.CLAIMED)),
            closed=Count("id", filter=Q(status=Status.CLOSED)),
            claim=Avg("time_to_claim"),
            close=Avg("time_to_close", filter=CLOSED_ACTIVE),
        )
        .order_by("-closed", "-claimed", "mentor_email")
    )
    return [
        {
            **row,
            "average_claimed_datetime_seconds": _seconds(row.pop("claim")),
            "average_closed_datetime_seconds": _seconds(row.pop("close")),
        }
        for row in rows
    ]


def _totals(tickets: TicketQuerySet) -> dict[str, Any]:
    """Return counts, and averages in microseconds, from one pass over the tickets."""
    return tickets.aggregate(
        claim=Avg("time_to_claim"),
        close=Avg("time_to_close", filter=CLOSED_ACTIVE),
        total=Count("id"),
        open=Count("id", filter=Q(status=Status.OPEN)),
        claimed=Count("id", filter=Q(status=Status.CLAIMED)),
        closed=Count("id", filter=Q(status=Status.CLOSED)),
        cancelled=Count("id", filter=Q(status=Status.CANCELLED)),
        mentors=Count("mentor_email", distinct=True, filter=~Q(mentor_email="")),
        users=Count("owner_email", distinct=True),
    )


def _seconds(microseconds: float | None) -> float | None:
    return None if microseconds is None else microseconds / SECOND
