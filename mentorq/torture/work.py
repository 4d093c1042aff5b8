"""People at work: they open, claim and close tickets, and note what the server said that it had done."""

import json
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from mentorq.bench.databases import inside
from mentorq.bench.load import Client, http

WRITERS = 6


@dataclass
class Work:
    """What came of it so far: each acknowledged `(ticket, status)`, each HTTP status (0 where the server hung up)."""

    port: int
    hacker: str
    acknowledged: list[tuple[int, str]] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def write(self, mentor: str) -> None:
        """Let one ticket after the other go its way until it is over, over a new connection where the server hangs up."""
        while not self.over.is_set():
            try:
                client = Client(self.port)
                while not self.over.is_set():
                    self.one_ticket(client, mentor)
            except OSError:
                self.statuses.append(0)
                time.sleep(0.05)

    def one_ticket(self, client: Client, mentor: str) -> None:
        """Open, claim and close a ticket; raises OSError where the server dies meanwhile."""
        body = json.dumps({"title": "It loops", "location": "Here"})
        status, answer = self.ask(client, http("/api/tickets", token=self.hacker, method="POST", body=body))
        if status != 201:
            time.sleep(0.05)
            return
        ticket = json.loads(answer)["id"]
        self.acknowledged.append((ticket, "OPEN"))
        for to in ("CLAIMED", "CLOSED"):
            move = http(f"/api/tickets/{ticket}", token=mentor, method="PATCH", body=json.dumps({"status": to}))
            if self.ask(client, move)[0] == 200:
                self.acknowledged.append((ticket, to))

    def ask(self, client: Client, request: bytes) -> tuple[int, bytes]:
        """Return status and body of the answer, and note it."""
        head, body = client.ask(request)
        status = int(head[9:12])
        self.statuses.append(status)
        return status, body

    def others_than(self, *statuses: int) -> int:
        """Return how many answers had none of these statuses."""
        return sum(status not in statuses for status in self.statuses)

    def audited(self, url: str) -> dict[str, Any]:
        """Return how much was acknowledged, how much of it is not there, and how many tickets and bytes are damaged."""
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump(self.acknowledged, file)
            file.flush()
            return {"acknowledged": len(self.acknowledged), **inside(url, "audit", file.name)}


@contextmanager
def at_work(url: str, port: int) -> Iterator[Work]:
    """The work of WRITERS mentors on the tickets of one hacker, for as long as the block runs."""
    mentors = inside(url, "claims", str(WRITERS), "0")["mentors"]
    work = Work(port, inside(url, "prepare", "5")["hacker"])
    writers = [threading.Thread(target=work.write, args=(mentor,)) for mentor in mentors]
    for writer in writers:
        writer.start()
    try:
        yield work
    finally:
        work.over.set()
        for writer in writers:
            writer.join()
