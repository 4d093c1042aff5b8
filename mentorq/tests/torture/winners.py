"""Fifty mentors claim one ticket at the same moment, again and again; each time one of them gets it.

The server has 32 threads: so many of the claims are inside at once, the others wait at its door.
"""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from mentorq.tests.bench.databases import inside
from mentorq.tests.bench.load import Client, http
from mentorq.tests.bench.outside import serving
from mentorq.tests.torture.outcome import Outcome
from mentorq.tests.torture.work import WRONG, audited

MENTORS = 50


def winners(name: str, url: str, rounds: int) -> Outcome:
    """Return in how many of so many rounds other than one mentor won, or the ticket is not the winner's afterwards."""
    people = inside(url, "claims", str(MENTORS), str(rounds))
    with serving(url) as server, ThreadPoolExecutor(MENTORS) as pool:
        clients = [Client(server.port) for _ in people["mentors"]]
        heard = [race(pool, clients, claims(ticket, people["mentors"])) for ticket in people["tickets"]]
    won = [
        (ticket, "CLAIMED", f"mentor{number}@example.edu")
        for ticket, statuses in zip(people["tickets"], heard, strict=True)
        for number, status in enumerate(statuses, 1)
        if status == 200
    ]
    return Outcome(
        name,
        f"{MENTORS} mentors claim one ticket, {rounds} times, 32 at once",
        {
            "rounds with other than one winner": sum(Counter(statuses)[200] != 1 for statuses in heard),
            "other answers than 200, 409": sum(status not in (200, 409) for statuses in heard for status in statuses),
            "winners": len(won),
            "different winners": len({winner for _, _, winner in won}),
            **audited(url, won),
        },
        none=["rounds with other than one winner", "other answers than 200, 409", *WRONG],
        some=["winners"],
        # The same one each time would be a race that is none.
        least={"different winners": min(rounds, MENTORS) / 4},
    )


def claims(ticket: int, tokens: list[str]) -> list[bytes]:
    """Return the requests."""
    body = '{"status": "CLAIMED"}'
    return [http(f"/api/tickets/{ticket}", token=token, method="PATCH", body=body) for token in tokens]


def race(pool: ThreadPoolExecutor, clients: list[Client], requests: list[bytes]) -> list[int]:
    """Return the statuses that were answered to these requests, sent by all at once."""
    start = threading.Barrier(len(clients))

    def one(client: Client, request: bytes) -> int:
        start.wait()
        return int(client.ask(request)[0][9:12])

    return list(pool.map(one, clients, requests))
