"""Fifty mentors claim one ticket at the same moment, again and again; each time one of them gets it."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from mentorq.bench.databases import inside
from mentorq.bench.load import Client, http
from mentorq.bench.outside import serving
from mentorq.torture.outcome import Outcome

MENTORS = 50


def winners(name: str, url: str, rounds: int) -> Outcome:
    """Return how many of so many rounds had other than one winner, and other answers than 200 and 409."""
    people = inside(url, "claims", str(MENTORS), str(rounds))
    wrong, others = 0, 0
    with serving(url) as server, ThreadPoolExecutor(MENTORS) as pool:
        clients = [Client(server.port) for _ in people["mentors"]]
        for ticket in people["tickets"]:
            statuses = race(pool, clients, [claim(ticket, token) for token in people["mentors"]])
            wrong += statuses[200] != 1
            others += MENTORS - statuses[200] - statuses[409]
    return Outcome(
        name,
        f"{MENTORS} mentors claim one ticket, {rounds} times",
        {
            "rounds with other than one winner": wrong,
            "other answers": others,
            "half done": inside(url, "audit")["half done"],
        },
        none=["rounds with other than one winner", "other answers", "half done"],
    )


def claim(ticket: int, token: str) -> bytes:
    """Return the request."""
    return http(f"/api/tickets/{ticket}", token=token, method="PATCH", body='{"status": "CLAIMED"}')


def race(pool: ThreadPoolExecutor, clients: list[Client], requests: list[bytes]) -> Counter[int]:
    """Return how often each status was answered to these requests, sent by all at once."""
    start = threading.Barrier(len(clients))

    def one(client: Client, request: bytes) -> int:
        start.wait()
        return int(client.ask(request)[0][9:12])

    return Counter(pool.map(one, clients, requests))
