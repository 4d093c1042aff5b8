"""What is measured over HTTP, under the server that the README recommends."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import count

import psutil
from requests import ConnectionError as Refused
from requests import get, post

from mentorq.tests.bench.databases import PRODUCTION, inside
from mentorq.tests.bench.figures import UNIT, Figure
from mentorq.tests.bench.load import http, polls, seconds_each
from mentorq.tests.servers import GRANIAN, Server, running
from mentorq_users.lcs.standin import PASSWORD, PEOPLE

SERVER = [*GRANIAN, "--port={port}", "mentorq.tests.bench.wsgi:application"]
MENTORS, CLAIMS_EACH = 50, 10
# What is asked of an event: its name, the path, who asks, and how often.
EVENT_WORK = [
    ("list", "/api/tickets/", "mentor", 100),
    ("statistics", "/api/tickets/stats/", "director", 100),
    ("leaderboard", "/api/feedback/leaderboard/", "mentor", 300),
]


@contextmanager
def serving(url: str, lcs: str = "http://127.0.0.1:9", **variables: str) -> Iterator[Server]:
    """A server on that database, ready; these environment variables win over those of production."""
    with running(SERVER, **{**PRODUCTION, "DATABASE_URL": url, "LCS_BASE_URL": lcs, **variables}) as server:
        server.wait_until_ready()
        # Each of its threads opens its connection to the database at its first request.
        seconds_each(server.port, [http("/healthz")], clients=32, count=32 * 20)
        yield server


def polling(name: str, small: str, large: str, rounds: int) -> Iterator[Figure]:
    """Yield the figures of lists: `small` has a thousand tickets, `large` a hundred times as many, both a hundred live."""
    people, crowd = inside(small, "prepare", "100"), inside(large, "prepare", "100")
    figure = partial(Figure.of, name, rounds=3 * rounds)  # short ones, because other machines may disturb this one
    with serving(small) as few, serving(large) as many:

        def each(server: Server, request: bytes, times: int, status: int = 200) -> float:
            return seconds_each(server.port, [request], status=status, count=times)

        health, poll = http("/healthz"), polls(few.port, "/api/tickets", people["mentor"])
        yield figure(
            "unchanged poll of 1,000 tickets", "`/healthz`", 1 / 0.6,
            lambda: [each(few, health, 1000), each(few, poll, 1000, 304)],
        )  # fmt: skip
        live = "/api/tickets?status=OPEN,CLAIMED"
        of_few, of_many = polls(few.port, live, people["mentor"]), polls(many.port, live, crowd["mentor"])
        yield figure(
            "unchanged poll of the live ones among 100,000", "among 1,000", 1.3,
            lambda: [each(few, of_few, 1000, 304), each(many, of_many, 1000, 304)],
        )  # fmt: skip
        numbers = count()

        def changed(server: Server, token: str) -> float:
            # No two have the same address: a list that was built for another one would be no measure.
            lists = [http(f"{live}&n={next(numbers)}", token=token) for _ in range(200)]
            return seconds_each(server.port, lists, count=len(lists))

        yield figure(
            "changed list of the live ones among 100,000", "among 1,000", 1.3,
            lambda: [changed(few, people["mentor"]), changed(many, crowd["mentor"])],
        )  # fmt: skip
        bare, own = http("/floors/one-query/", token=crowd["hacker"]), http("/api/tickets", token=crowd["hacker"])
        yield figure(
            "own list, 5 among 100,000", "authenticated view with one query", 1.6,
            lambda: [each(many, bare, 600), each(many, own, 600)],
        )  # fmt: skip


def following_an_event(name: str, alone: str, large: str, rounds: int) -> Iterator[Figure]:
    """Yield the figures of an event with 500 tickets: `large` also has a hundred thousand of earlier ones, `alone` none."""
    people, crowd = inside(alone, "event"), inside(large, "event")
    figure = partial(Figure.of, name, rounds=3 * rounds)
    numbers = count()

    def each(server: Server, path: str, token: str, times: int) -> float:
        # No two have the same address, so that no list was built for another request.
        asked = [http(f"{path}?n={next(numbers)}", token=token) for _ in range(times)]
        return seconds_each(server.port, asked, count=times)

    with serving(alone) as few, serving(large) as many:

        def pair(path: str, who: str, times: int) -> list[float]:
            return [each(few, path, people[who], times), each(many, path, crowd[who], times)]

        for work, path, who, times in EVENT_WORK:
            title = f"{work} of an event after 100,000 tickets"
            yield figure(title, "without them", 1.3, partial(pair, path, who, times))
        health, queue = http("/healthz"), http("/api/queue/")
        yield figure(
            "the queue in figures after 100,000 tickets", "`/healthz`", 1.5,
            lambda: [seconds_each(many.port, [request], count=1000) for request in (health, queue)],
        )  # fmt: skip
    inside(alone, "no_event")
    inside(large, "no_event")


def claiming(name: str, url: str, rounds: int) -> Iterator[Figure]:
    """Yield the figure of fifty mentors who claim different tickets at once."""
    people = inside(url, "claims", str(MENTORS), str(2 * (rounds + 1) * MENTORS * CLAIMS_EACH))
    tickets = iter(people["tickets"])

    def claims(request: Callable[[int, str], bytes]) -> list[bytes]:
        return [request(next(tickets), token) for _ in range(CLAIMS_EACH) for token in people["mentors"]]

    def floor(ticket: int, token: str) -> bytes:
        return http(f"/floors/claim/{ticket}/", method="POST")

    def claim(ticket: int, token: str) -> bytes:
        return http(f"/api/tickets/{ticket}", token=token, method="PATCH", body='{"status": "CLAIMED"}')

    with serving(url) as server:

        def each(request: Callable[[int, str], bytes]) -> float:
            return seconds_each(server.port, claims(request), clients=MENTORS, count=MENTORS * CLAIMS_EACH)

        yield Figure.of(
            name,
            "claim, 50 mentors at once",
            "UPDATE and INSERT",
            3.0 if name == "PostgreSQL" else 2.5,
            lambda: [each(floor), each(claim)],
            rounds,
        )


@contextmanager
def lcs_stand_in() -> Iterator[str]:
    """The URL of LCS's stand-in in a process of its own."""
    with running([sys.executable, "manage.py", "runlcs", "{port}"]) as process:
        url = f"http://127.0.0.1:{process.port}/dev"
        for _ in range(100):
            try:
                get(url, timeout=1)
                break
            except Refused:
                time.sleep(0.1)
        yield url


