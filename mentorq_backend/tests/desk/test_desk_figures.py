"""The figures that only the desk draws: the same as plain Python makes of the same tickets, on both databases."""

import math
from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.management import call_command
from django.utils import timezone

from mentorq_backend import stats
from mentorq_backend.desk.dashboard import hour_label
from mentorq_backend.models import Feedback, Ticket

pytestmark = pytest.mark.django_db

ZONES = ["UTC", "America/New_York", "Asia/Tokyo", "Asia/Kolkata", "Asia/Kathmandu", "America/St_Johns"]


@pytest.fixture
def event(settings):
    """An event of 502 tickets with its feedback."""
    settings.DEBUG = True
    call_command("seed", tickets=502, seed=3, verbosity=0)
    return list(Ticket.objects.all())


def hour_of(ticket, zone="UTC"):
    return ticket.created.astimezone(ZoneInfo(zone)).replace(minute=0, second=0, microsecond=0)


def waits(tickets):
    return sorted(ticket.time_to_claim / 1e6 for ticket in tickets if ticket.time_to_claim is not None)


def percentile(numbers, percent):
    return numbers[math.ceil(len(numbers) * percent / 100) - 1] if numbers else None


def grouped(tickets, key):
    groups = {}
    for ticket in tickets:
        groups.setdefault(key(ticket), []).append(ticket)
    return groups


@pytest.mark.parametrize("zone", ZONES)
def test_the_figures_of_each_hour_are_by_the_hours_of_the_zone(event, zone):
    hours = grouped(event, lambda ticket: hour_of(ticket, zone))

    with timezone.override(ZoneInfo(zone)):
        rows = stats.desk(Ticket.objects.all())["per_hour"]

    assert [(row["hour"], row["tickets"], row["median"], row["p90"]) for row in rows] == [
        (hour, len(hours[hour]), percentile(waits(hours[hour]), 50), percentile(waits(hours[hour]), 90))
        for hour in sorted(hours)
    ]


def test_the_apis_hours_are_utcs_whatever_the_zone(event):
    in_utc = stats.summary(Ticket.objects.all())["per_hour"]

    with timezone.override(ZoneInfo("Asia/Kolkata")):
        assert stats.summary(Ticket.objects.all())["per_hour"] == in_utc
    assert {row["hour"].minute for row in in_utc} == {0}


def open_at(ada, make_ticket, *instants):
    for instant in instants:
        Ticket.objects.update(status="CANCELLED")  # or Ada would reach her limit
        make_ticket(ada, created=datetime.fromisoformat(instant))


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "Asia/Kathmandu", "America/St_Johns"])
def test_a_quarter_past_ten_is_ten_where_the_zone_is_no_whole_hours_from_utc(ada, make_ticket, zone):
    with timezone.override(ZoneInfo(zone)):
        open_at(ada, make_ticket, datetime(2026, 2, 14, 10, 15, tzinfo=ZoneInfo(zone)).isoformat())
        figures = stats.desk(Ticket.objects.all())

        labels = [hour_label(row["hour"]) for row in figures["per_hour"]]

    assert labels == ["Sat 10:00"]
    assert [row["hour"] for row in figures["per_hour_of_day"] if row["tickets"]] == [10]


@pytest.mark.parametrize(
    ("instants", "labels"),
    [
        (
            ["2026-11-01T04:59:59Z", "2026-11-01T05:15:00Z", "2026-11-01T06:15:00Z", "2026-11-01T06:59:59.999Z",
             "2026-11-01T07:00:00Z"],
            [("Sun 00:00", 1), ("Sun 01:00", 1), ("Sun 01:00 EST", 2), ("Sun 02:00", 1)],
        ),
        (["2026-03-08T06:59:00Z", "2026-03-08T07:15:00Z"], [("Sun 01:00", 1), ("Sun 03:00", 1)]),
    ],
)  # fmt: skip
def test_on_the_night_on_which_the_clocks_change_no_hour_is_counted_with_another(ada, make_ticket, instants, labels):
    open_at(ada, make_ticket, *instants)

    with timezone.override(ZoneInfo("America/New_York")):
        rows = stats.desk(Ticket.objects.all())["per_hour"]
        shown = [(hour_label(row["hour"]), row["tickets"]) for row in rows]

    assert shown == labels


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


@pytest.mark.parametrize("zone", ZONES)
def test_the_hours_of_the_day_are_those_of_the_zone(event, zone):
    expected = Counter(ticket.created.astimezone(ZoneInfo(zone)).hour for ticket in event)

    with timezone.override(ZoneInfo(zone)):
        rows = stats.desk(Ticket.objects.all())["per_hour_of_day"]

    assert [(row["hour"], row["tickets"]) for row in rows] == [(hour, expected[hour]) for hour in range(24)]


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
