"""`python -m mentorq.tests.torture.lcs PORT SECONDS WAY…`: LCS's stand-in, failing in one way after the other.

Each lasts so many seconds. It knows everybody `x@example.edu` whose token is `token of x@example.edu`, all of them
hackers, and keeps a ledger, served as JSON to a GET of any path.
"""

import json
import sys
import threading
import time
from collections import Counter

from mentorq_users.lcs.faults import FAULTS, send_envelope
from mentorq_users.lcs.standin import DevLCS, Handler

LIAR, SLOW = "liar", "slow"
# The first ones do not open the breaker, so that a short run meets them for sure; those that do have others in between.
WAYS = [
    LIAR,
    "garbage",
    "server-error",
    SLOW,
    "dripping-body",
    "huge",
    "hanging",
    "redirect",
    "dripping-headers",
    "reset",
]
DELAY = 2.0  # seconds, within LCS_TIMEOUT
LIE = {"email": "somebody.else@example.edu", "role": {"director": True, "organizer": True, "mentor": True}}


class FaultyLCS(DevLCS):
    """Changes its mind every `seconds`, and keeps a ledger of whom it vouched for and how often it was met in which way."""

    def __init__(self, port: int, seconds: float, ways: list[str]) -> None:
        super().__init__(port)
        self.RequestHandlerClass = FaultyHandler
        self.seconds, self.ways, self.started = seconds, ways, time.monotonic()
        self.vouched: set[str] = set()
        self.met: Counter[str] = Counter()
        self.lock = threading.Lock()

    @property
    def way(self) -> str:
        """In which way it fails at the moment, "" while it works."""
        turn = int((time.monotonic() - self.started) / self.seconds)
        return self.ways[turn // 2 % len(self.ways)] if turn % 2 == 0 else ""

    def note(self, way: str, email: str) -> None:
        """Write a call into the ledger."""
        with self.lock:
            self.met[way] += 1
            if way in ("", SLOW):
                self.vouched.add(email)

    @property
    def ledger(self) -> bytes:
        """The ledger as JSON."""
        with self.lock:
            return json.dumps({"vouched": sorted(self.vouched), "met": self.met}).encode()


class FaultyHandler(Handler):
    """Decides at each call in which way it fails."""

    server: FaultyLCS

    def do_POST(self) -> None:
        data = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        way, email = self.server.way, str(data["token"]).removeprefix("token of ")
        self.server.note(way, email)
        if way == SLOW:
            time.sleep(DELAY)
        profile = LIE if way == LIAR else {"email": email, "role": {"hacker": True}}
        FAULTS.get(way, send_envelope)(self, {"statusCode": 200, "body": profile})

    def do_GET(self) -> None:
        self.send(200, self.server.ledger)


if __name__ == "__main__":
    FaultyLCS(int(sys.argv[1]), float(sys.argv[2]), sys.argv[3:]).serve_forever()
