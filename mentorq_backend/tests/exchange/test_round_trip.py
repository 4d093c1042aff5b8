"""Export, import into an empty queue, export again: the same bytes, and the same statistics."""

import io
import itertools
import json
import math
import random
import tracemalloc
from collections import deque
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mentorq.api.texts import lines as lines_of
from mentorq.api.texts import note, one_line
from mentorq_backend import stats
from mentorq_backend.exchange import exports, imports, writing
from mentorq_backend.exchange.exports import lines
from mentorq_backend.exchange.imports import add_tickets
from mentorq_backend.feedback.models import RATINGS
from mentorq_backend.management.commands.seed import seed_tickets
from mentorq_backend.models import Feedback, Ticket, TicketEvent
from mentorq_backend.tests.exchange.files import empty, exported
from mentorq_users.models import User

SECOND = 1_000_000
FORMULAS = ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "'", ";=", ";'", "\t@"]
OWNERS = ["ada@example.edu", "grace@example.edu"]
MENTORS = ["mia@example.edu", "zoe@exämple.edu", "o'hara+1@xn--4ca.example"]

instants = st.datetimes(datetime(2025, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))
durations = st.none() | st.integers(0, 2**63 - 1)
characters = st.characters(exclude_categories=["Cs"], exclude_characters="\0") | st.sampled_from(",;\"'\r\n\t\u2028\ufeff=")
# As they are in a database: cleaned.
written = st.builds(str.__add__, st.sampled_from(["", *FORMULAS]), st.text(characters, max_size=8))
texts = written.map(one_line)
names = texts.filter(bool)
emails, owners = st.sampled_from(MENTORS), st.sampled_from(OWNERS)
entries = st.fixed_dictionaries(
    {
        "at": instants,
        "by": emails | owners,
        "from_status": st.sampled_from(["", *Ticket.Status.values]),
        "to_status": st.sampled_from(Ticket.Status.values),
        "mentor_email": st.just("") | emails,
        "note": written.map(note),
    }
)
feedback = st.fixed_dictionaries(
    {
        "rating": st.sampled_from(RATINGS),
        "comments": written.map(lines_of),
        "mentor": names,
        "mentor_email": emails,
        "created": instants,
    }
)
common = {
    "id": st.integers(1, 10**6), "owner_email": owners, "owner": names, "title": names, "comment": written.map(lines_of),
    "contact": texts, "location": names, "mentor": texts, "active": st.booleans(), "recorded": st.booleans(),
    "created": instants, "time_to_claim": durations, "time_to_close": durations,
}  # fmt: skip
tickets = st.one_of(
    st.fixed_dictionaries({**common, "status": st.just(status), **columns})
    for status, columns in {
        "OPEN": {},
        "CLAIMED": {"mentor_email": emails, "claimed_datetime": instants},
        "CLOSED": {
            "mentor_email": st.just("") | emails,
            "claimed_datetime": st.none() | instants,
            "closed_datetime": instants,
        },
        "CANCELLED": {"mentor_email": st.just("") | emails, "claimed_datetime": st.none() | instants},
    }.items()
)
lives = st.tuples(tickets, st.lists(entries, max_size=3), st.none() | feedback)
queues = st.lists(lives, max_size=4, unique_by=lambda life: life[0]["id"])


def possible(columns):
    """Return them with their instants in order, and without what such a ticket cannot have."""
    happened = [name for name in ("created", "claimed_datetime", "closed_datetime") if columns.get(name)]
    columns = columns | dict(zip(happened, sorted(columns[name] for name in happened), strict=True))
    waits = {"time_to_claim": "claimed_datetime", "time_to_close": "closed_datetime"}
    impossible = {wait: None for wait, end in waits.items() if columns["recorded"] or not columns.get(end)}
    return columns | impossible | ({"mentor": ""} if columns["status"] == "OPEN" else {})


def fill(queue):
    """Put these tickets, and nothing else, into the database."""
    empty()
    for columns, history, said in queue:
        ticket = Ticket(**possible(columns))
        ticket.save(force_insert=True)
        TicketEvent.objects.bulk_create(TicketEvent(ticket=ticket, **entry) for entry in history)
        if said:
            Feedback.objects.create(ticket=ticket, **said)


