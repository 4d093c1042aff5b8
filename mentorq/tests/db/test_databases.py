"""Which database a command works on: it says so, and refuses one that is not MentorQ's."""

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

# Our commands that touch data, with arguments; runlcs touches none.
COMMANDS = {
    "backup": ["{folder}/copy.sqlite3"],
    "demo": [],
    "exporttickets": [],
    "importtickets": ["{folder}/tickets.csv"],
    "seed": ["--tickets=1"],
}
WITHOUT_DATA = {"runlcs"}
ADVICE = (
    " Is DATABASE_URL set? On a server, run this with the server's environment (docs/operations.md);"
    " a new database gets its tables from `manage.py migrate`.\n"
)


def manage(folder, name, url):
    """Run the command on that database, in a process of its own."""
    arguments = [argument.format(folder=folder) for argument in COMMANDS[name]]
    return subprocess.run(
        [sys.executable, "manage.py", name, *arguments],
        cwd=BASE_DIR, env={"PATH": os.environ["PATH"], "DATABASE_URL": url}, capture_output=True, text=True,
    )  # fmt: skip


def test_every_command_of_ours_that_touches_data_names_its_database():
    ours = {name: app for name, app in get_commands().items() if str(app).startswith("mentorq")}

    named = {name for name, app in ours.items() if isinstance(load_command_class(app, name), DatabaseCommand)}

    assert (named, set(ours) - named) == (set(COMMANDS), WITHOUT_DATA)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_database_that_is_not_there_is_refused_and_not_made(tmp_path, name):
    done = manage(tmp_path, name, f"sqlite:///{tmp_path}/none.sqlite3")

    named = f"Database: SQLite {tmp_path}/none.sqlite3\nCommandError: There is no such database."
    assert (done.returncode, done.stdout, done.stderr) == (1, "", named + ADVICE)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", COMMANDS)
def test_an_empty_file_is_refused_and_left_as_it_is(tmp_path, name):
    (tmp_path / "empty.sqlite3").touch()

    done = manage(tmp_path, name, f"sqlite:///{tmp_path}/empty.sqlite3")

    assert (done.returncode, "CommandError: There is no such database." in done.stderr) == (1, True)
    assert [(file.name, file.stat().st_size) for file in tmp_path.iterdir()] == [("empty.sqlite3", 0)]


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("made", ["PRAGMA journal_mode=WAL", "CREATE TABLE somebody_elses (id INTEGER)"])
def test_a_database_without_our_tables_is_refused(tmp_path, name, made):
    with closing(sqlite3.connect(tmp_path / "other.sqlite3")) as other:
        other.execute(made)

    done = manage(tmp_path, name, f"sqlite:///{tmp_path}/other.sqlite3")

    named = f"Database: SQLite {tmp_path}/other.sqlite3\nCommandError: This database has no tables of MentorQ's."
    assert (done.returncode, done.stdout, done.stderr) == (1, "", named + ADVICE)
    assert not (tmp_path / "copy.sqlite3").exists()


@pytest.mark.parametrize("name", COMMANDS)
def test_a_database_that_does_not_answer_is_an_error_without_a_traceback_or_its_password(tmp_path, name):
    done = manage(tmp_path, name, "postgres://mentorq:s3cret@127.0.0.1:1/queue")

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Database: PostgreSQL queue at 127.0.0.1:1\nCommandError: The database does not answer: ")
    assert ("s3cret" in done.stderr, "Traceback" in done.stderr) == (False, False)


def test_standard_output_holds_the_tickets_and_nothing_else(tmp_path):
    done = manage(tmp_path, "exporttickets", migrated(str(tmp_path)))

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
