"""The statistics of tickets, computed in SQL, equal on SQLite and PostgreSQL.

The figures of the API, the desk and /metrics; `FeedbackQuerySet.leaderboard` has the best mentors. `openapi.py` describes
`summary`. Durations are in seconds, None if there are no tickets to measure.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, tzinfo
from typing import Any

from django.db.models import Avg, Case, Count, DateTimeField, F, Func, Max, Min, Q, When, Window
from django.db.models.functions import ExtractMinute, RowNumber
from django.utils import timezone

from mentorq_backend.feedback.models import RATINGS
from mentorq_backend.models import Feedback, Ticket, TicketEvent
from mentorq_backend.moves import Status
from mentorq_backend.querysets import TicketQuerySet
from mentorq_users.models import User

CLOSED_ACTIVE = Q(status=Status.CLOSED, active=True)
HAS_DURATION = {
    "time_to_claim": Q(time_to_claim__isnull=False),
    "time_to_close": CLOSED_ACTIVE & Q(time_to_close__isnull=False),
}
SECOND = 1_000_000  # microseconds, the unit of the stored waiting times
WAITED_MINUTES = [0, 1, 2, 5, 10, 20, 40, 80]  # the lower ends of the ranges; the last one is open


class Hour(Func):
    """The start of the hour of an instant, in a time zone.

    Unlike TruncHour it tells the two hours apart that have the same name when the clocks go back.
    """

    output_field = DateTimeField()

    def __init__(self, instant: Any, *, tzinfo: tzinfo) -> None:
        super().__init__(instant, ExtractMinute(instant, tzinfo=tzinfo))
        self.is_utc = str(tzinfo) == "UTC"  # both datetime's UTC and that of the time zone database

    def as_postgresql(self, compiler: Any, connection: Any, **extra_context: Any) -> tuple[str, Any]:
        return self.as_sql(
            compiler, connection, template="DATE_TRUNC('minute', %(expressions)s * INTERVAL '1 minute'", arg_joiner=") - "
        )

    def as_sqlite(self, compiler: Any, connection: Any, **extra_context: Any) -> tuple[str, Any]:
        """In UTC it cuts the text off, because Django calls Python for each row if there is a time zone."""
        if self.is_utc:
            instant, params = compiler.compile(self.source_expressions[0])
            return f"SUBSTR({instant}, 1, 13) || ':00:00'", params
        return self.as_sql(
            compiler,
            connection,
            template="STRFTIME('%%%%Y-%%%%m-%%%%d %%%%H:%%%%M:00', %(expressions)s || ' minutes')",
            arg_joiner=", -",
        )


def summary(tickets: TicketQuerySet, zone: tzinfo = UTC) -> dict[str, Any]:
    """Return the figures of `GET /api/tickets/stats/` for these tickets, by the hours of this zone."""
    figures = _totals(tickets)
    return {
        "average_claimed_datetime_seconds": _seconds(figures["to_claim"]),
        "average_closed_datetime_seconds": _seconds(figures["to_close"]),
        "median_claimed_datetime_seconds": percentile(tickets, "time_to_claim", 50, figures["to_claim_count"]),
        "median_closed_datetime_seconds": percentile(tickets, "time_to_close", 50, figures["to_close_count"]),
        "p90_claimed_datetime_seconds": percentile(tickets, "time_to_claim", 90, figures["to_claim_count"]),
        "p90_closed_datetime_seconds": percentile(tickets, "time_to_close", 90, figures["to_close_count"]),
        "Total tickets": figures["total"],
        "Open tickets": figures["open"],
        "Claimed tickets": figures["claimed"],
        "Closed Tickets": figures["closed"],
        "Cancelled Tickets": figures["cancelled"],
        "Number of mentors": figures["mentors"],
        "Number of users": figures["users"],
        **by_server(tickets),
        "Average Rating": Feedback.objects.on(tickets).aggregate(Avg("rating")),
        "per_hour": per_hour(tickets, zone),
        "per_mentor": per_mentor(tickets),
    }


def by_server(tickets: TicketQuerySet) -> dict[str, int]:
    """Return how many of these tickets upkeep has cancelled, and how many claims it has returned, each time counting."""
    events = TicketEvent.objects.filter(by="").exclude(from_status="")
    events = events.filter(ticket__in=tickets) if tickets.query.where else events
    return events.order_by().aggregate(
        cancelled_by_server=Count("pk", filter=Q(to_status=Status.CANCELLED)),
        returned_by_server=Count("pk", filter=Q(to_status=Status.OPEN)),
    )


def percentile(tickets: TicketQuerySet, duration: str, percent: int, count: int) -> float | None:
    """Return the nearest-rank percentile, in seconds, of a duration that `count` of these tickets have."""
    rank = max(math.ceil(count * percent / 100), 1)
    if not tickets.query.where:
        durations = tickets.filter(HAS_DURATION[duration]).annotate(duration=F(duration))
    else:  # SQLite would walk the index of the durations of every event; a CASE keeps it from that
        measured = Case(When(HAS_DURATION[duration], then=duration))
        durations = tickets.annotate(duration=measured).filter(duration__isnull=False)
    # Not [rank - 1]: a ticket may have been reopened since they were counted.
    return _seconds(durations.order_by("duration").values_list("duration", flat=True)[rank - 1 : rank].first())


def per_hour(tickets: TicketQuerySet, zone: tzinfo) -> list[dict[str, Any]]:
    rows = (
        tickets.annotate(hour=Hour("created", tzinfo=zone))
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
    rows = (
        tickets.exclude(mentor_email="")
        .values("mentor_email")
        .annotate(
            tickets=Count("id"),
            claimed=Count("id", filter=Q(status=Status.CLAIMED)),
            closed=Count("id", filter=Q(status=Status.CLOSED)),
            to_claim=Avg("time_to_claim"),
            to_close=Avg("time_to_close", filter=CLOSED_ACTIVE),
        )
        .order_by("-closed", "-claimed", "mentor_email")
    )
    return [_with_seconds(row) for row in rows]


def desk(tickets: TicketQuerySet) -> dict[str, Any]:
    """Return `summary` by the hours of the current zone, and the further figures of the desk.

    Hours and mentors also have `median`, and mentors `rating`.
    """
    zone = timezone.get_current_timezone()
    figures = summary(tickets, zone)
    hours, mentors = _percentiles(tickets, Hour("created", tzinfo=zone)), _percentiles(tickets, F("mentor_email"))
    ratings = _ratings_by_mentor(tickets)
    nothing = (None, None)
    for row in figures["per_hour"]:
        row["median"], row["p90"] = hours.get(row["hour"], nothing)
    for row in figures["per_mentor"]:
        row["median"], _ = mentors.get(row["mentor_email"], nothing)
        row["rating"] = ratings.get(row["mentor_email"])
    return {
        **figures,
        "waiting_times": waiting_times(tickets),
        "ratings": rating_counts(tickets),
        "per_hour_of_day": per_hour_of_day(figures["per_hour"]),
    }


def mentors() -> list[tuple[User, int]]:
    """Return each active mentor with the number of tickets they have claimed. Free mentors, who have none, come first."""
    claimed = dict(Ticket.objects.filter(status=Status.CLAIMED).values_list("mentor_email").annotate(Count("pk")))
    people = User.objects.filter(is_mentor=True, is_active=True).order_by("first_name", "email")
    return sorted(((mentor, claimed.get(mentor.email, 0)) for mentor in people), key=lambda pair: pair[1])


def now(tickets: TicketQuerySet, longest: int = 5) -> dict[str, Any]:
    """Return the current counts, the `longest` waiting tickets, and the mentors who have claimed a ticket.

    Mentors are rows `{"mentor_email", "name", "claimed", "since"}`, the longest claim first.
    """
    waiting = tickets.filter(status=Status.OPEN)
    claimed = tickets.filter(status=Status.CLAIMED)
    mentors = claimed.values("mentor_email").annotate(
        name=Max("mentor"), claimed=Count("id"), since=Min("claimed_datetime")
    )  # fmt: skip
    return {
        "open": waiting.count(),
        "claimed": claimed.count(),
        "longest_waiting": list(waiting.order_by("queued", "id")[:longest]),
        "mentors": list(mentors.order_by("since", "mentor_email")),
    }


def by_status(tickets: TicketQuerySet) -> dict[str, int]:
    """Return the number of tickets of each status, even if it is 0."""
    return {**dict.fromkeys(Status.values, 0), **dict(tickets.values_list("status").annotate(Count("id")).order_by())}


def waiting_times(tickets: TicketQuerySet) -> list[dict[str, Any]]:
    """Return the distribution of the waits: rows `{"from", "to", "tickets"}` in minutes, `to` exclusive."""
    steps = list(zip(WAITED_MINUTES, [*WAITED_MINUTES[1:], None], strict=True))
    counts = tickets.aggregate(**{f"from_{least}": Count("id", filter=_waited(least, most)) for least, most in steps})
    return [{"from": least, "to": most, "tickets": counts[f"from_{least}"]} for least, most in steps]


def rating_counts(tickets: TicketQuerySet) -> list[dict[str, Any]]:
    """Return rows `{"rating", "tickets"}`, the lowest rating first."""
    counts = dict(Feedback.objects.on(tickets).values_list("rating").annotate(Count("pk")))
    return [{"rating": rating, "tickets": counts.get(rating, 0)} for rating in RATINGS]


def per_hour_of_day(hours: Iterable[Mapping[str, Any]]) -> list[dict[str, int]]:
    """Sum the rows of `per_hour` by the hour of the day, in the current time zone."""
    counts: Counter[int] = Counter()
    for row in hours:
        counts[timezone.localtime(row["hour"]).hour] += row["tickets"]
    return [{"hour": hour, "tickets": counts[hour]} for hour in range(24)]


def _waited(least: int, most: int | None) -> Q:
    waited = Q(time_to_claim__gte=least * 60 * SECOND)
    return waited if most is None else waited & Q(time_to_claim__lt=most * 60 * SECOND)


def _percentiles(tickets: TicketQuerySet, by: Any) -> dict[Any, tuple[float | None, float | None]]:
    """Return median and 90th percentile (nearest rank) of the seconds to a claim, for each value of `by`."""
    ranked = tickets.filter(time_to_claim__isnull=False).annotate(
        by_=by,
        rank=Window(RowNumber(), partition_by="by_", order_by="time_to_claim"),
        count=Window(Count("id"), partition_by="by_"),
    )
    # Not `rank__in`: Django 5.2 keeps only one of its expressions if they are windows.
    ends = ranked.filter(Q(rank=_rank(F("count"), 50)) | Q(rank=_rank(F("count"), 90))).order_by("by_", "rank")
    found: dict[Any, list[float | None]] = {}
    for value, waited in ends.values_list("by_", "time_to_claim"):
        found.setdefault(value, []).append(_seconds(waited))
    return {value: (waits[0], waits[-1]) for value, waits in found.items()}


def _rank(count: Any, percent: int) -> Any:
    """Return the nearest rank, rounded up. Both databases divide integers as integers."""
    return (count * percent + 99) / 100


def _ratings_by_mentor(tickets: TicketQuerySet) -> dict[str, float]:
    return dict(Feedback.objects.on(tickets).values_list("mentor_email").annotate(Avg("rating")))


def _totals(tickets: TicketQuerySet) -> dict[str, Any]:
    """Return counts, and averages in microseconds, with one query."""
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


def _with_seconds(row: Mapping[str, Any]) -> dict[str, Any]:
    names = {"to_claim": "average_claimed_datetime_seconds", "to_close": "average_closed_datetime_seconds"}
    return {names.get(key, key): _seconds(value) if key in names else value for key, value in row.items()}


def _seconds(microseconds: float | None) -> float | None:
    return None if microseconds is None else microseconds / SECOND
