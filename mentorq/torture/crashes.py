"""The server is killed in the midst of the work, again and again; what it acknowledged must be there afterwards."""

import json
import random
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psutil

from mentorq.bench.databases import PRODUCTION, inside
from mentorq.bench.load import Client, http
from mentorq.tests.servers import BIN, Server, running
from mentorq.torture.outcome import Outcome

WRITERS = 6
# As systemd's Restart=always does it.
SUPERVISED = f"""
trap 'kill $!; exit' TERM
while :; do
    {BIN / "granian"} --interface=wsgi --workers=2 --blocking-threads=16 --respawn-failed-workers --port={{port}} \
        mentorq.wsgi:application &
    wait $!
    sleep 0.2
done
"""


@contextmanager
def supervised(url: str, **variables: str) -> Iterator[Server]:
    """A server that is started anew whenever it ends."""
    with running(["sh", "-c", SUPERVISED], DATABASE_URL=url, **{**PRODUCTION, **variables}) as server:
        server.wait_until_ready()
        yield server


def crashes(name: str, url: str, kills: int) -> Outcome:
    """Return what was acknowledged, lost and half done while the server was killed so many times."""
    people = inside(url, "claims", str(WRITERS), "0")["mentors"]
    hacker = inside(url, "prepare", "5")["hacker"]
    acknowledged: list[tuple[int, str]] = []
    over = threading.Event()
    with supervised(url, TICKETS_MAX_OPEN="1000000") as server:
        writers = [
            threading.Thread(target=write, args=(server.port, hacker, mentor, acknowledged, over)) for mentor in people
        ]
        for writer in writers:
            writer.start()
        recoveries = [kill(server, random.uniform(0.5, 2)) for _ in range(kills)]  # noqa: S311 - not for secrets
        over.set()
        for writer in writers:
            writer.join()
    return Outcome(
        name,
        f"{kills} × kill -9 while {WRITERS} people write",
        {
            "acknowledged": len(acknowledged),
            **audited(url, acknowledged),
            "recovery in seconds, at most": round(max(recoveries), 1),
        },
        none=["lost", "half done", "damaged"],
        most={"recovery in seconds, at most": 15},
    )


def kill(server: Server, after: float) -> float:
    """Kill every process of the server after so many seconds; return how many it takes until it answers again."""
    time.sleep(after)
    start = time.monotonic()
    for process in psutil.Process(server.process.pid).children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            process.kill()
    time.sleep(0.1)
    server.wait_until_ready()
    return time.monotonic() - start


def write(port: int, hacker: str, mentor: str, acknowledged: list[tuple[int, str]], over: threading.Event) -> None:
    """Open, claim and close tickets until it is `over`, and note what the server said that it had done."""
    while not over.is_set():
        with suppress(OSError):
            client = Client(port)
            while not over.is_set():
                one_ticket(client, hacker, mentor, acknowledged)
        time.sleep(0.05)


def one_ticket(client: Client, hacker: str, mentor: str, acknowledged: list[tuple[int, str]]) -> None:
    """Let one ticket go its way; raises OSError where the server dies meanwhile."""
    body = json.dumps({"title": "It loops", "location": "Here"})
    head, answer = client.ask(http("/api/tickets", token=hacker, method="POST", body=body))
    if head[9:12] != b"201":
        return
    ticket = json.loads(answer)["id"]
    acknowledged.append((ticket, "OPEN"))
    for status in ("CLAIMED", "CLOSED"):
        move = http(f"/api/tickets/{ticket}", token=mentor, method="PATCH", body=json.dumps({"status": status}))
        if client.ask(move)[0][9:12] == b"200":
            acknowledged.append((ticket, status))


def audited(url: str, acknowledged: list[tuple[int, str]]) -> dict[str, Any]:
    """Return how much of it is not in the database, how many tickets are half done, and how much is damaged."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(acknowledged, file)
        file.flush()
        found: dict[str, Any] = inside(url, "audit", file.name)
        return found
