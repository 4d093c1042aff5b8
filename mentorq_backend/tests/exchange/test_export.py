"""`manage.py exporttickets`."""

import csv
import io
import json
import os
import re
import resource
import subprocess
import sys
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext

from mentorq.db.commands import database_name
from mentorq.tests.servers import migrated
from mentorq_backend.exchange import exports
from mentorq_backend.exchange.exports import COLUMNS, lines, unescaped
from mentorq_backend.models import Ticket

NOON = datetime(2026, 2, 14, 12, tzinfo=UTC)
HEADER = (
    '"id","owner_email","owner","title","comment","contact","location","status","mentor","mentor_email","active",'
    '"recorded","created","queued","claimed_datetime","closed_datetime","moved","time_to_claim","time_to_close"\r\n'
)


@pytest.fixture
def export(db, capsys):
    """What the command prints with these arguments."""

    def run(*arguments):
        call_command("exporttickets", *arguments)
        return capsys.readouterr().out

    return run


@pytest.fixture
def titles(export):
    """The titles that the command prints, in their order."""
    return lambda *arguments: "".join(
        json.loads(line)["title"] for line in export("--format=jsonl", *arguments).splitlines()
    )


@pytest.fixture
def queue(ada, grace, mia, max_, make_ticket):
    """Four tickets, an hour apart, the newest made first."""
    make_ticket(ada, "CLOSED", mentor=mia, title="d", created=NOON + timedelta(hours=3))
    make_ticket(grace, "CANCELLED", title="c", created=NOON + timedelta(hours=2))
    make_ticket(grace, "CLAIMED", mentor=max_, title="b", created=NOON + timedelta(hours=1))
    make_ticket(ada, title="a", created=NOON)


@pytest.fixture
def two(ada, mia, make_ticket):
    """An open ticket with all that is awkward in a text, and a closed one with every column filled; their ids."""
    awkward = make_ticket(
        ada,
        title="=HYPERLINK(0)",
        comment='Zoë says "né\r\nда, 你好" 🦀',
        contact="@ada",
        location="'t Hooft",
        created=NOON,
    )
    done = make_ticket(ada, "CLOSED", mentor=mia, title="Loops", created=NOON + timedelta(microseconds=5))
    Ticket.objects.filter(pk=done.pk).update(
        active=False,
        recorded=True,
        claimed_datetime=NOON + timedelta(seconds=1),
        closed_datetime=NOON + timedelta(minutes=1, milliseconds=250),
        moved=NOON + timedelta(minutes=1, milliseconds=250),
        time_to_claim=999_995,
        time_to_close=5,
    )
    return awkward.pk, done.pk


