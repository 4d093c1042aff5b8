"""Positions and what a ticket keeps of its stay in the queue, after any moves, against a plain list."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import override_settings
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mentorq_backend.models import Ticket, TicketEvent
from mentorq_backend.tests.exchange.files import ROW, jsonl
from mentorq_backend.waits.forecast import forecast
from mentorq_backend.waits.positions import PastQueue
from mentorq_backend.waits.queue import QUEUE
from mentorq_backend.waits.sample import rows, wait
from mentorq_users.lcs.client import LCSProfile
from mentorq_users.lcs.standin import PEOPLE
from mentorq_users.models import User

NOON = datetime(2026, 10, 17, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
MOVES = ["create", "claim", "release", "close", "cancel", "reopen", "expire"]


@pytest.fixture
def people(db):
    """Ada, who asks; Mia, who helps; Olga, who ends what nobody ended."""
    found = {person["email"]: User.objects.from_lcs(LCSProfile.from_body(person)) for person in PEOPLE}
    return [found[f"{name}@example.edu"] for name in ("ada", "mia", "olga")]


class PlainQueue:
    """The queue as a list: who waits, in order, and how each stay went. Nobody may wait twice at once."""

    def __init__(self):
        self.waiting, self.stays = [], {}

    def enter(self, pk, at):
        self.stays[pk] = {"queued": at, "ahead": len(self.waiting), "claimed": None, "left": None}
        self.waiting.append(pk)

    def leave(self, pk, at, *, claimed):
        self.waiting.remove(pk)
        self.stays[pk] |= {"claimed": at if claimed else None, "left": at}

    def come_back(self, pk):
        self.stays[pk] |= {"claimed": None, "left": None}
        self.waiting = sorted([*self.waiting, pk], key=lambda other: (self.stays[other]["queued"], other))


STATUSES = {
    "claim": "OPEN", "release": "CLAIMED", "close": "CLAIMED", "cancel": "OPEN", "expire": "OPEN", "reopen": "CANCELLED",
}  # fmt: skip


def make(move, ticket, plain, at, people):
    ada, mia, olga = people
    if move == "claim":
        ticket.claim(by=mia)
        plain.leave(ticket.pk, at, claimed=True)
    elif move == "release":
        ticket.release(by=mia)
        plain.come_back(ticket.pk)
    elif move == "close":
        ticket.close(by=mia)
    elif move in ("cancel", "expire"):
        ticket.cancel(by=ada if move == "cancel" else olga)
        plain.leave(ticket.pk, at, claimed=False)
    else:
        ticket.reopen(by=olga)
        plain.enter(ticket.pk, at)


@pytest.mark.django_db
@override_settings(TICKETS_MAX_OPEN=1000, TICKETS_PER_HOUR=1000, MOVES_PER_HOUR=1000)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=st.lists(st.tuples(st.sampled_from(MOVES), st.integers(0, 9)), max_size=25))
def test_position_and_forecast_follow_every_move(moves, people):
    TicketEvent.objects.all().delete()
    Ticket.objects.all().delete()  # of the example before
    plain, ada = PlainQueue(), people[0]
    with pytest.MonkeyPatch.context() as patch:
        for number, (move, choice) in enumerate(moves):
            at = NOON + number * MINUTE
            patch.setattr("django.utils.timezone.now", lambda at=at: at)
            if move == "create":
                ticket = Ticket.objects.open(by=ada, owner_email=ada.email, title="x", location="x", created=at)
                plain.enter(ticket.pk, at)
                continue
            fitting = Ticket.objects.filter(status=STATUSES[move], recorded=False).order_by("pk")
            if fitting:
                make(move, fitting[choice % len(fitting)], plain, at, people)

    assert list(Ticket.objects.waiting().with_position().values_list("pk", "position")) == [
        (pk, place) for place, pk in enumerate(plain.waiting, 1)
    ]
    kept = Ticket.objects.filter(pk__in=plain.stays).values("pk", "queued", "ahead", "claimed_datetime", "left_queue")
    assert {
        row["pk"]: {"queued": row["queued"], "ahead": row["ahead"], "claimed": row["claimed_datetime"],
                    "left": row["left_queue"]}
        for row in kept
    } == plain.stays  # fmt: skip
    now = NOON + timedelta(days=1)
    of_rows = [wait(row, now) for row in rows(Ticket.objects.all())]
    stays = [(stay["claimed"] or stay["left"] or now, stay) for stay in plain.stays.values()]
    of_list = [(stay["ahead"] + 1, (end - stay["queued"]).total_seconds(), bool(stay["claimed"])) for end, stay in stays]
    assert sorted(of_rows) == sorted(of_list)
    QUEUE.clear()
    assert QUEUE.get().figures["waiting"] == len(plain.waiting)
    assert forecast(of_rows, len(plain.waiting) + 1) == forecast(sorted(of_rows), len(plain.waiting) + 1)


@given(st.lists(st.tuples(st.integers(0, 20), st.none() | st.integers(0, 20))), st.integers(0, 25))
def test_the_past_queue_counts_who_had_come_and_not_left(stays, minute):
    lasting = [(start, None if length is None else start + length) for start, length in stays]
    queue = PastQueue((NOON + start * MINUTE, None if end is None else NOON + end * MINUTE) for start, end in lasting)

    expected = [1 for start, end in lasting if start < minute and (end is None or minute <= end)]
    assert queue.open_before(NOON + minute * MINUTE) == len(expected)


def at(minutes):
    return (NOON + minutes * MINUTE).isoformat()


def test_an_imported_ticket_gets_its_place_from_the_instants(import_, ada, make_ticket):
    make_ticket(ada, title="there already", created=NOON - MINUTE)
    mentored = {"mentor_email": "mia@example.edu"}
    lines = [
        {**ROW, "title": "first", "created": at(0)},
        {**ROW, "title": "claimed", "created": at(1), "status": "CLAIMED", "claimed_datetime": at(10), **mentored},
        {**ROW, "title": "cancelled", "created": at(2), "status": "CANCELLED", "moved": at(4)},
        {**ROW, "title": "recorded", "created": at(3), "status": "CLOSED", "closed_datetime": at(3), "recorded": True},
        {**ROW, "title": "closed unclaimed", "created": at(5), "status": "CLOSED", "closed_datetime": at(6)},
        {**ROW, "title": "last", "created": at(20)},
    ]

    import_(jsonl(*reversed(lines)))

    rows = Ticket.objects.order_by("created").values_list("title", "ahead", "left_queue")
    assert [(title, ahead, left and (left - NOON) // MINUTE) for title, ahead, left in rows] == [
        ("there already", 0, None),
        ("first", 1, None),
        ("claimed", 2, 10),
        ("cancelled", 3, 4),
        ("recorded", 0, 3),
        ("closed unclaimed", 3, 6),
        ("last", 2, None),
    ]
