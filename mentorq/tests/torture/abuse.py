"""One person asks for far more than anybody needs, over many connections: an hour allows so much, and no more."""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from mentorq.tests.bench.databases import inside
from mentorq.tests.bench.load import Client, header, http
from mentorq.tests.bench.outside import serving
from mentorq.tests.torture.outcome import Outcome
from mentorq.tests.torture.work import opening

CONNECTIONS = 32  # as many as the server has threads
HOUR = 3600
TICKETS, MOVES = 30, 300  # as the settings have them for an hour
# Without the third one the limit of open tickets would hide how many get in at once.
LIMITS = {"TICKETS_PER_HOUR": str(TICKETS), "MOVES_PER_HOUR": str(MOVES), "TICKETS_MAX_OPEN": "1000000"}
COMMENT = "😀" * 2000  # the longest there is, four bytes each
PATIENCE = 60.0  # seconds after which nobody goes on
OTHERS, HASTY = "other answers than 200, 201, 429", "429 without Retry-After"


@dataclass
class Abuser:
    """One person, and what they heard."""

    port: int
    token: str
    tries: int
    answers: Counter[int] = field(default_factory=Counter)
    hasty: int = 0  # refusals that do not say when to try again
    lock: threading.Lock = field(default_factory=threading.Lock)

    def over_all(self, once: Callable[[Client, int], object]) -> dict[str, Any]:
        """Do it over and over on CONNECTIONS connections, each with its number, and return what came of all tries."""
        start, self.until = time.monotonic(), time.monotonic() + PATIENCE
        barrier = threading.Barrier(CONNECTIONS)
        with ThreadPoolExecutor(CONNECTIONS) as pool:
            list(pool.map(lambda number: self.insist(barrier, once, number), range(CONNECTIONS)))
        return {**self.figures, "a second": round(self.answers.total() / (time.monotonic() - start))}

    def insist(self, barrier: threading.Barrier, once: Callable[[Client, int], object], number: int) -> None:
        """Begin when all do, and go on until there were enough tries."""
        client = Client(self.port)
        barrier.wait()
        while self.answers.total() < self.tries and time.monotonic() < self.until:
            once(client, number)

    def ask(self, client: Client, request: bytes) -> tuple[int, bytes]:
        """Return status and body of the answer, and note it."""
        head, body = client.ask(request)
        status = int(head[9:12])
        with self.lock:
            self.answers[status] += 1
            self.hasty += status == 429 and not 0 < int(header(head, b"retry-after") or 0) <= HOUR
        return status, body

    def open_and_cancel(self, client: Client, number: int) -> None:
        """Open a large ticket, and cancel it at once."""
        status, body = self.ask(client, opening(self.token, COMMENT))
        if status == 201:
            self.ask(client, self.moving(json.loads(body)["id"], "CANCELLED"))

    def moving(self, ticket: int, to: str) -> bytes:
        """Return the request that moves a ticket."""
        return http(f"/api/tickets/{ticket}", token=self.token, method="PATCH", body=json.dumps({"status": to}))

    @property
    def figures(self) -> dict[str, Any]:
        """What was answered how often."""
        heard = {str(status): self.answers[status] for status in (200, 201, 429)}
        return {**heard, OTHERS: self.answers.total() - sum(heard.values()), HASTY: self.hasty}


def abuses(name: str, url: str, tries: int) -> Iterator[Outcome]:
    """Yield what came of one person who opens and cancels, and of a mentor who claims and releases, so many times."""
    with serving(url, **LIMITS) as server:
        yield flooded(name, url, Abuser(server.port, inside(url, "token", "flood@example.edu"), tries))
        yield juggled(name, url, server.port, tries)


def flooded(name: str, url: str, abuser: Abuser) -> Outcome:
    """Return how many tickets they got."""
    heard = abuser.over_all(abuser.open_and_cancel)
    tickets = inside(url, "written", "flood@example.edu")["tickets"]
    what = f"one person opens and cancels large tickets over {CONNECTIONS} connections"
    return outcome(name, what, {"tickets": tickets, **heard}, {"tickets": TICKETS})


def juggled(name: str, url: str, port: int, tries: int) -> Outcome:
    """Return how many moves a mentor got; each connection has a ticket of its own."""
    people = inside(url, "claims", "1", str(CONNECTIONS))
    abuser, turns = Abuser(port, people["mentors"][0], tries), [0] * CONNECTIONS

    def claim_or_release(client: Client, number: int) -> None:
        to = ["CLAIMED", "OPEN"][turns[number] % 2]
        turns[number] += abuser.ask(client, abuser.moving(people["tickets"][number], to))[0] == 200

    before = inside(url, "written", "mentor1@example.edu")["moves"]
    heard = abuser.over_all(claim_or_release)
    moves = inside(url, "written", "mentor1@example.edu")["moves"] - before
    what = f"a mentor claims and releases over {CONNECTIONS} connections"
    return outcome(name, what, {"moves": moves, **heard}, {"moves": MOVES})


def outcome(name: str, what: str, figures: dict[str, Any], exactly: dict[str, float]) -> Outcome:
    """Return the outcome: what the hour allows was let in, nothing else, and everybody was told when to try again."""
    return Outcome(name, what, figures, none=[OTHERS, HASTY], some=["429"], most=exactly, least=exactly)