@contextmanager
def full_after(size):
    """As on a disk with so many bytes left: files end there."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_csv_quotes_cells_and_puts_an_apostrophe_before_formulas_and_apostrophes(export, two):
    assert export() == (
        f"{HEADER}"
        f"""{two[0]},"ada@example.edu","Ada Lovelace","'=HYPERLINK(0)","""
        '"Zoë says ""né\r\nда, 你好"" 🦀",'
        """"'@ada","''t Hooft","OPEN","","","true","false","2026-02-14T12:00:00Z","2026-02-14T12:00:00Z","","","""
        '"2026-02-14T12:00:00Z","",""\r\n'
        f'{two[1]},"ada@example.edu","Ada Lovelace","Loops","","","Table 12","CLOSED","Mia Mentor","mia@example.edu",'
        '"false","true","2026-02-14T12:00:00.000005Z","2026-02-14T12:00:00.000005Z","2026-02-14T12:00:01Z",'
        '"2026-02-14T12:01:00.250000Z","2026-02-14T12:01:00.250000Z",999995,5\r\n'
    )


def test_json_lines_hold_the_exact_values(export, two):
    assert export("--format=jsonl") == (
        f'{{"id":{two[0]},"owner_email":"ada@example.edu","owner":"Ada Lovelace","title":"=HYPERLINK(0)",'
        '"comment":"Zoë says \\"né\\r\\nда, 你好\\" 🦀","contact":"@ada","location":"\'t Hooft","status":"OPEN",'
        '"mentor":"","mentor_email":"","active":true,"recorded":false,"created":"2026-02-14T12:00:00Z",'
        '"queued":"2026-02-14T12:00:00Z","claimed_datetime":null,"closed_datetime":null,'
        '"moved":"2026-02-14T12:00:00Z","time_to_claim":null,"time_to_close":null}\n'
        f'{{"id":{two[1]},"owner_email":"ada@example.edu","owner":"Ada Lovelace","title":"Loops","comment":"",'
        '"contact":"","location":"Table 12","status":"CLOSED","mentor":"Mia Mentor","mentor_email":"mia@example.edu",'
        '"active":false,"recorded":true,"created":"2026-02-14T12:00:00.000005Z",'
        '"queued":"2026-02-14T12:00:00.000005Z","claimed_datetime":"2026-02-14T12:00:01Z",'
        '"closed_datetime":"2026-02-14T12:01:00.250000Z","moved":"2026-02-14T12:01:00.250000Z",'
        '"time_to_claim":999995,"time_to_close":5}\n'
    )


@pytest.mark.parametrize(
    "title",
    [
        "=1", "+1", "-1", "@a", "\t=1", "\r=1", "\n=1", "\r\n=1", "＝1", "＋1", "－1", "＠a", "'", "'=1", "''", "a=1",
        "1-1", " =1", "“=1”", 'x;=HYPERLINK("http://evil.example")', "x\t=1", "x\r\n=1", "a;'b", "a;;=1", "a;\t;@", "';'",
    ],
)  # fmt: skip
def test_no_csv_text_begins_a_formula_after_any_separator_and_each_is_read_back_as_it_was(ada, make_ticket, title):
    make_ticket(ada, title=title)

    [row] = csv.DictReader(io.StringIO("".join(lines(Ticket.objects.all(), "csv")), newline=""))

    assert row["title"][:1] not in tuple("=+-@\t\r\n＝＋－＠")
    assert [cell for cell in re.split("[;\t\r\n]", row["title"]) if cell.startswith(tuple("=+-@＝＋－＠"))] == []
    assert unescaped(row["title"]) == title


@pytest.mark.parametrize(("arguments", "text"), [([], HEADER), (["--format=jsonl"], "")])
def test_without_tickets_there_is_the_header_of_csv_alone(export, arguments, text):
    assert export(*arguments) == text


def test_every_column_of_a_ticket_is_exported_but_its_version_and_what_its_instants_tell():
    assert set(COLUMNS) == {field.attname for field in Ticket._meta.concrete_fields} - {"version", "ahead", "left_queue"}


def test_each_line_comes_by_itself(queue):
    assert [line.count("\r\n") for line in lines(Ticket.objects.all(), "csv")] == [1] * 5


def test_the_oldest_comes_first(titles, queue):
    assert titles() == "abcd"


def test_of_the_same_instant_the_lower_id_comes_first(titles, ada, make_ticket):
    for title in "abc":
        make_ticket(ada, title=title, created=NOON)

    assert titles() == "abc"


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (["--created-after=2026-02-14T13:00:00Z"], "bcd"),
        (["--created-after=2026-02-14T13:00:00"], "bcd"),
        (["--created-after=2026-02-14T14:00:00+01:00"], "bcd"),
        (["--created-before=2026-02-14T13:00:00Z"], "a"),
        (["--created-after=2026-02-14T13:00:00Z", "--created-before=2026-02-14T15:00:00Z"], "bc"),
        (["--created-after=2026-02-14T15:00:00Z", "--created-before=2026-02-14T13:00:00Z"], ""),
        (["--status=OPEN"], "a"),
        (["--status=OPEN,CLOSED"], "ad"),
        (["--status="], "abcd"),
        (["--status=CLAIMED,CLOSED", "--created-after=2026-02-14T14:00:00Z"], "d"),
    ],
)
def test_the_filters_mean_what_they_mean_in_the_api(titles, queue, arguments, found):
    assert titles(*arguments) == found


INSTANT = "Give an instant in ISO 8601, such as 2026-02-14T23:05:00Z."


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--created-after=noon"], f"--created-after: {INSTANT}"),
        (["--created-before=2026-02-30T00:00:00Z"], f"--created-before: {INSTANT}"),
        (
            ["--status=OPEN,LATE"],
            "--status: Select a valid choice. LATE is not one of the available choices. "
            "Give one or more of OPEN,CLAIMED,CLOSED,CANCELLED, with commas between them.",
        ),
        (
            ["--created-after=noon", "--created-before=night"],
            f"--created-after: {INSTANT}\n--created-before: {INSTANT}",
        ),
        (["--format=xml"], "Error: argument --format: invalid choice: 'xml' (choose from 'csv', 'jsonl')"),
    ],
)
def test_a_wrong_value_is_an_error_that_names_the_option_and_the_remedy(db, capsys, tmp_path, arguments, complaint):
    with pytest.raises(CommandError) as error:
        call_command("exporttickets", str(tmp_path / "tickets.csv"), *arguments)

    assert str(error.value) == complaint
    assert list(tmp_path.iterdir()) == []
    assert capsys.readouterr().out == ""


def test_a_file_gets_the_same_bytes_as_standard_output(export, two, tmp_path):
    file = tmp_path / "tickets.csv"

    assert export(str(file)) == ""

    assert file.read_bytes().decode("utf-8") == export("-") == export()


def test_an_existing_file_is_replaced_for_the_same_readers(export, queue, tmp_path):
    file = tmp_path / "tickets.csv"
    file.write_text("old " * 1000)
    file.chmod(0o640)

    export(str(file))

    assert file.read_bytes().decode("utf-8") == export()
    assert file.stat().st_mode & 0o777 == 0o640
    assert list(tmp_path.iterdir()) == [file]


def test_a_symbolic_link_still_names_the_file(export, tmp_path):
    file, link = tmp_path / "tickets.csv", tmp_path / "latest.csv"
    link.symlink_to(file)

    export(str(link))

    assert link.is_symlink()
    assert file.read_bytes().decode("utf-8") == HEADER


def test_an_export_that_the_database_fails_leaves_the_old_file(queue, tmp_path):
    def fail(*args):
        raise DatabaseError("gone away")

    file = tmp_path / "tickets.csv"
    file.write_text("old")

    with pytest.raises(DatabaseError, match="gone away"), connection.execute_wrapper(fail):
        call_command("exporttickets", str(file))

    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]


def test_an_export_for_which_the_disk_is_too_small_leaves_the_old_file(queue, tmp_path):
    file = tmp_path / "tickets.csv"
    file.write_text("old")

    with pytest.raises(CommandError) as error, full_after(300):
        call_command("exporttickets", str(file))

    assert str(error.value) == f"Cannot write to {file}: File too large. Name another FILE."
    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize(
    ("name", "reason"), [("missing/tickets.csv", "No such file or directory"), (".", "it is not a regular file")]
)
def test_a_file_that_cannot_be_written_is_an_error(db, tmp_path, name, reason):
    with pytest.raises(CommandError) as error:
        call_command("exporttickets", str(tmp_path / name))

    assert str(error.value) == f"Cannot write to {tmp_path / name}: {reason}. Name another FILE."
    assert list(tmp_path.iterdir()) == []


def test_a_device_is_not_replaced(db, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    with pytest.raises(CommandError, match="it is not a regular file"):
        call_command("exporttickets", str(pipe))

    assert pipe.is_fifo()


def test_standard_output_is_utf_8_with_its_own_line_ends_whatever_the_locale(two, export):
    raw = io.BytesIO()

    with io.TextIOWrapper(raw, encoding="latin-1", newline="\r\n") as terminal:
        call_command("exporttickets", stdout=terminal)
        printed = raw.getvalue()

    assert printed == export().encode("utf-8")


def test_a_reader_who_has_enough_ends_it_without_a_word(queue, capsys):
    reading, writing = os.pipe()
    os.close(reading)

    with open(writing, "w") as pipe, pytest.raises(SystemExit) as end:
        call_command("exporttickets", stdout=pipe)

    assert end.value.code == 1
    assert capsys.readouterr() == ("", f"Database: {database_name()}\n")


def test_a_process_whose_reader_has_enough_prints_no_traceback(tmp_path):
    environment = {**os.environ, "SECRET_KEY": "", "DATABASE_URL": migrated(str(tmp_path))}
    manage = [sys.executable, str(settings.BASE_DIR / "manage.py")]
    subprocess.run([*manage, "seed", "--tickets=1000"], env=environment, check=True, stdout=subprocess.DEVNULL)

    pipe = subprocess.PIPE
    with subprocess.Popen([*manage, "exporttickets"], env=environment, stdout=pipe, stderr=pipe, text=True) as process:
        first = process.stdout.readline()
        process.stdout.close()
        complaints = process.stderr.read()

    named = f"Database: SQLite {tmp_path}/db.sqlite3\n"
    assert (first, complaints, process.returncode) == (HEADER.replace("\r\n", "\n"), named, 1)


@pytest.mark.parametrize("arguments", [[], ["--format=jsonl"]])
def test_the_number_of_tickets_is_written_to_standard_error(queue, capsys, arguments):
    call_command("exporttickets", "--status=OPEN,CLOSED", *arguments)

    assert capsys.readouterr().err == f"Database: {database_name()}\nTickets written: 2\n"


def test_there_is_a_query_for_the_ids_and_one_for_each_two_thousand_tickets(db, ada):
    counts = []
    for more in (1, 4500):
        Ticket.objects.bulk_create(Ticket(owner_email=ada.email, owner="Ada", title="t", location="l") for _ in range(more))
        with CaptureQueriesContext(connection) as queries:
            total = len(list(lines(Ticket.objects.all(), "jsonl")))
        counts.append((total, len(queries)))

    assert counts == [(1, 1 + 1), (4501, 1 + 3)]


def test_a_ticket_that_moves_meanwhile_keeps_its_line(ada, mia, make_ticket, monkeypatch):
    monkeypatch.setattr(exports, "ROWS_AT_ONCE", 1)
    _, second = make_ticket(ada), make_ticket(ada)
    written = lines(Ticket.objects.filter(status="OPEN"), "jsonl")
    first_line = next(written)

    second.claim(by=mia)

    assert [json.loads(line)["status"] for line in (first_line, *written)] == ["OPEN", "CLAIMED"]
