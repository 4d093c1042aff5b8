"""`manage.py importtickets` while others work, and what it says meanwhile."""

import itertools
import re
from functools import partial

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from mentorq.db.commands import database_name
from mentorq_backend.exchange import exports, imports
from mentorq_backend.models import Ticket, TicketEvent
from mentorq_backend.tests.exchange.files import ROW, jsonl


def quiet(text):
    """Take progress, and say nothing."""


def test_tickets_opened_at_the_same_time_and_imported_ones_all_have_their_own_id(at_once, grace, client_of, settings):
    settings.TICKETS_MAX_OPEN = 100
    client, titles = client_of(grace), map(str, itertools.count())

    def post():
        return client.post("/api/tickets/", {"title": next(titles), "location": "Table 12"})

    files = [
        [jsonl({**ROW, "id": pk, "title": f"{name} {pk}"}) for pk in range(1, 301)] for name in ("last year", "another")
    ]

    results = at_once([*(partial(imports.add_tickets, file, "jsonl", quiet) for file in files), *[post] * 14])

    assert results[:2] == [(300, 0), (300, 0)]
    assert {response.status_code for response in results[2:]} == {201}
    assert (Ticket.objects.count(), TicketEvent.objects.count()) == (614, 614)
    assert post().status_code == 201


def test_one_file_imported_by_two_at_once_is_there_once(at_once):
    file = [jsonl({**ROW, "id": pk, "title": str(pk)}) for pk in range(1, 301)]

    results = at_once([partial(imports.add_tickets, file, "jsonl", quiet)] * 4)

    assert sorted(results) == [(0, 300), (0, 300), (0, 300), (300, 0)]
    assert Ticket.objects.count() == 300


def test_progress_is_shown_where_it_takes_long(db, monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(exports, "REPORTED_EVERY", 2)

    file = tmp_path / "tickets.jsonl"
    file.write_bytes(jsonl(*({**ROW, "title": title} for title in "abcde")))

    call_command("importtickets", str(file))

    assert capsys.readouterr().err.splitlines() == [
        f"Database: {database_name()}",
        "Rows read: 2",
        "Rows read: 4",
        "All rows are valid: adding the tickets that do not exist yet.",
    ]


def test_of_a_short_file_only_the_end_is_told(db, tmp_path, capsys):
    file = tmp_path / "tickets.jsonl"
    file.write_bytes(jsonl(ROW))

    call_command("importtickets", str(file))

    assert capsys.readouterr() == ("Tickets added: 1; there already: 0\n", f"Database: {database_name()}\n")


def test_an_import_that_does_not_get_the_lock_says_so_and_changes_nothing(committed, monkeypatch, tmp_path, at_once):
    file = tmp_path / "tickets.jsonl"
    file.write_bytes(jsonl(ROW))
    monkeypatch.setattr("mentorq.db.locks.PATIENCE", "100ms")

    def locked():
        with connection.cursor() as cursor:
            if connection.vendor == "sqlite":
                cursor.execute("PRAGMA busy_timeout = 100")
        with pytest.raises(CommandError) as error:
            call_command("importtickets", str(file))
        return str(error.value)

    with transaction.atomic():
        Ticket.objects.filter(pk=0).delete()
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute("LOCK TABLE mentorq_backend_ticket IN ROW EXCLUSIVE MODE")
        [said] = at_once([locked])

    assert re.fullmatch(r"Nothing was imported: .*lock.* Try again when fewer people use MentorQ\.", said, re.DOTALL)
    assert Ticket.objects.count() == 0
