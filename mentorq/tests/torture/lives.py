"""How long each thing takes that people do with tickets: reading the list, polling it, opening, claiming and closing."""

import json
import time
from collections import defaultdict
from statistics import median
from typing import Any

from mentorq.tests.bench.load import Client, header, http
from mentorq.tests.torture.work import LIVE, opening

PAUSE = 0.01  # seconds between two tickets
EXPECTED = {"list": 200, "poll": 304, "create": 201, "claim": 200, "close": 200}


class Lives:
    """One ticket's life after the other, over one connection: the seconds of each step, and the wrong answers."""

    def __init__(self, port: int, mentor: str, hacker: str) -> None:
        self.port, self.mentor, self.hacker = port, mentor, hacker
        self.client = Client(port)
        self.seconds: dict[str, list[float]] = defaultdict(list)
        self.wrong: list[tuple[str, int]] = []

    def once(self) -> None:
        """Read the list of live tickets and poll it, then open, claim and close one."""
        head, _ = self.ask("list", http(LIVE, token=self.mentor))
        # Nobody else changes tickets meanwhile: the tag is that of the list as it is.
        self.ask("poll", http(LIVE, token=self.mentor, etag=header(head, b"etag").decode()))
        _, body = self.ask("create", opening(self.hacker))
        ticket = json.loads(body).get("id", 0)
        self.ask("claim", self.move(ticket, "CLAIMED"))
        self.ask("close", self.move(ticket, "CLOSED"))

    def move(self, ticket: int, status: str) -> bytes:
        """Return the mentor's request."""
        body = json.dumps({"status": status})
        return http(f"/api/tickets/{ticket}", token=self.mentor, method="PATCH", body=body)

    def ask(self, what: str, request: bytes) -> tuple[bytes, bytes]:
        """Return head and body of the answer, and note how long it took and whether it is the expected one."""
        start, head, body = time.perf_counter(), b"HTTP/1.1 000", b"{}"
        try:
            head, body = self.client.ask(request)
        except OSError:
            self.client = Client(self.port)
        self.seconds[what].append(time.perf_counter() - start)
        if (status := int(head[9:12])) != EXPECTED[what]:
            self.wrong.append((what, status))
        return head, body


def live(port: int, mentor: str, hacker: str, seconds: float) -> Lives:
    """Return the lives of as many tickets as there is time for."""
    lives = Lives(port, mentor, hacker)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        lives.once()
        time.sleep(PAUSE)
    return lives


def compared(quiet: list[Lives], loud: Lives) -> dict[str, Any]:
    """Return each step's median in quiet times and in the loud ones, the worst ratio of the two, and the wrong answers."""
    alone = {what: median(seconds for lives in quiet for seconds in lives.seconds[what]) * 1000 for what in EXPECTED}
    meanwhile = {what: median(loud.seconds[what]) * 1000 for what in EXPECTED}
    return {
        **{f"{what} ms": f"{alone[what]:.2f} → {meanwhile[what]:.2f}" for what in EXPECTED},
        "times as long": round(max(meanwhile[what] / alone[what] for what in EXPECTED), 2),
        "wrong answers about tickets": sum(len(lives.wrong) for lives in [*quiet, loud]),
    }
