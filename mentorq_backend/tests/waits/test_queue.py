"""GET /api/queue/: counts, positions and forecasts for everybody, and no people."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from mentorq_backend.models import Event, Ticket
from mentorq_backend.waits import queue
from mentorq_backend.waits.queue import QUEUE

PATH = "/api/queue/"
MINUTE = timedelta(minutes=1)
EMPTY = {
    "open": True, "event": None, "event_id": None, "opens": None, "closes": None, "message": "", "waiting": 0, "claimed": 0,
    "mentors_at_work": 0, "wait": None,
}  # fmt: skip


@pytest.fixture
def ask():
    """Ask as if a second had passed."""

    def get(client=None, **headers):
        QUEUE.read = None
        return (client or APIClient()).get(PATH, headers=headers)

    return get


@pytest.fixture
def helped(grace):
    """Tickets of Grace's that were claimed after one, two, three … minutes, alone in the queue."""

    def make(count=10):
        start = timezone.now() - count * 100 * MINUTE
        for number in range(1, count + 1):
            at = start + number * 100 * MINUTE
            columns = {"owner_email": grace.email, "title": "x", "location": "x", "created": at}
            claimed = {"claimed_datetime": at + number * MINUTE, "left_queue": at + number * MINUTE}
            Ticket.objects.create(
                **columns, **claimed, status="CLOSED", closed_datetime=at + number * MINUTE, mentor="Mia",
                mentor_email="mia@example.edu",
            )  # fmt: skip

    return make


def test_an_empty_queue_without_events(db, ask):
    response = ask()

    assert (response.status_code, response.json()) == (200, EMPTY)


def test_it_counts_tickets_and_mentors(ada, grace, mia, max_, make_ticket, ask):
    for owner in (ada, grace):
        make_ticket(owner)
        make_ticket(owner, "CLAIMED", mentor=mia)
    make_ticket(ada, "CLAIMED", mentor=max_)
    make_ticket(ada, "CLOSED", mentor=mia)
    make_ticket(ada, "CANCELLED")

    assert ask().json() == {**EMPTY, "waiting": 2, "claimed": 3, "mentors_at_work": 2}


def test_it_shows_the_event(db, ask):
    now = timezone.now().replace(microsecond=0)
    event = Event.objects.create(name="HackRU", opens=now - MINUTE, closes=now + MINUTE, message="Pizza at 7")

    assert ask().json() == {
        **EMPTY,
        "event": "HackRU",
        "event_id": event.pk,
        "closes": (now + MINUTE).isoformat().replace("+00:00", "Z"),
        "message": "Pizza at 7",
    }


@pytest.mark.parametrize(
    ("columns", "is_open", "opens"), [({}, True, False), ({"paused": True}, False, True), ({"closes": True}, False, True)]
)
def test_a_closed_queue_says_when_the_next_event_opens(columns, is_open, opens, db, ask):
    now = timezone.now().replace(microsecond=0)
    if "closes" in columns:
        columns = {"closes": now - MINUTE}
    Event.objects.create(name="HackRU", opens=now - 2 * MINUTE, **columns)
    Event.objects.create(name="next", opens=now + MINUTE)

    response = ask().json()

    shown = (now + MINUTE).isoformat().replace("+00:00", "Z") if opens else None
    assert (response["open"], response["event"], response["opens"]) == (is_open, "HackRU", shown)


def test_before_the_first_event_opens_there_is_none_and_the_queue_is_closed(db, ask):
    opens = timezone.now().replace(microsecond=0) + MINUTE
    Event.objects.create(name="HackRU", opens=opens)

    assert ask().json() == {**EMPTY, "open": False, "opens": opens.isoformat().replace("+00:00", "Z")}


def test_the_forecast_is_that_of_a_newcomer(helped, ada, make_ticket, ask):
    helped(10)

    alone = ask().json()["wait"]
    make_ticket(ada)

    assert alone == {"median_seconds": 300, "p90_seconds": 540, "tickets": 10}
    assert ask().json()["wait"]["median_seconds"] == 600


@pytest.mark.parametrize(("count", "is_there"), [(4, False), (5, True)])
def test_it_needs_five_claims(count, is_there, helped, ask):
    helped(count)

    assert (ask().json()["wait"] is not None) == is_there


def test_claims_of_earlier_events_do_not_count(helped, ask):
    helped(10)
    Event.objects.create(name="HackRU", opens=timezone.now() + MINUTE)
    Event.objects.create(name="now", opens=timezone.now())

    assert ask().json()["wait"] is None


# With a token


