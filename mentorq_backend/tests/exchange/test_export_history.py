"""`manage.py exporttickets --history --feedback`, and its progress."""

import csv
import io
import json
from datetime import UTC, datetime

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from mentorq.db.commands import database_name
from mentorq_backend.exchange import exports
from mentorq_backend.exchange.exports import COLUMNS, columns, lines
from mentorq_backend.models import Feedback, Ticket, TicketEvent

NOON = datetime(2026, 2, 14, 12, tzinfo=UTC)
EVENTS = {"history": True}
RATINGS = {"feedback": True}
FEEDBACK_COLUMNS = ("rating", "comments", "rated_mentor", "rated_mentor_email", "rated")


@pytest.fixture
def rated(ada, mia, make_ticket):
    """A closed ticket with feedback and a correction, all of it at noon."""
    ticket = make_ticket(ada, "CLOSED", mentor=mia, title="Loops", created=NOON)
    feedback = Feedback.objects.give(ticket, rating=4.5, comments="=Thanks")
    Feedback.objects.filter(pk=feedback.pk).update(created=NOON)
    corrected = {"from_status": "CLOSED", "to_status": "CLOSED", "note": "title: a → b\nlocation: c → d"}
    TicketEvent.objects.create(ticket=ticket, at=NOON, by="olga@example.edu", **corrected)
    TicketEvent.objects.update(at=NOON)
    return ticket


def objects(**options):
    return [json.loads(line) for line in lines(Ticket.objects.all(), "jsonl", **options)]


def cells(**options):
    text = "".join(lines(Ticket.objects.all(), "csv", **options))
    return list(csv.DictReader(io.StringIO(text, newline="")))


def entry(by, before, after, mentor_email="", note=""):
    return {
        "at": "2026-02-14T12:00:00Z",
        "by": by,
        "from": before,
        "to": after,
        "mentor_email": mentor_email,
        "note": note,
    }


@pytest.mark.parametrize(
    ("options", "more"),
    [
        ({}, ()),
        (RATINGS, FEEDBACK_COLUMNS),
        (EVENTS, ("history",)),
        ({**EVENTS, **RATINGS}, (*FEEDBACK_COLUMNS, "history")),
    ],
    ids=["nothing", "feedback", "history", "both"],
)
def test_the_columns_are_those_of_a_ticket_and_what_is_asked_for(options, more, rated):
    [row] = objects(**options)
    [cell] = cells(**options)

    assert columns(**options) == tuple(row) == tuple(cell) == (*COLUMNS, *more)


def test_feedback_is_that_of_the_ticket(rated):
    [row] = objects(feedback=True)

    assert [row[name] for name in FEEDBACK_COLUMNS] == [
        4.5,
        "=Thanks",
        "Mia Mentor",
        "mia@example.edu",
        "2026-02-14T12:00:00Z",
    ]


def test_feedback_in_csv_is_no_formula(rated):
    [row] = cells(feedback=True)

    assert [row[name] for name in FEEDBACK_COLUMNS] == [
        "4.5",
        "'=Thanks",
        "Mia Mentor",
        "mia@example.edu",
        "2026-02-14T12:00:00Z",
    ]


def test_where_there_is_no_feedback_its_columns_are_empty(ada, make_ticket):
    make_ticket(ada)

    [row], [cell] = objects(feedback=True), cells(feedback=True)

    assert [row[name] for name in FEEDBACK_COLUMNS] == [None] * 5
    assert [cell[name] for name in FEEDBACK_COLUMNS] == [""] * 5


def test_the_history_is_what_happened_oldest_first(rated):
    [row] = objects(history=True)

    assert row["history"] == [
        entry("ada@example.edu", "", "OPEN"),
        entry("mia@example.edu", "OPEN", "CLAIMED", "mia@example.edu"),
        entry("mia@example.edu", "CLAIMED", "CLOSED", "mia@example.edu"),
        entry("olga@example.edu", "CLOSED", "CLOSED", note="title: a → b\nlocation: c → d"),
    ]


def test_the_history_in_csv_is_the_same_as_json_in_one_cell(rated):
    [row], [cell] = objects(history=True), cells(history=True)

    assert json.loads(cell["history"]) == row["history"]


def test_every_ticket_has_its_own_history(ada, grace, make_ticket):
    make_ticket(ada, "CANCELLED", created=NOON)
    make_ticket(grace)
    Ticket.objects.bulk_create([Ticket(owner_email="x@example.edu", owner="x", title="x", location="x")])

    histories = [[(event["by"], event["to"]) for event in row["history"]] for row in objects(history=True)]

    assert histories == [
        [("ada@example.edu", "OPEN"), ("ada@example.edu", "CANCELLED")],
        [("grace@example.edu", "OPEN")],
        [],
    ]


def test_only_the_history_of_the_tickets_asked_for_is_read(ada, grace, make_ticket):
    make_ticket(ada)
    make_ticket(grace)

    with CaptureQueriesContext(connection) as queries:
        [line] = lines(Ticket.objects.filter(owner_email=ada.email), "jsonl", history=True)

    assert [event["by"] for event in json.loads(line)["history"]] == [ada.email]
    assert len(queries) == 3


def test_the_history_takes_one_query_more_for_each_two_thousand_tickets_and_the_feedback_none(db):
    Ticket.objects.bulk_create(Ticket(owner_email="a@b.co", owner="a", title="t", location="l") for _ in range(4001))

    with CaptureQueriesContext(connection) as queries:
        total = len(list(lines(Ticket.objects.all(), "jsonl", history=True, feedback=True)))

    assert (total, len(queries)) == (4001, 1 + 3 + 3)


def test_the_command_writes_them_when_asked(rated, capsys):
    call_command("exporttickets", "--history", "--feedback", "--format=jsonl")

    assert capsys.readouterr().out == "".join(lines(Ticket.objects.all(), "jsonl", history=True, feedback=True))


@pytest.mark.parametrize(
    ("name", "arguments", "written"),
    [
        ("tickets.jsonl", [], "jsonl"),
        ("tickets.jsonl", ["--format=csv"], "csv"),
        ("tickets.csv", [], "csv"),
        ("tickets", [], "csv"),
        ("tickets", ["--format=jsonl"], "jsonl"),
    ],
)
def test_the_format_is_what_the_option_or_the_files_name_says(name, arguments, written, rated, tmp_path):
    call_command("exporttickets", str(tmp_path / name), *arguments)

    assert (tmp_path / name).read_bytes().decode() == "".join(lines(Ticket.objects.all(), written))


def test_progress_is_shown_where_a_long_file_is_written(ada, make_ticket, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(exports, "REPORTED_EVERY", 2)
    for title in "abcd":
        make_ticket(ada, title=title)

    call_command("exporttickets", str(tmp_path / "tickets.jsonl"))

    said = capsys.readouterr().err.splitlines()
    assert said == [f"Database: {database_name()}", "Lines written: 2", "Lines written: 4", "Tickets written: 4"]


def test_on_standard_output_there_is_no_progress(ada, make_ticket, capsys, monkeypatch):
    monkeypatch.setattr(exports, "REPORTED_EVERY", 1)
    make_ticket(ada)

    call_command("exporttickets")

    assert capsys.readouterr().err == f"Database: {database_name()}\nTickets written: 1\n"
