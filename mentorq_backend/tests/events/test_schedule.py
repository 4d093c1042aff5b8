"""Which event is present, whether the queue is open, and what a closed queue says."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from mentorq_backend.events.schedule import Schedule
from mentorq_backend.models import Event

NOON = datetime(2026, 10, 17, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def event(pk, opens, closes=None, **columns):
    end = None if closes is None else NOON + closes * HOUR
    return Event(pk=pk, name=f"event {pk}", opens=NOON + opens * HOUR, closes=end, version=pk, **columns)


def at(hours, *events):
    """The present event, the next one, and whether the queue is open, so many hours after noon."""
    schedule, instant = Schedule.of(events), NOON + hours * HOUR
    present, following = schedule.present(instant), schedule.following(instant)
    return present and present.pk, following and following.pk, schedule.is_open(instant)


def test_without_events_the_queue_is_always_open():
    assert at(0) == (None, None, True)


@pytest.mark.parametrize(
    ("hours", "expected"),
    [
        (-1, (None, 1, False)),
        (0, (1, 2, True)),
        (23.9, (1, 2, True)),
        (24, (1, 2, False)),
        (99, (1, 2, False)),
        (100, (2, None, True)),
        (9999, (2, None, True)),
    ],
)
def test_the_present_event_is_the_last_one_that_has_opened(hours, expected):
    assert at(hours, event(2, 100), event(1, 0, 24)) == expected


def test_an_event_without_a_closing_lasts_until_the_next_one_opens():
    assert [at(hours, event(1, 0), event(2, 10, 20)) for hours in (9, 10, 20)] == [
        (1, 2, True),
        (2, None, True),
        (2, None, False),
    ]


def test_a_paused_event_is_present_and_its_queue_closed():
    assert at(1, event(1, 0, 24, paused=True)) == (1, None, False)


@pytest.mark.parametrize(
    ("hours", "events", "sentence"),
    [
        (-1, [event(1, 0)], "The queue is closed. It opens on Sat 17 Oct 2026, 08:00 (America/New_York)."),
        (30, [event(1, 0, 24)], "The queue is closed: event 1 is over."),
        (
            30,
            [event(1, 0, 24), event(2, 48)],
            "The queue is closed. It opens on Mon 19 Oct 2026, 08:00 (America/New_York).",
        ),
        (1, [event(1, 0, paused=True), event(2, 48)], "The queue is paused. An organizer will open it again."),
        (30, [event(1, 0, 24, paused=True)], "The queue is closed: event 1 is over."),
    ],
)
def test_a_closed_queue_says_when_it_opens_or_that_it_is_over(settings, hours, events, sentence):
    settings.DESK_TIME_ZONE = ZoneInfo("America/New_York")

    assert Schedule.of(events).why_closed(NOON + hours * HOUR) == sentence