def test_with_a_token_it_shows_the_callers_places(ada, grace, mia, helped, make_ticket, client_of, ask):
    helped(10)
    first = make_ticket(ada)
    make_ticket(grace)
    second = make_ticket(ada)
    make_ticket(ada, "CLAIMED", mentor=mia)

    yours = ask(client_of(ada)).json()["yours"]

    assert [(place["ticket"], place["position"], place["wait"]["median_seconds"]) for place in yours] == [
        (first.pk, 1, 300),
        (second.pk, 3, 900),
    ]


def test_nobody_sees_the_places_of_others(ada, grace, mia, dan, make_ticket, client_of, ask):
    make_ticket(ada)

    assert [ask(client_of(user)).json()["yours"] for user in (grace, mia, dan)] == [[]] * 3
    assert "yours" not in ask().json()


def test_a_release_keeps_the_place_and_a_reopening_goes_to_the_end(ada, grace, mia, make_ticket, client_of, ask):
    released, reopened = make_ticket(ada, "CLAIMED", mentor=mia), make_ticket(ada)
    make_ticket(grace)
    released.release(by=mia)
    reopened.cancel(by=ada)
    reopened.reopen(by=ada)

    yours = ask(client_of(ada)).json()["yours"]

    assert [(place["ticket"], place["position"]) for place in yours] == [(released.pk, 1), (reopened.pk, 3)]


@pytest.mark.parametrize("token", ["x", ""])
def test_a_bad_token_is_401(token, db, ask):
    response = ask(Authorization=f"Bearer {token}x")

    assert (response.status_code, response.json()["code"]) == (401, "token_not_valid")


# ETag, queries and time


def test_an_unchanged_queue_is_304(ada, make_ticket, ask):
    tag = ask()["ETag"]
    unchanged = ask(**{"If-None-Match": tag})
    make_ticket(ada)
    changed = ask(**{"If-None-Match": tag})

    assert (unchanged.status_code, unchanged.content, unchanged["ETag"]) == (304, b"", tag)
    assert (changed.status_code, changed["ETag"] == tag) == (200, False)


def test_a_tag_holds_only_for_who_got_it(ada, make_ticket, client_of, ask):
    make_ticket(ada)
    tag = ask(client_of(ada))["ETag"]

    assert ask(**{"If-None-Match": tag}).status_code == 200
    assert ask(client_of(ada), **{"If-None-Match": tag}).status_code == 304


@pytest.mark.parametrize(("name", "more"), [(None, 0), ("ada", 2)])
def test_it_takes_three_queries_a_second_and_two_more_with_a_token(name, more, helped, person, client_of):
    helped(10)
    Event.objects.create(name="HackRU", opens=timezone.now() - timedelta(days=9))
    client = client_of(person(name)) if name else APIClient()
    client.get(PATH)
    QUEUE.read = None

    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as queries:
            assert client.get(PATH).status_code == 200
        counts.append(len(queries))

    assert counts == [3 + more, more]


def test_within_a_second_it_is_not_computed_again(ada, make_ticket, monkeypatch):
    clock = [100.0]
    monkeypatch.setattr(queue.time, "monotonic", lambda: clock[0])
    client, seen = APIClient(), []
    for seconds in (0, 0.9, 1.1):
        clock[0] = 100 + seconds
        seen.append(client.get(PATH).json()["waiting"])
        make_ticket(ada)

    assert seen == [0, 0, 2]


def test_a_forecast_drifts_every_30_seconds_or_when_a_ticket_changes(helped, ada, make_ticket, monkeypatch):
    """A ticket that waits longer and longer makes the 90th percentile grow."""
    helped(5)
    clock, start = [100.0], timezone.now()
    make_ticket(ada, created=start)
    monkeypatch.setattr(queue.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(queue.timezone, "now", lambda: start + timedelta(hours=1, seconds=clock[0]))
    client, seen = APIClient(), []
    for seconds in (0, 29, 31):
        clock[0] = 100.0 + seconds
        seen.append(client.get(PATH).json()["wait"]["p90_seconds"])

    assert (seen[0], seen[1]) == (2 * 3700, 2 * 3700)
    assert seen[2] == 2 * 3731


def test_it_answers_other_origins(db, ask):
    response = ask(Origin="http://localhost:3000")

    assert response["Access-Control-Allow-Origin"] == "http://localhost:3000"
    assert "ETag" in response["Access-Control-Expose-Headers"]


def test_it_shows_no_people(ada, mia, make_ticket, ask):
    make_ticket(ada, title="Secret", location="Somewhere")
    make_ticket(ada, "CLAIMED", mentor=mia)

    body = ask().content.decode()

    assert [word for word in ("ada", "Ada", "mia", "Mia", "@", "Secret", "Somewhere") if word in body] == []
