"""`manage.py backup`: a whole copy, from which the queue can be had back."""

import os
import sqlite3
import subprocess
import sys
import threading
import uuid
from contextlib import closing
from io import StringIO
from urllib.parse import urlsplit

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections

from mentorq.settings import BASE_DIR
from mentorq.tests.servers import migrated
from mentorq_backend.exchange import exports
from mentorq_backend.models import Ticket, TicketEvent

pytestmark = pytest.mark.django_db(transaction=True)
COUNT = "SELECT (SELECT COUNT(*) FROM mentorq_backend_ticket), (SELECT COUNT(*) FROM mentorq_backend_ticketevent)"


def exported(url: str) -> str:
    """All that `exporttickets` finds in another database."""
    command = [sys.executable, "manage.py", "exporttickets", "--history"]
    return subprocess.run(command, cwd=BASE_DIR, env={"DATABASE_URL": url}, capture_output=True, check=True).stdout.decode()


if connection.vendor == "sqlite":

    def test_the_queue_is_had_back_from_a_copy(tmp_path, ada, mia, make_ticket):
        make_ticket(ada, "CLOSED", mentor=mia)
        make_ticket(ada, title="Ünïcödé 🙂")
        file = tmp_path / "copy.sqlite3"

        call_command("backup", file, stdout=StringIO())

        assert exported(f"sqlite:///{file}") == "".join(exports.lines(Ticket.objects.all(), "csv", history=True))

    def test_a_copy_under_load_is_of_one_instant(tmp_path, ada, make_ticket, settings):
        settings.TICKETS_MAX_OPEN = settings.TICKETS_PER_HOUR = 100_000
        done = threading.Event()

        def work():
            while not done.is_set():
                make_ticket(ada)
            connections.close_all()

        workers = [threading.Thread(target=work) for _ in range(3)]
        for worker in workers:
            worker.start()
        try:
            for number in range(5):
                call_command("backup", tmp_path / f"{number}.sqlite3", stdout=StringIO())
        finally:
            done.set()
            for worker in workers:
                worker.join()

        counts = []
        for number in range(5):
            with closing(sqlite3.connect(tmp_path / f"{number}.sqlite3")) as copy:
                counts.append(copy.execute(COUNT).fetchone())
        assert [tickets == events for tickets, events in counts] == [True] * 5  # each ticket with its history row
        assert counts == sorted(counts)
        assert Ticket.objects.count() == TicketEvent.objects.count() >= counts[-1][0]

    def test_a_copy_is_one_file_that_only_its_owner_can_read(tmp_path, ada, make_ticket):
        make_ticket(ada)

        call_command("backup", tmp_path / "copy.sqlite3", stdout=StringIO())

        assert [(file.name, file.stat().st_mode & 0o777) for file in tmp_path.iterdir()] == [("copy.sqlite3", 0o600)]

    def test_an_existing_copy_is_not_overwritten(tmp_path):
        file = tmp_path / "copy.sqlite3"
        file.write_text("the only good one")

        with pytest.raises(CommandError, match="exists, and may be the only good copy"):
            call_command("backup", file)

        assert file.read_text() == "the only good one"

    def test_a_damaged_copy_is_refused_and_removed(tmp_path):
        url = migrated(str(tmp_path))
        with closing(sqlite3.connect(tmp_path / "db.sqlite3")) as database:
            database.execute("PRAGMA writable_schema=ON")
            database.execute("DELETE FROM sqlite_master WHERE name='ticket_newest'")  # its pages belong to nothing now
            database.commit()
        command = [sys.executable, "manage.py", "backup", str(tmp_path / "copy.sqlite3")]

        tried = subprocess.run(command, cwd=BASE_DIR, env={"DATABASE_URL": url}, capture_output=True, text=True)

        assert (tried.returncode, "the copy is damaged" in tried.stderr) == (1, True)
        assert sorted(file.name for file in tmp_path.glob("*copy*")) == []

    def test_a_folder_that_is_not_there_is_said(tmp_path):
        with pytest.raises(CommandError, match=r"Cannot write to .*No such file or directory.*Name another FILE"):
            call_command("backup", tmp_path / "nowhere" / "copy.sqlite3")

else:

    def url_of(name: str) -> str:
        """DATABASE_URL, for another database there."""
        return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()

    @pytest.fixture
    def empty():
        """The name of a new, empty database."""
        name = f"restored_{uuid.uuid4().hex}"
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {name}")
        yield name
        with connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE {name}")

    def test_the_queue_is_had_back_from_a_dump(tmp_path, ada, mia, make_ticket, empty):
        make_ticket(ada, "CLOSED", mentor=mia)
        make_ticket(ada, title="Ünïcödé 🙂")

        # As docs/operations.md says it.
        subprocess.run(
            ["pg_dump", "--format=custom", f"--file={tmp_path}/dump", url_of(connection.settings_dict["NAME"])], check=True
        )
        subprocess.run(["pg_restore", "--no-owner", f"--dbname={url_of(empty)}", f"{tmp_path}/dump"], check=True)

        assert exported(url_of(empty)) == "".join(exports.lines(Ticket.objects.all(), "csv", history=True))

    def test_on_postgresql_it_names_pg_dump(tmp_path):
        with pytest.raises(CommandError, match="For PostgreSQL use pg_dump"):
            call_command("backup", tmp_path / "copy")

        assert list(tmp_path.iterdir()) == []
