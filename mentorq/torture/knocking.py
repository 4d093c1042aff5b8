"""LCS hangs while fifty people a second try to sign in; everybody else must not notice."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from statistics import median

from mentorq.bench.databases import inside
from mentorq.bench.load import Client, http, polls
from mentorq.bench.outside import serving
from mentorq.torture.outcome import Outcome

KNOCKS_A_SECOND = 50
LONG_ENOUGH = 30


@contextmanager
def hanging_lcs() -> Iterator[str]:
    """The URL of an LCS that takes every connection and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=4096) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/dev"


def knocking(name: str, url: str, seconds: int) -> Outcome:
    """Return how long a poll and a list take in the median, beside how long they take while nobody knocks."""
    mentor = inside(url, "prepare", "100")["mentor"]
    answers: list[int] = []
    over = threading.Event()
    with hanging_lcs() as lcs, serving(url, lcs) as server:
        requests = [polls(server.port, "/api/tickets", mentor), http("/api/tickets?status=OPEN,CLAIMED", token=mentor)]
        quiet = typical(server.port, requests, seconds)
        knockers = [
            threading.Thread(target=knock, args=(server.port, number, answers, over)) for number in range(KNOCKS_A_SECOND)
        ]
        for knocker in knockers:
            knocker.start()
        time.sleep(2)
        loud = typical(server.port, requests, seconds)
        over.set()
        for knocker in knockers:
            knocker.join()
    return Outcome(
        name,
        f"{KNOCKS_A_SECOND} sign-ins a second while LCS hangs, {seconds} s",
        {
            "sign-ins": len(answers),
            "other answers than 503": sum(status != 503 for status in answers),
            "median ms before": round(quiet * 1000, 2),
            "median ms meanwhile": round(loud * 1000, 2),
            "times as long": round(loud / quiet, 2),
        },
        none=["other answers than 503"],
        # A few seconds say too little of a busy machine.
        most={"times as long": 1.5} if seconds >= LONG_ENOUGH else {},
    )


def typical(port: int, requests: list[bytes], seconds: int) -> float:
    """Return the median of what a request takes, asked one after the other for so long."""
    client, taken = Client(port), []
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        for request in requests:
            start = time.perf_counter()
            client.ask(request)
            taken.append(time.perf_counter() - start)
        time.sleep(0.01)
    return median(taken)


def knock(port: int, number: int, answers: list[int], over: threading.Event) -> None:
    """Try to sign in once a second, each time as somebody else, until it is `over`; note the answers."""
    client, count = Client(port), 0
    time.sleep(number / KNOCKS_A_SECOND)
    while not over.is_set():
        count += 1
        body = json.dumps({"email": f"p{number}-{count}@example.edu", "lcs_token": "x"})
        start = time.monotonic()
        with suppress(TimeoutError):
            answers.append(int(client.ask(http("/api/auth/token", method="POST", body=body))[0][9:12]))
        over.wait(max(1 - (time.monotonic() - start), 0))
