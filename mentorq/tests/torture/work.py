"""People at work: they open, claim and close tickets, and note what the server said that it had done."""

import itertools
import json
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from mentorq.tests.bench.databases import inside
from mentorq.tests.bench.load import Client, header, http
from mentorq_users.lcs.standin import DevLCS

WRITERS = 6
HACKER = "ada@example.edu"  # one of those whom LCS's stand-in knows
NUMBERS = itertools.count(1)
LIVE = "/api/tickets?status=OPEN,CLAIMED"
PAUSE = 0.05  # seconds after a refusal


def opening(token: str, comment: str = "") -> bytes:
    """Return the request that opens a ticket. No two have the same words: within a minute those would be one ticket."""
    ticket = {"title": f"It loops, number {next(NUMBERS)}", "location": "Here", "comment": comment}
    return http("/api/tickets", token=token, method="POST", body=json.dumps(ticket, ensure_ascii=False))


class Answer(NamedTuple):
    """When somebody began to ask for what, and the HTTP status they heard: 0 where the server hung up."""

    asked: float
    what: str
    status: int


@dataclass
class Work:
    """What came of it so far: each acknowledged `(ticket, status, by)`, and each answer."""

    port: int
    hacker: str  # an access token
    sign_in: str  # a request's body
    acknowledged: list[tuple[int, str, str]] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def count(self, *statuses: int, since: float = 0) -> int:
        """Return how many answers had one of these statuses, of those asked for since then."""
        return sum(answer.status in statuses for answer in self.answers if answer.asked >= since)

    def others_than(self, *statuses: int) -> int:
        """Return how many answers had none of these statuses."""
        return len(self.answers) - self.count(*statuses)

    def refused(self) -> Counter[str]:
        """Return how often each thing was answered with 503."""
        return Counter(answer.what for answer in self.answers if answer.status == 503)

    def audited(self, url: str) -> dict[str, Any]:
        """Return how much was acknowledged of each move, how much of it is not there, and what else is wrong."""
        moves = Counter(status for _, status, _ in self.acknowledged)
        counts = {"acknowledged": len(self.acknowledged), **{move: moves[move] for move in MOVES}}
        return counts | audited(url, self.acknowledged)


def audited(url: str, acknowledged: list[tuple[int, str, str]]) -> dict[str, Any]:
    """Return how much of that is not in the database as it should be, and what else is WRONG there."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(acknowledged, file)
        file.flush()
        found: dict[str, Any] = inside(url, "audit", file.name)
    return found


MOVES = ["OPEN", "CLAIMED", "CLOSED"]
WRONG = ["lost", "half done", "history without a ticket", "damaged"]


@dataclass
class Writer:
    """A mentor, and the tickets that their next claim and close are about: opened, or claimed, before."""

    work: Work
    email: str
    token: str
    opened: int = 0
    claimed: int = 0
    etag: str = ""

    def write(self) -> None:
        """Move one ticket after the other until it is over, over a new connection where the server hangs up."""
        while not self.work.over.is_set():
            try:
                client = Client(self.work.port)
                while not self.work.over.is_set():
                    self.once(client)
            except OSError:
                self.work.answers.append(Answer(time.monotonic(), "connection", 0))
                time.sleep(PAUSE)

    def once(self, client: Client) -> None:
        """Close, claim and open a ticket, each the one that the step before left; raises OSError where the server dies.

        A step that is refused is tried again the next time, and what can be read meanwhile is read.
        """
        if self.claimed and self.moved(client, self.claimed, "CLOSED"):
            self.claimed = 0
        if self.opened and self.moved(client, self.opened, "CLAIMED"):
            self.opened, self.claimed = 0, self.opened
        status, body = self.ask(client, "create", opening(self.work.hacker))
        if status == 201:
            # One whose claim is refused, then left behind for it, stays open: only the newest is worked on.
            self.opened = json.loads(body)["id"]
            self.work.acknowledged.append((self.opened, "OPEN", HACKER))
        else:
            self.look_around(client)
            time.sleep(PAUSE)

    def moved(self, client: Client, ticket: int, to: str) -> bool:
        """Return whether the ticket is moved there, after noting it."""
        move = http(f"/api/tickets/{ticket}", token=self.token, method="PATCH", body=json.dumps({"status": to}))
        moved = self.ask(client, to, move)[0] == 200
        if moved:
            self.work.acknowledged.append((ticket, to, self.email))
        return moved

    def look_around(self, client: Client) -> None:
        """Read the list, poll it and read a ticket, and sign in."""
        self.ask(client, "list", http(LIVE, token=self.token))
        self.ask(client, "poll", http(LIVE, token=self.token, etag=self.etag))
        if ticket := self.opened or self.claimed:
            self.ask(client, "ticket", http(f"/api/tickets/{ticket}", token=self.token))
        self.ask(client, "sign-in", http("/api/auth/token", method="POST", body=self.work.sign_in))

    def ask(self, client: Client, what: str, request: bytes) -> tuple[int, bytes]:
        """Return status and body of the answer, and note it."""
        asked = time.monotonic()
        head, body = client.ask(request)
        status = int(head[9:12])
        self.work.answers.append(Answer(asked, what, status))
        if what == "list":
            self.etag = header(head, b"etag").decode()
        return status, body


@contextmanager
def at_work(url: str, port: int, lcs: DevLCS | None = None) -> Iterator[Work]:
    """The work of WRITERS mentors on the tickets of one hacker, for as long as the block runs; raises what ended a writer.

    Where the server asks that LCS, the hacker's sign-ins are vouched for.
    """
    people = inside(url, "claims", str(WRITERS), "0")["mentors"]
    sign_in = json.dumps({"email": HACKER, "lcs_token": lcs.sign_in(HACKER) if lcs else "unknown"})
    work = Work(port, inside(url, "token", HACKER), sign_in)
    writers = [Writer(work, f"mentor{number}@example.edu", token) for number, token in enumerate(people, 1)]
    with ThreadPoolExecutor(WRITERS) as pool:
        ends = [pool.submit(writer.write) for writer in writers]
        try:
            yield work
        finally:
            work.over.set()
    for end in ends:
        end.result()
