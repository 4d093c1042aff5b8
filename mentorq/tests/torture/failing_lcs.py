"""LCS fails while fifty people a second try to sign in. Nobody else may notice, and nobody may get in wrongly."""

import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from requests import get

from mentorq.tests.bench.databases import inside
from mentorq.tests.bench.outside import serving
from mentorq.tests.servers import Server, running
from mentorq.tests.torture.knocking import KNOCKS_A_SECOND, Knock, figures_of, knocking
from mentorq.tests.torture.lives import compared, live
from mentorq.tests.torture.outcome import Outcome

# Fifteen seconds say something of a machine that others use too, a few do not.
LONG_ENOUGH = 15
LCS_TIMEOUT = 5.0  # seconds, as the settings have it
UNVOUCHED = [
    "signed in without LCS's word",
    "accounts without LCS's word",
    "roles that LCS did not give",
    "tokens of somebody else",
]
# Of what was due: a knocker who waits for a slow answer makes up for it, but for the last one.
TRIES = 0.8


@contextmanager
def hanging_lcs() -> Iterator[str]:
    """The URL of an LCS that takes every connection and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=4096) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/dev"


@contextmanager
def flapping_lcs(seconds: float, ways: list[str]) -> Iterator[tuple[str, Callable[[], Any]]]:
    """URL and ledger of an LCS that fails in each of these ways within so many seconds, and well in between."""
    turn = str(seconds / len(ways) / 2)
    with running([sys.executable, "-m", "mentorq.tests.torture.lcs", "{port}", turn, *ways]) as process:
        url = f"http://127.0.0.1:{process.port}/dev"
        yield url, lambda: get(url, timeout=5).json()


def hanging(name: str, url: str, seconds: float) -> Outcome:
    """Return how much longer tickets take while LCS hangs, and how the sign-ins end."""
    with hanging_lcs() as lcs, serving(url, lcs, TICKETS_MAX_OPEN="1000000") as server:
        figures, heard = measured(url, server, seconds, "hang")
    others = "other answers than 503"
    figures |= {others: sum(knock.status != 503 for knock in heard), **unvouched(url, "hang", heard, set())}
    return outcome(name, f"while LCS hangs, {seconds:g} s", figures, seconds, [others])


def flapping(name: str, url: str, seconds: float, ways: list[str]) -> Outcome:
    """Return how much longer tickets take while LCS fails in one way after the other, and who was let in wrongly."""
    with flapping_lcs(seconds, ways) as (lcs, ledger), serving(url, lcs, TICKETS_MAX_OPEN="1000000") as server:
        figures, heard = measured(url, server, seconds, "knock")
        said = ledger()
    others = "answers other than 200, 401, 503"
    figures |= {
        **{f"{way} met": said["met"].get(way, 0) for way in ways},
        others: sum(knock.status not in (200, 401, 503) for knock in heard),
        **unvouched(url, "knock", heard, set(said["vouched"])),
    }
    what = f"while LCS fails in {len(ways)} ways and well in between, {seconds:g} s"
    return outcome(name, what, figures, seconds, [others], ["signed in", *(f"{way} met" for way in ways)])


def outcome(
    name: str, what: str, figures: dict[str, Any], seconds: float, none: list[str], some: list[str] | None = None
) -> Outcome:
    """Return the outcome, with what is promised however LCS fails."""
    return Outcome(
        name,
        f"{KNOCKS_A_SECOND} sign-ins a second {what}",
        figures,
        none=["without an answer", "wrong answers about tickets", *none, *UNVOUCHED],
        some=some or [],
        most={"sign-in 99 % ms": (LCS_TIMEOUT + 1) * 1000} | ({"times as long": 1.5} if seconds >= LONG_ENOUGH else {}),
        least={"sign-ins": TRIES * KNOCKS_A_SECOND * seconds},
    )


def unvouched(url: str, prefix: str, heard: list[Knock], vouched: set[str]) -> dict[str, int]:
    """Return how many people and roles there are without LCS's word, by its own ledger."""
    accounts = inside(url, "accounts", prefix)
    return {
        "signed in without LCS's word": len({knock.email for knock in heard if knock.status == 200} - vouched),
        "accounts without LCS's word": len(accounts.keys() - vouched),
        "roles that LCS did not give": sum(accounts.values()) + len(inside(url, "accounts", "somebody.else")),
    }


def measured(url: str, server: Server, seconds: float, prefix: str) -> tuple[dict[str, Any], list[Knock]]:
    """Return how long each thing with a ticket takes while nobody knocks and while all do, and what these heard."""
    mentor, hacker = inside(url, "token", "mentor1@example.edu"), inside(url, "token", "worker@example.edu")
    quiet = min(seconds / 4, 5)
    before = live(server.port, mentor, hacker, quiet)
    with knocking(server.port, prefix) as heard:
        loud = live(server.port, mentor, hacker, seconds)
    after = live(server.port, mentor, hacker, quiet)  # as much again, that the machine's own moods fall on both sides
    return {**compared([before, after], loud), **figures_of(heard)}, heard
