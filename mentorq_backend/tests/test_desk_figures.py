"""The figures that only the desk draws: the same as plain Python makes of the same tickets, on both databases."""

import math
from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.management import call_command
from django.utils import timezone

from mentorq_backend import stats
from mentorq_backend.models import Feedback, Ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def event(settings):
    """An event of 502 tickets with its feedback."""
    settings.DEBUG = True
    call_command("seed", tickets=502, seed=3, verbosity=0)
    return list(Ticket.objects.all())


def hour_of(ticket):
    return ticket.created.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def waits(tickets):
    return sorted(ticket.time_to_claim / 1e6 for ticket in tickets if ticket.time_to_claim is not None)


def percentile(numbers, percent):
    return numbers[math.ceil(len(numbers) * percent / 100) - 1] if numbers else None


def grouped(tickets, key):
    groups = {}
    for ticket in tickets:
        groups.setdefault(key(ticket), []).append(ticket)
    return groups


def test_the_percentiles_of_each_hour(event):
    hours = {hour: waits(tickets) for hour, tickets in grouped(event, hour_of).items()}

    rows = stats.desk(Ticket.objects.all())["per_hour"]

    assert [(row["hour"], row["median"], row["p90"]) for row in rows] == [
        (hour, percentile(hours[hour], 50), percentile(hours[hour], 90)) for hour in sorted(hours)
    ]


def test_the_median_and_the_stars_of_each_mentor(event):
    mentors = grouped([ticket for ticket in event if ticket.mentor_email], lambda ticket: ticket.mentor_email)
    stars = grouped(Feedback.objects.all(), lambda feedback: feedback.mentor_email)
    mean = {mentor: sum(given.rating for given in all_) / len(all_) for mentor, all_ in stars.items()}

    rows = stats.desk(Ticket.objects.all())["per_mentor"]

    assert {row["mentor_email"]: (row["tickets"], row["median"]) for row in rows} == {
        mentor: (len(tickets), percentile(waits(tickets), 50)) for mentor, tickets in mentors.items()
    }
    assert {row["mentor_email"]: row["rating"] for row in rows} == {
        mentor: pytest.approx(mean[mentor]) if mentor in mean else None for mentor in mentors
    }


def test_how_many_waited_how_long(event):
    ends = [(0, 1), (1, 2), (2, 5), (5, 10), (10, 20), (20, 40), (40, 80), (80, None)]

    rows = stats.waiting_times(Ticket.objects.all())

    assert [(row["from"], row["to"]) for row in rows] == ends
    assert [row["tickets"] for row in rows] == [
        sum(least * 60 <= wait and (most is None or wait < most * 60) for wait in waits(event)) for least, most in ends
    ]
    assert sum(row["tickets"] for row in rows) == len(waits(event)) > 300


def test_a_wait_of_a_whole_step_belongs_to_the_next(ada, mia, make_ticket):
    ticket = make_ticket(ada, "CLAIMED", mentor=mia)
    Ticket.objects.filter(pk=ticket.pk).update(time_to_claim=60 * stats.SECOND)

    rows = stats.waiting_times(Ticket.objects.all())

    assert [row["from"] for row in rows if row["tickets"]] == [1]


def test_how_often_each_rating_was_given(event):
    given = Counter(Feedback.objects.values_list("rating", flat=True))

    rows = stats.rating_counts(Ticket.objects.all())

    assert [(row["rating"], row["tickets"]) for row in rows] == [(half / 2, given[half / 2]) for half in range(1, 11)]
    assert sum(given.values()) > 50


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Tokyo"])
def test_the_hours_of_the_day_are_those_of_the_zone(event, zone):
    expected = Counter(ticket.created.astimezone(ZoneInfo(zone)).hour for ticket in event)

    with timezone.override(ZoneInfo(zone)):
        rows = stats.desk(Ticket.objects.all())["per_hour_of_day"]

    assert [(row["hour"], row["tickets"]) for row in rows] == [(hour, expected[hour]) for hour in range(24)]


def test_the_zone_moves_no_hour(event):
    in_utc = stats.desk(Ticket.objects.all())["per_hour"]

    with timezone.override(ZoneInfo("America/New_York")):
        assert stats.desk(Ticket.objects.all())["per_hour"] == in_utc


def test_without_any_ticket_there_are_no_figures():
    figures = stats.desk(Ticket.objects.all())

    assert (figures["per_hour"], figures["per_mentor"], figures["Total tickets"]) == ([], [], 0)
    assert {row["tickets"] for row in figures["waiting_times"] + figures["ratings"]} == {0}


def test_what_is_going_on_now(ada, grace, mia, max_, olga, make_ticket):
    start = datetime(2026, 2, 14, 12, tzinfo=UTC)
    waiting = [make_ticket(ada if n % 2 else grace, created=start + timedelta(minutes=n)) for n in (3, 1, 2, 0, 5, 4)]
    held = [make_ticket(ada, "CLAIMED", mentor=mentor) for mentor in (mia, max_, mia)]
    make_ticket(ada, "CLOSED", mentor=mia)

    now = stats.now(Ticket.objects.all())

    assert (now["open"], now["claimed"]) == (6, 3)
    assert now["longest_waiting"] == sorted(waiting, key=lambda ticket: ticket.created)[:5]
    assert now["mentors"] == [
        {"mentor_email": mia.email, "name": "Mia Mentor", "claimed": 2, "since": held[0].claimed_datetime},
        {"mentor_email": max_.email, "name": max_.name, "claimed": 1, "since": held[1].claimed_datetime},
    ]
