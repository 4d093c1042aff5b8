"""GET /api/tickets/stats/: the same figures as plain Python makes of the same tickets, on both databases."""

import itertools
import math
import random
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from mentorq_backend.models import Ticket

MIDNIGHT = datetime(2026, 2, 14, tzinfo=UTC)


@pytest.fixture
def event(ada, grace, mia, max_, olga):
    """Sixty tickets over a night, in every state, some inactive, some recorded afterwards."""
    chance = random.Random(7)
    for _ in range(60):
        created = MIDNIGHT + timedelta(seconds=chance.randrange(12 * 3600), microseconds=chance.randrange(1_000_000))
        fields = {"owner_email": chance.choice([ada, grace]).email, "title": "x", "location": "x", "created": created}
        live(Ticket.objects.open(by=olga, **fields), chance, chance.choice([mia, max_]), olga)
        Ticket.objects.filter(status="OPEN").update(status="CANCELLED")  # or their owners would reach the limit
    for status in ("CLAIMED", "CLOSED"):
        Ticket.objects.open(
            by=olga, owner_email=ada.email, title="x", location="x", created=MIDNIGHT, status=status, mentor_email=mia.email
        )
    Ticket.objects.open(by=ada, owner_email=ada.email, title="x", location="x", created=MIDNIGHT)
    return list(Ticket.objects.all())


