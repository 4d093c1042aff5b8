"""LCS is ill while fifty people a second try to sign in; everybody else must not notice, and nobody be let in wrongly."""

import itertools
import json
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median

from mentorq.bench.databases import inside
from mentorq.bench.load import Client, http, polls
from mentorq.bench.outside import serving
from mentorq.tests.servers import Server, running
from mentorq.torture.lcs import WAYS
from mentorq.torture.outcome import Outcome

KNOCKS_A_SECOND = 50
# Fifteen seconds say something of a machine that others use too, a few do not.
LONG_ENOUGH = 15


@contextmanager
def hanging_lcs() -> Iterator[str]:
    """The URL of an LCS that takes every connection and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=4096) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/dev"


@contextmanager
def flapping_lcs(seconds: float) -> Iterator[str]:
    """The URL of an LCS that is ill in each way there is within so many seconds, and well in between."""
    turn = str(seconds / len(WAYS) / 2)
    with running([sys.executable, "-m", "mentorq.torture.lcs", "{port}", turn]) as process:
        yield f"http://127.0.0.1:{process.port}/dev"


def hanging(name: str, url: str, seconds: float) -> Outcome:
    """Return how much longer tickets take while LCS hangs, and how the sign-ins end."""
    with hanging_lcs() as lcs, serving(url, lcs) as server:
        figures, answers = measured(url, server, seconds)
    return Outcome(
        name,
        f"{KNOCKS_A_SECOND} sign-ins a second while LCS hangs, {seconds:g} s",
        {**figures, "sign-ins": len(answers), "other answers than 503": sum(status != 503 for _, status in answers)},
        none=["other answers than 503"],
        some=["sign-ins"],
        most={"times as long": 1.5} if seconds >= LONG_ENOUGH else {},
    )


def flapping(name: str, url: str, seconds: float) -> Outcome:
    """Return how much longer tickets take while LCS is ill in one way after the other, and who was let in wrongly."""
    with flapping_lcs(seconds) as lcs, serving(url, lcs) as server:
        figures, answers = measured(url, server, seconds)
    let_in = {email for email, status in answers if status == 200}
    accounts = inside(url, "accounts", "knock")
    return Outcome(
        name,
        f"{KNOCKS_A_SECOND} sign-ins a second while LCS is ill in {len(WAYS)} ways and well in between, {seconds:g} s",
        {
            **figures,
            "signed in": len(let_in),
            "refused": sum(status != 200 for _, status in answers),
            "answers other than 200, 401, 503": sum(status not in (200, 401, 503) for _, status in answers),
            "accounts that LCS did not vouch for": len(set(accounts) - let_in),
            "roles that LCS did not give": sum(accounts.values()) + len(inside(url, "accounts", "somebody.else")),
        },
        none=["answers other than 200, 401, 503", "accounts that LCS did not vouch for", "roles that LCS did not give"],
        some=["signed in", "refused"],
        most={"times as long": 1.5} if seconds >= LONG_ENOUGH else {},
    )


def measured(url: str, server: Server, seconds: float) -> tuple[dict[str, float], list[tuple[str, int]]]:
    """Return how long a poll and a list take in the median while nobody knocks and while all do, and what these heard."""
    mentor = inside(url, "prepare", "100")["mentor"]
    requests = [polls(server.port, "/api/tickets", mentor), http("/api/tickets?status=OPEN,CLAIMED", token=mentor)]
    before = taken(server.port, requests, seconds / 4)
    with knocking(server.port) as answers:
        loud = [median(times) * 1000 for times in taken(server.port, requests, seconds)]
    after = taken(server.port, requests, seconds / 4)  # as much again, that the machine's own moods fall on both sides
    quiet = [median(first + last) * 1000 for first, last in zip(before, after, strict=True)]
    figures = {
        "poll ms": round(quiet[0], 2),
        "poll ms meanwhile": round(loud[0], 2),
        "list ms": round(quiet[1], 2),
        "list ms meanwhile": round(loud[1], 2),
        "times as long": round(max(meanwhile / alone for meanwhile, alone in zip(loud, quiet, strict=True)), 2),
    }
    return figures, answers


@contextmanager
def knocking(port: int) -> Iterator[list[tuple[str, int]]]:
    """Who tried to sign in, and the status that was answered, growing for as long as the block runs."""
    answers: list[tuple[str, int]] = []
    over = threading.Event()
    knockers = [threading.Thread(target=knock, args=(port, number, answers, over)) for number in range(KNOCKS_A_SECOND)]
    for knocker in knockers:
        knocker.start()
    try:
        yield answers
    finally:
        over.set()
        for knocker in knockers:
            knocker.join()


def taken(port: int, requests: list[bytes], seconds: float) -> list[list[float]]:
    """Return the seconds that each of the requests takes, each time it is asked, one after the other for so long."""
    client = Client(port)
    times: list[list[float]] = [[] for _ in requests]
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        for request, its in zip(requests, times, strict=True):
            start = time.perf_counter()
            client.ask(request)
            its.append(time.perf_counter() - start)
        time.sleep(0.01)
    return times


def knock(port: int, number: int, answers: list[tuple[str, int]], over: threading.Event) -> None:
    """Try to sign in once a second, each time as somebody else, until it is `over`; note the answers."""
    client = Client(port)
    over.wait(number / KNOCKS_A_SECOND)
    for count in itertools.takewhile(lambda _: not over.is_set(), itertools.count()):
        email = f"knock{number}-{count}@example.edu"
        body = json.dumps({"email": email, "lcs_token": f"token of {email}"})
        start = time.monotonic()
        answers.append((email, int(client.ask(http("/api/auth/token", method="POST", body=body))[0][9:12])))
        over.wait(max(1 - (time.monotonic() - start), 0))
