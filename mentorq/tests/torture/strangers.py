"""One address sends junk sign-ins without end, each with another e-mail; people at other addresses sign in meanwhile."""

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, NamedTuple

from mentorq.tests.bench.load import Client, http
from mentorq.tests.bench.outside import serving
from mentorq.tests.torture.outcome import Outcome
from mentorq_users.lcs.standin import DevLCS

STRANGERS, PEOPLE, LEAST = 30, 15, 14
LCS_TAKES = 0.3  # seconds
# As behind one proxy; tries are limited as the settings have it, not as in the benchmark.
BEHIND_A_PROXY = {"NUM_PROXIES": "1", "THROTTLE_TOKEN": "20/min"}
STRANGERS_ADDRESS = "203.0.113.7"
PATIENCE = 10.0  # seconds


class Try(NamedTuple):
    """The status that a sign-in was answered with, 0 for none, and how long that took."""

    status: int
    seconds: float


def sign_in(port: int, address: str, email: str, token: str) -> Try:
    """Try it once, over a new connection."""
    body = json.dumps({"email": email, "lcs_token": token})
    start, status = time.monotonic(), 0
    try:
        client = Client(port)
        with client.socket:
            head, _ = client.ask(http("/api/auth/token", method="POST", body=body, address=address))
            status = int(head[9:12])
    except OSError:
        pass
    return Try(status, time.monotonic() - start)


@contextmanager
def knocking(port: int) -> Iterator[Counter[int]]:
    """The statuses that the strangers hear, growing for as long as the block runs."""
    heard: Counter[int] = Counter()
    over = threading.Event()

    def knock(number: int) -> None:
        while not over.is_set():
            tried = sign_in(port, STRANGERS_ADDRESS, f"junk{number}.{time.monotonic_ns()}@example.edu", "junk")
            heard[tried.status] += 1

    with ThreadPoolExecutor(STRANGERS) as pool:
        ends = [pool.submit(knock, number) for number in range(STRANGERS)]
        try:
            yield heard
        finally:
            over.set()
    for end in ends:
        end.result()


def known(lcs: DevLCS, email: str) -> tuple[str, str]:
    """Let LCS know a hacker of that address, and return it with a token of theirs."""
    lcs.people[email] = {"email": email, "first_name": "Real", "last_name": "Person", "role": {"hacker": True}}
    return email, lcs.sign_in(email)


def arriving(port: int, people: list[tuple[str, str]], seconds: float) -> list[Try]:
    """Return how the people's sign-ins end, one try each, spread over so many seconds."""
    ready = threading.Barrier(PEOPLE)

    def arrive(number: int, person: tuple[str, str]) -> Try:
        ready.wait()
        time.sleep(number * seconds / PEOPLE)
        return sign_in(port, f"198.51.100.{number + 1}", *person)

    with ThreadPoolExecutor(PEOPLE) as pool:
        return list(pool.map(arrive, range(PEOPLE), people))


def strangers(name: str, url: str, rounds: int, seconds: float) -> Outcome:
    """Return how many people got in, in each of so many rounds spread over so many seconds, and as many all at once."""
    lcs = DevLCS()
    lcs.delay = LCS_TAKES
    people = [known(lcs, f"real{number}@example.edu") for number in range(PEOPLE)]
    with lcs.serving(), serving(url, lcs.url, **BEHIND_A_PROXY) as server, knocking(server.port) as heard:
        time.sleep(1)  # until they hold what they can
        spread = [arriving(server.port, people, seconds) for _ in range(rounds)]
        at_once = [arriving(server.port, people, 0) for _ in range(rounds)]
    what = f"{STRANGERS} connections of one address send junk sign-ins, {rounds} × {PEOPLE} people sign in"
    return Outcome(
        name,
        what,
        {"spread": fewest(spread), "at once": fewest(at_once), **figures_of([*spread, *at_once]), **junk(heard)},
        none=["other answers than 200, 503", "other answers to junk than 401, 429, 503"],
        some=["junk"],
        most={"sign-in at most s": PATIENCE},
        least={"spread": LEAST, "at once": LEAST},
    )


def fewest(rounds: list[list[Try]]) -> int:
    """Return how many got in where the fewest did."""
    return min(sum(tried.status == 200 for tried in tries) for tries in rounds)


def figures_of(rounds: list[list[Try]]) -> dict[str, Any]:
    """Return how the people's sign-ins ended, and how long the longest took."""
    tries = [tried for tries in rounds for tried in tries]
    others = sum(tried.status not in (200, 503) for tried in tries)
    longest = max(tried.seconds for tried in tries)
    return {"other answers than 200, 503": others, "sign-in at most s": round(longest, 1)}


def junk(heard: Counter[int]) -> dict[str, Any]:
    """Return what the strangers heard."""
    counts = {f"junk {status}": heard[status] for status in (401, 429, 503)}
    others = heard.total() - sum(counts.values())
    return {"junk": heard.total(), **counts, "other answers to junk than 401, 429, 503": others}