def signing_in(name: str, url: str, rounds: int) -> Iterator[Figure]:
    """Yield the figure of signing in, one of LCS's people after the other, while LCS answers at once."""
    with lcs_stand_in() as lcs, serving(url, lcs) as server:
        tokens = {person["email"]: lcs_token(lcs, person["email"]) for person in PEOPLE}
        requests = [
            http("/api/auth/token", method="POST", body=json.dumps({"email": email, "lcs_token": token}))
            for email, token in tokens.items()
        ]

        def floor() -> float:
            start = time.perf_counter()
            for email, token in tokens.items():
                post(f"{lcs}/validate", json={"email": email, "token": token}, timeout=5).raise_for_status()
            return (time.perf_counter() - start) / len(tokens)

        def sign_in() -> float:
            return seconds_each(server.port, requests, clients=1, count=len(requests))

        yield Figure.of(name, "sign-in", "`/validate` by requests", 4.0, lambda: [floor(), sign_in()], 4 * rounds)


def lcs_token(lcs: str, email: str) -> str:
    """Return what LCS gives that person for their password."""
    answer = post(f"{lcs}/authorize", json={"email": email, "password": PASSWORD}, timeout=5)
    return str(answer.json()["body"]["token"])


def growing(name: str, url: str, requests: int) -> Figure:
    """Return the figure of the workers' gigabytes after so many requests, with those after 1,000 for its floor."""
    people = inside(url, "prepare", "100")
    with serving(url) as server:
        paths = ["/api/tickets?status=OPEN,CLAIMED&limit=20", "/api/tickets?search=looks", "/healthz", "/api/nothing"]
        mix = [
            *[polls(server.port, "/api/tickets", people["mentor"])] * 12,  # as it is most of the time
            *(http(path, token=people["mentor"]) for path in paths),
        ]

        def memory_after(count: int) -> float:
            seconds_each(server.port, mix, status=0, count=count)
            workers = psutil.Process(server.process.pid).children(recursive=True)
            return float(sum(worker.memory_info().rss for worker in workers)) / 1e9

        grown = [memory_after(1000), memory_after(requests - 1000)]
        return Figure(name, f"workers' memory after {requests:,} requests{UNIT}", "after 1,000", 1.1, [grown])