def take(content, extension):
    """Import a file, and return how many tickets were added and how many were there."""
    return add_tickets(io.BytesIO(content), extension, str)


@pytest.mark.parametrize("extension", ["csv", "jsonl"])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(queue=queues)
def test_every_queue_comes_back_as_the_same_bytes(extension, queue, db):
    fill(queue)
    content = exported(extension)
    empty()

    assert take(content, extension) == (len(queue), 0)

    assert exported(extension) == content
    assert take(content, extension) == (0, len(queue))
    assert exported(extension) == content


@pytest.mark.parametrize("extension", ["csv", "jsonl"])
@pytest.mark.parametrize("options", [{}, {"history": True}, {"feedback": True}])
def test_an_event_without_all_there_is_to_it_comes_back_as_the_same_bytes_too(extension, options, db):
    seed_tickets(502, 2015)
    content = exported(extension, **{"history": False, "feedback": False, **options})
    empty()

    take(content, extension)

    assert exported(extension, **{"history": False, "feedback": False, **options}) == content


@pytest.mark.parametrize("extension", ["csv", "jsonl"])
def test_the_statistics_of_an_event_are_the_same_after_it_came_back(extension, db):
    seed_tickets(502, 2015)
    before = stats.summary(Ticket.objects.all())
    content = exported(extension)
    empty()

    take(content, extension)

    assert stats.summary(Ticket.objects.all()) == before


def test_two_events_imported_one_after_the_other_are_both_there(db):
    seed_tickets(502, 1)
    first = exported()
    empty()
    User.objects.all().delete()
    seed_tickets(300, 2)
    second = exported()
    empty()

    assert (take(first, "jsonl"), take(second, "jsonl"), take(first, "jsonl")) == ((502, 0), (300, 0), (0, 502))

    assert Ticket.objects.count() == TicketEvent.objects.filter(from_status="").count() == 802


# Statistics, from the file alone


@pytest.fixture
def figures(db):
    """The statistics of the queue into which an event was imported."""
    take(event(), "jsonl")
    return stats.summary(Ticket.objects.all())


@pytest.fixture(scope="module")
def rows():
    """The rows of the file from which it was."""
    return [json.loads(line) for line in event().splitlines()]


def event():
    """Return a file of an event, from another queue, that gives no waiting times."""
    chance = random.Random(7)
    return b"".join(json.dumps(_ticket(chance, number)).encode() + b"\n" for number in range(400))


def _ticket(chance, number):
    created = datetime(2026, 2, 14, 12, tzinfo=UTC) + timedelta(seconds=chance.randrange(36 * 3600))
    status = chance.choice(["OPEN", "CLAIMED", "CLOSED", "CLOSED", "CANCELLED"])
    row = {
        "owner_email": f"hacker{chance.randrange(50)}@example.edu",
        "title": f"Trouble {number}",
        "location": "Table 12",
        "status": status,
        "created": created.isoformat(),
        "active": chance.random() < 0.8,
        "recorded": chance.random() < 0.1,
    }
    claimed = created + timedelta(seconds=chance.expovariate(1 / 600))
    if status in ("CLAIMED", "CLOSED"):
        row |= {"mentor_email": f"mentor{chance.randrange(9)}@example.edu", "claimed_datetime": claimed.isoformat()}
    if status == "CLOSED":
        row["closed_datetime"] = (claimed + timedelta(seconds=chance.expovariate(1 / 900))).isoformat()
        row["rating"] = chance.choice([None, *RATINGS])
    return row


def seconds(rows, instant):
    """Return the waits until that instant, shortest first, without those of tickets recorded afterwards."""
    waits = (
        (_at(row[instant]) - _at(row["created"])).total_seconds() for row in rows if instant in row and not row["recorded"]
    )
    return sorted(waits)


def _at(text):
    return datetime.fromisoformat(text)


def mean(numbers):
    return pytest.approx(sum(numbers) / len(numbers), rel=1e-12) if numbers else None


def nearest_rank(numbers, percent):
    return numbers[math.ceil(len(numbers) * percent / 100) - 1]


def having(rows, **columns):
    return [row for row in rows if all(row[name] == value for name, value in columns.items())]


