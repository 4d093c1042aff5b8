"""Which database a command works on: it says so, and refuses one that is not MentorQ's."""

import json
import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from io import StringIO

import pytest
from django.core.management import CommandError, call_command, get_commands, load_command_class
from django.db import connection

from mentorq.db.commands import DatabaseCommand, database_name
from mentorq.environment import database
from mentorq.settings import BASE_DIR
from mentorq.tests.servers import migrated

# Our commands that touch data, with arguments. emaildigest, runlcs and runlive touch none; doctor runs without tables, too.
COMMANDS = {
    "backup": ["{folder}/copy.sqlite3"],
    "checkwaits": [],
    "demo": [],
    "erase": ["ada@example.edu", "--no-input"],
    "event": ["HackRU", "--opens=2026-10-17T10:00:00-04:00"],
    "exporttickets": [],
    "importtickets": ["{folder}/tickets.csv"],
    "seed": ["--tickets=1"],
    "upkeep": ["--once"],
    "webhook": ["Mentors", "https://hooks.example/x", "--kind=slack", "--tell=opened"],
}
WITHOUT_DATA = {"doctor", "emaildigest", "runlcs", "runlive"}
ADVICE = (
    " Is DATABASE_URL set? On a server, run this with the server's environment (docs/operations.md);"
    " a new database gets its tables from `manage.py migrate`.\n"
)


RUN = """
import contextlib, io, json, sys
sys.argv = ["manage.py"]  # which the settings look at
from django.core.management import execute_from_command_line

def run(arguments):
    out, errors = io.StringIO(), io.StringIO()
    code = 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors):
        try:
            execute_from_command_line(["manage.py", *arguments])
        except SystemExit as end:
            code = end.code
    return code, out.getvalue(), errors.getvalue()

print(json.dumps([run(arguments) for arguments in json.loads(sys.stdin.read())]))
"""


def outcomes(folder, url):
    """Run every command on that database, in one process; return exit status, output and errors of each."""
    commands = [[name, *(text.format(folder=folder) for text in arguments)] for name, arguments in COMMANDS.items()]
    done = subprocess.run(
        [sys.executable, "-c", RUN], cwd=BASE_DIR, input=json.dumps(commands), capture_output=True, text=True, check=True,
        env={"PATH": os.environ["PATH"], "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "mentorq.settings"},
    )  # fmt: skip
    return dict(zip(COMMANDS, map(tuple, json.loads(done.stdout)), strict=True))


def test_every_command_of_ours_that_touches_data_names_its_database():
    ours = {name: app for name, app in get_commands().items() if str(app).startswith("mentorq")}

    named = {name for name, app in ours.items() if isinstance(load_command_class(app, name), DatabaseCommand)}

    assert (named, set(ours) - named) == (set(COMMANDS), WITHOUT_DATA)


def test_a_database_that_is_not_there_is_refused_and_not_made(tmp_path):
    done = outcomes(tmp_path, f"sqlite:///{tmp_path}/none.sqlite3")

    error = f"Database: SQLite {tmp_path}/none.sqlite3\nCommandError: There is no such database."
    assert done == dict.fromkeys(COMMANDS, (1, "", error + ADVICE))
    assert list(tmp_path.iterdir()) == []


def test_an_empty_file_is_refused_and_left_as_it_is(tmp_path):
    (tmp_path / "empty.sqlite3").touch()

    done = outcomes(tmp_path, f"sqlite:///{tmp_path}/empty.sqlite3")

    error = f"Database: SQLite {tmp_path}/empty.sqlite3\nCommandError: There is no such database."
    assert done == dict.fromkeys(COMMANDS, (1, "", error + ADVICE))
    assert [(file.name, file.stat().st_size) for file in tmp_path.iterdir()] == [("empty.sqlite3", 0)]


@pytest.mark.parametrize("made", ["PRAGMA journal_mode=WAL", "CREATE TABLE somebody_elses (id INTEGER)"])
def test_a_database_without_our_tables_is_refused(tmp_path, made):
    with closing(sqlite3.connect(tmp_path / "other.sqlite3")) as other:
        other.execute(made)

    done = outcomes(tmp_path, f"sqlite:///{tmp_path}/other.sqlite3")

    error = f"Database: SQLite {tmp_path}/other.sqlite3\nCommandError: This database has no tables of MentorQ's."
    assert done == dict.fromkeys(COMMANDS, (1, "", error + ADVICE))
    assert not (tmp_path / "copy.sqlite3").exists()


def test_a_database_that_does_not_answer_is_an_error_without_a_traceback_or_its_password(tmp_path):
    done = outcomes(tmp_path, "postgres://mentorq:s3cret@127.0.0.1:1/queue")

    error = "Database: PostgreSQL queue at 127.0.0.1:1\nCommandError: The database does not answer: "
    for status, output, errors in done.values():
        assert (status, output, errors[: len(error)]) == (1, "", error)
        assert ("s3cret" in errors, "Traceback" in errors) == (False, False)


def test_standard_output_holds_the_tickets_and_nothing_else(tmp_path):
    environment = {"PATH": os.environ["PATH"], "DATABASE_URL": migrated(str(tmp_path))}
    command = [sys.executable, "manage.py", "exporttickets"]
    done = subprocess.run(command, cwd=BASE_DIR, env=environment, capture_output=True, text=True)

    assert (done.returncode, done.stdout.count("\n"), done.stdout[:4]) == (0, 1, '"id"')
    assert done.stderr == f"Database: SQLite {tmp_path}/db.sqlite3\nTickets written: 0\n"


def test_the_database_of_the_moment_is_named_where_the_caller_listens(db):
    errors = StringIO()

    call_command("exporttickets", stdout=StringIO(), stderr=errors)

    assert errors.getvalue() == f"Database: {database_name()}\nTickets written: 0\n"


def test_no_tables_of_ours_are_no_database_of_ours_whichever_it_is(db, monkeypatch):
    monkeypatch.setattr(connection.introspection, "table_names", lambda: ["somebody_elses"])

    with pytest.raises(CommandError, match=r"^This database has no tables of MentorQ's\."):
        call_command("exporttickets", stderr=StringIO())


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("postgres://user:s3cret@localhost:5432/mentorq", "PostgreSQL mentorq at localhost:5432"),
        ("postgres://user:s3cret@db.example/mentorq", "PostgreSQL mentorq at db.example:5432"),
        ("postgres://user:s3cret@%2Frun%2Fpostgresql/mentorq", "PostgreSQL mentorq at /run/postgresql:5432"),
        ("postgres:///mentorq?host=/tmp/socket&port=5433&password=s3cret", "PostgreSQL mentorq at /tmp/socket:5433"),
        ("sqlite:////srv/mentorq/db.sqlite3", "SQLite /srv/mentorq/db.sqlite3"),
        ("sqlite:///db.sqlite3", f"SQLite {BASE_DIR}/db.sqlite3"),
    ],
)
def test_a_database_is_named_without_user_and_password(monkeypatch, url, name):
    config = database(url, BASE_DIR)
    monkeypatch.setattr("mentorq.db.commands.connection", Connection(config))

    assert database_name() == name
    assert re.findall("user|s3cret", database_name()) == []


class Connection:
    """As much of Django's as a name needs."""

    def __init__(self, config):
        self.settings_dict, self.vendor = config, config["ENGINE"].rpartition(".")[2].removesuffix("3")