def live(ticket, chance, mentor, organizer):
    """Let a ticket go some way, and move its instants to the time of the event."""
    fate = chance.choice(["claim", "close", "close", "cancel", "close unclaimed"])
    claimed = ticket.created + timedelta(seconds=chance.expovariate(1 / 600))
    closed = claimed + timedelta(seconds=chance.expovariate(1 / 900))
    if fate in ("claim", "close"):
        ticket.claim(by=mentor)
        at(ticket, claimed_datetime=claimed, time_to_claim=(claimed - ticket.created) // timedelta(microseconds=1))
    if fate.startswith("close"):
        ticket.close(by=organizer)
        at(ticket, closed_datetime=closed, time_to_close=(closed - ticket.created) // timedelta(microseconds=1))
    if fate == "cancel":
        ticket.cancel(by=organizer)
    at(ticket, active=chance.random() < 0.8)


def at(ticket, **columns):
    Ticket.objects.filter(pk=ticket.pk).update(**columns)


def seconds(tickets, instant):
    """Return the waits until that instant, without those of tickets recorded afterwards."""
    return sorted(
        (getattr(ticket, instant) - ticket.created).total_seconds()
        for ticket in tickets
        if getattr(ticket, instant) and getattr(ticket, instant) != ticket.created
    )


def mean(numbers):
    return pytest.approx(sum(numbers) / len(numbers), rel=1e-12) if numbers else None


def nearest_rank(numbers, percent):
    return numbers[math.ceil(len(numbers) * percent / 100) - 1]


def closed_and_active(tickets):
    return [ticket for ticket in tickets if ticket.status == "CLOSED" and ticket.active]


def by(tickets, key):
    return [(value, list(group)) for value, group in itertools.groupby(sorted(tickets, key=key), key)]


def test_the_averages_and_percentiles_are_those_of_plain_python(event, dan, client_of):
    claims, closes = seconds(event, "claimed_datetime"), seconds(closed_and_active(event), "closed_datetime")

    stats = client_of(dan).get("/api/tickets/stats/").json()

    assert {key: value for key, value in stats.items() if key.endswith("_seconds")} == {
        "average_claimed_datetime_seconds": mean(claims),
        "average_closed_datetime_seconds": mean(closes),
        "median_claimed_datetime_seconds": nearest_rank(claims, 50),
        "median_closed_datetime_seconds": nearest_rank(closes, 50),
        "p90_claimed_datetime_seconds": nearest_rank(claims, 90),
        "p90_closed_datetime_seconds": nearest_rank(closes, 90),
    }


def test_the_counts_are_those_of_plain_python(event, dan, client_of):
    def count(status):
        return sum(ticket.status == status for ticket in event)

    stats = client_of(dan).get("/api/tickets/stats/").json()

    assert {key: value for key, value in stats.items() if isinstance(value, int)} == {
        "Total tickets": len(event),
        "Open tickets": count("OPEN"),
        "Claimed tickets": count("CLAIMED"),
        "Closed Tickets": count("CLOSED"),
        "Cancelled Tickets": count("CANCELLED"),
        "Number of mentors": len({ticket.mentor_email for ticket in event} - {""}),
        "Number of users": len({ticket.owner_email for ticket in event}),
        **dict.fromkeys(["cancelled_by_server", "returned_by_server"], 0),
    }


def test_the_hours_are_those_of_plain_python(event, dan, client_of):
    hours = by(event, lambda ticket: ticket.created.replace(minute=0, second=0, microsecond=0))

    stats = client_of(dan).get("/api/tickets/stats/").json()

    assert stats["per_hour"] == [
        {
            "hour": hour.isoformat().replace("+00:00", "Z"),
            "tickets": len(tickets),
            "closed": sum(ticket.status == "CLOSED" for ticket in tickets),
            "cancelled": sum(ticket.status == "CANCELLED" for ticket in tickets),
            "average_claimed_datetime_seconds": mean(seconds(tickets, "claimed_datetime")),
        }
        for hour, tickets in hours
    ]


def test_the_mentors_are_those_of_plain_python(event, dan, client_of):
    mentors = by([ticket for ticket in event if ticket.mentor_email], lambda ticket: ticket.mentor_email)
    rows = [
        {
            "mentor_email": mentor,
            "tickets": len(tickets),
            "claimed": sum(ticket.status == "CLAIMED" for ticket in tickets),
            "closed": sum(ticket.status == "CLOSED" for ticket in tickets),
            "average_claimed_datetime_seconds": mean(seconds(tickets, "claimed_datetime")),
            "average_closed_datetime_seconds": mean(seconds(closed_and_active(tickets), "closed_datetime")),
        }
        for mentor, tickets in mentors
    ]

    stats = client_of(dan).get("/api/tickets/stats/").json()

    assert stats["per_mentor"] == sorted(rows, key=lambda row: (-row["closed"], -row["claimed"], row["mentor_email"]))


def test_of_no_tickets_there_is_nothing_to_average(dan, client_of):
    stats = client_of(dan).get("/api/tickets/stats").json()

    figures = itertools.product(("average", "median", "p90"), ("claimed", "closed"))
    durations = [f"{figure}_{instant}_datetime_seconds" for figure, instant in figures]
    assert {name: stats.pop(name) for name in durations} == dict.fromkeys(durations)
    assert stats.pop("Average Rating") == {"rating__avg": None}
    assert (stats.pop("per_hour"), stats.pop("per_mentor")) == ([], [])
    assert set(stats.values()) == {0}


def test_one_event_is_looked_at_from_its_first_instant_to_before_its_last(event, dan, client_of):
    first, last = sorted(ticket.created for ticket in event)[10], sorted(ticket.created for ticket in event)[30]
    chosen = [ticket for ticket in event if first <= ticket.created < last]

    stats = client_of(dan).get(
        "/api/tickets/stats/", {"created_after": first.isoformat(), "created_before": last.isoformat()}
    )

    assert stats.json()["Total tickets"] == len(chosen)
    assert stats.json()["average_claimed_datetime_seconds"] == mean(seconds(chosen, "claimed_datetime"))


@pytest.mark.parametrize("parameter", ["created_after", "created_before"])
@pytest.mark.parametrize("value", ["yesterday", "2026-13-01", "2026-02-14T25:00", "1", "a\0b"])
def test_a_bad_date_is_refused_by_name(parameter, value, dan, client_of):
    response = client_of(dan).get("/api/tickets/stats/", {parameter: value})

    assert (response.status_code, list(response.json())) == (400, [parameter])


@pytest.mark.parametrize("name", ["ada", "mia", "olga"])
def test_only_directors_see_them(name, person, client_of):
    response = client_of(person(name)).get("/api/tickets/stats/")

    assert (response.status_code, response.json()) == (
        403,
        {"detail": "Only directors may do this.", "code": "permission_denied"},
    )


def test_statistics_take_as_many_queries_for_one_ticket_as_for_sixty(event, dan, client_of):
    client = client_of(dan)
    with CaptureQueriesContext(connection) as many:
        client.get("/api/tickets/stats/")
    latest = max(ticket.created for ticket in event if ticket.time_to_close and ticket.active)

    with CaptureQueriesContext(connection) as few:
        client.get("/api/tickets/stats/", {"created_after": latest.isoformat()})

    assert (len(many), len(few)) == (10, 10)