def by(rows, key):
    return [(value, list(group)) for value, group in itertools.groupby(sorted(rows, key=key), key)]


def test_the_durations_of_an_imported_file_are_those_of_plain_python(rows, figures):
    claims = seconds(rows, "claimed_datetime")
    closes = seconds(having(rows, status="CLOSED", active=True), "closed_datetime")

    assert {name: value for name, value in figures.items() if name.endswith("_seconds")} == {
        "average_claimed_datetime_seconds": mean(claims),
        "average_closed_datetime_seconds": mean(closes),
        "median_claimed_datetime_seconds": nearest_rank(claims, 50),
        "median_closed_datetime_seconds": nearest_rank(closes, 50),
        "p90_claimed_datetime_seconds": nearest_rank(claims, 90),
        "p90_closed_datetime_seconds": nearest_rank(closes, 90),
    }


def test_the_counts_of_an_imported_file_are_those_of_plain_python(rows, figures):
    ratings = [row["rating"] for row in rows if row.get("rating")]

    assert figures["Average Rating"] == {"rating__avg": mean(ratings)}
    assert {name: value for name, value in figures.items() if isinstance(value, int)} == {
        "Total tickets": 400,
        "Open tickets": len(having(rows, status="OPEN")),
        "Claimed tickets": len(having(rows, status="CLAIMED")),
        "Closed Tickets": len(having(rows, status="CLOSED")),
        "Cancelled Tickets": len(having(rows, status="CANCELLED")),
        "Number of mentors": len({row["mentor_email"] for row in rows if "mentor_email" in row}),
        "Number of users": len({row["owner_email"] for row in rows}),
        **dict.fromkeys(["cancelled_by_server", "returned_by_server"], 0),
    }


def test_the_hours_of_an_imported_file_are_those_of_plain_python(rows, figures):
    assert figures["per_hour"] == [
        {
            "hour": hour,
            "tickets": len(group),
            "closed": len(having(group, status="CLOSED")),
            "cancelled": len(having(group, status="CANCELLED")),
            "average_claimed_datetime_seconds": mean(seconds(group, "claimed_datetime")),
        }
        for hour, group in by(rows, lambda row: _at(row["created"]).replace(minute=0, second=0, microsecond=0))
    ]


def test_the_mentors_of_an_imported_file_are_those_of_plain_python(rows, figures):
    mentors = by([row for row in rows if "mentor_email" in row], lambda row: row["mentor_email"])
    expected = [
        {
            "mentor_email": mentor,
            "tickets": len(group),
            "claimed": len(having(group, status="CLAIMED")),
            "closed": len(having(group, status="CLOSED")),
            "average_claimed_datetime_seconds": mean(seconds(group, "claimed_datetime")),
            "average_closed_datetime_seconds": mean(
                seconds(having(group, status="CLOSED", active=True), "closed_datetime")
            ),
        }
        for mentor, group in mentors
    ]

    assert figures["per_mentor"] == sorted(expected, key=lambda row: (-row["closed"], -row["claimed"], row["mentor_email"]))


# Memory


def peak(run):
    """Return the most bytes of Python's that were held while that ran."""
    tracemalloc.start()
    try:
        run()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_an_import_holds_less_than_a_kilobyte_of_each_row(db, monkeypatch):
    monkeypatch.setattr(imports, "ROWS_AT_ONCE", 200)
    monkeypatch.setattr(writing, "ROWS_AT_ONCE", 200)
    seed_tickets(2008, 1)
    content = exported().splitlines(keepends=True)
    empty()

    few, many = (peak(lambda part=part: add_tickets(part, "jsonl", str)) for part in (content[:502], content[502:]))

    assert (many - few) / (1506 - 502) < 1000


def test_an_export_of_three_times_as_many_tickets_needs_no_more_memory(db, monkeypatch):
    monkeypatch.setattr(exports, "ROWS_AT_ONCE", 200)
    seed_tickets(2008, 1)

    few, many = (
        peak(lambda part=part: deque(lines(part, "csv", history=True, feedback=True), maxlen=0))
        for part in (Ticket.objects.filter(pk__lte=Ticket.objects.earliest("pk").pk + 501), Ticket.objects.all())
    )

    assert many < few * 1.25
