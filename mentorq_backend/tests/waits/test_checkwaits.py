"""`manage.py checkwaits`: on simulated events the forecasts keep their word."""

import json
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command

from mentorq_backend.desk.dashboard import kept
from mentorq_backend.models import Event, Ticket
from mentorq_backend.tests.waits.simulation import NOON, event
from mentorq_backend.waits.check import check, replay
from mentorq_backend.waits.sample import Row

SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)


@pytest.fixture
def checkwaits(db, capsys):
    def run(*arguments):
        call_command("checkwaits", *arguments)
        return json.loads(capsys.readouterr().out)

    return run


@pytest.mark.parametrize("oldest", [True, False], ids=["the oldest first", "freely"])
@pytest.mark.parametrize("seed", range(5))
def test_half_are_helped_within_the_median_and_nine_of_ten_within_the_upper_figure(seed, oldest, checkwaits):
    Ticket.objects.bulk_create(event(seed, oldest=oldest))

    figures = checkwaits()

    assert figures["tickets"] > 400
    assert 0.38 <= figures["within_median"] <= 0.60
    assert 0.82 <= figures["within_p90"] <= 0.99


def test_without_a_forecast_the_shares_are_null(checkwaits):
    assert checkwaits() == {"tickets": 0, "within_median": None, "within_p90": None}


def stay(start, seconds, ahead=0, *, claimed=True):
    """A stay that began so many seconds after noon; one that lasts has no end."""
    left = None if seconds is None else NOON + (start + seconds) * SECOND
    return Row(NOON + start * SECOND, ahead, left if claimed else None, left)


def test_a_forecast_is_made_of_what_was_known_at_that_time():
    known = [stay(number, 10) for number in range(5)]  # claimed by second 14
    assert replay([*known, stay(14, 10)]) == [(True, True)]
    assert replay([*known, stay(13, 10)]) == []  # the fifth was not claimed yet
    assert replay([*known, stay(14, 11)]) == [(False, False)]
    assert replay([*known, stay(14, 10, claimed=False)]) == []


def test_a_wait_that_lasted_then_counts_as_one_that_lasts():
    known, long = [stay(number, 10) for number in range(5)], stay(0, 3600)

    # Five of six within 10 s; the sixth lasted 60 s so far, which is the longest wait.
    assert replay([long, *known, stay(60, 61)]) == [(False, False)]
    assert replay([long, *known, stay(60, 60)]) == [(False, True)]


def test_only_the_last_200_tickets_are_known():
    slow, fast = [stay(number, 3600) for number in range(10)], [stay(4000 + number, 10) for number in range(200)]

    assert replay([*slow, *fast, stay(9000, 11)])[-1] == (False, False)


@pytest.fixture
def two_events(db):
    """Ten tickets before the first event, twenty in the first one, thirty in the second one, each claimed after 10 s."""
    first = Event.objects.create(name="first", opens=NOON, closes=NOON + HOUR)
    second = Event.objects.create(name="second", opens=NOON + 2 * HOUR)
    for start, count in [(-HOUR, 10), (timedelta(0), 20), (2 * HOUR, 30)]:
        for number in range(count):
            at = NOON + start + number * 20 * SECOND
            claimed = {"claimed_datetime": at + 10 * SECOND, "left_queue": at + 10 * SECOND}
            Ticket.objects.create(
                owner_email="ada@example.edu", title="x", location="x", created=at, status="CLAIMED", mentor="Mia",
                mentor_email="mia@example.edu", **claimed,
            )  # fmt: skip
    return first, second


@pytest.mark.parametrize(("which", "tickets"), [("", 25), ("{0.pk}", 15), ("{1.pk}", 25), ("all", 5 + 15 + 25)])
def test_it_checks_the_event_that_is_asked_for(which, tickets, two_events, checkwaits):
    figures = checkwaits("--event", which.format(*two_events))

    assert figures == {"tickets": tickets, "within_median": 1, "within_p90": 1}


@pytest.mark.parametrize("text", ["0", "x", "99999999999999999999"])
def test_an_unknown_event_is_an_error_that_lists_them(text, two_events, checkwaits):
    known = ", ".join(f"{event.pk} ({event.name})" for event in two_events)

    with pytest.raises(CommandError, match=f"There is no event {text}: give the id of one, or all. There are: ") as error:
        checkwaits("--event", text)

    assert str(error.value).endswith(f"There are: {known}.")


def test_recorded_help_does_not_count(olga, checkwaits):
    for number in range(10):
        Ticket.objects.open(by=olga, owner_email=f"{number}@example.edu", title="x", location="x", status="CLOSED",
                            mentor_email="mia@example.edu")  # fmt: skip

    assert checkwaits()["tickets"] == 0


def test_the_desk_tells_directors_and_nobody_else(client, olga, dan, two_events):
    pages = []
    for user in (olga, dan):
        client.force_login(user, backend="mentorq_users.backends.LCSBackend")
        pages.append(client.get("/admin/").content.decode())

    line = "Forecasts so far: 100 % within the median, 100 % within the upper figure."
    assert [page.count(line) for page in pages] == [0, 1]


def test_the_desk_rounds_to_per_cent_and_says_nothing_without_forecasts():
    assert kept({"tickets": 9, "within_median": 0.514, "within_p90": 0.916}) == (
        "Forecasts so far: 51 % within the median, 92 % within the upper figure."
    )
    assert kept(check([])) == ""


def test_the_desk_looks_at_the_newest_tickets_only(two_events):
    assert check([two_events[1]], newest=10)["tickets"] == 5
