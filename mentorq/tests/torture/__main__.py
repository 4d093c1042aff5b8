"""`python -m mentorq.tests.torture [NAME…]`: what MentorQ promises, put to the test; exits with 1 where a promise breaks.

Needs requirements-dev.txt. Without a NAME it does all of it on both databases. `--short` is what CI runs.
"""

import argparse
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from mentorq.tests.bench.databases import URLOf, fill, migrate, postgresql, sqlite
from mentorq.tests.torture.abuse import abuses
from mentorq.tests.torture.crashes import crashes
from mentorq.tests.torture.crowd import crowds
from mentorq.tests.torture.failing_lcs import flapping, hanging
from mentorq.tests.torture.lcs import WAYS
from mentorq.tests.torture.lists import large_lists
from mentorq.tests.torture.live import streamed
from mentorq.tests.torture.notices import delayed, told, twice
from mentorq.tests.torture.outages import can_mount, disk_full, postgresql_restarted, postgresql_stopped
from mentorq.tests.torture.outcome import Outcome
from mentorq.tests.torture.strangers import strangers
from mentorq.tests.torture.winners import winners


class Size(NamedTuple):
    """How much of it: kills, races for a ticket, people in a crowd; seconds of the crowd, a failing LCS and an outage.

    So many of the ways in which LCS fails are tried, each for `turn` seconds, with as many in between. So many tries
    at an hour's limit, tickets of the largest kind, and rounds in which people sign in, `spread` over so many seconds.
    So many seconds of moves while a webhook hangs, or while two upkeeps run. So many live streams, and changes.
    """

    kills: int
    races: int
    people: int
    crowd: float
    hanging: float
    ways: int
    turn: float
    outage: float
    tries: int
    large: int
    rounds: int
    spread: float
    noticed: float
    streams: int
    changes: int


# Production's database has the long ones. Its turns are longer than the breaker of LCS's client stays open: otherwise a
# failing LCS would not even be asked. The first of lcs.WAYS do not open it.
QUICKER = Size(
    kills=20, races=500, people=2000, crowd=20, hanging=15, ways=4, turn=3, outage=4, tries=3000, large=20_000, rounds=3,
    spread=5, noticed=60, streams=2000, changes=10,
)  # fmt: skip
LONG = {"SQLite": QUICKER, "PostgreSQL": QUICKER._replace(crowd=120, ways=len(WAYS), turn=5.5)}
SHORT = Size(
    kills=3, races=20, people=200, crowd=15, hanging=6, ways=3, turn=1.5, outage=2, tries=600, large=2000, rounds=1,
    spread=3, noticed=6, streams=200, changes=2,
)  # fmt: skip


@dataclass
class Ground:
    """A kind of database, and how much is done to it."""

    name: str
    url_of: URLOf
    size: Size

    @cached_property
    def queue(self) -> str:
        """The URL of a database with a thousand tickets, the same one for all who want one."""
        return fill(self.url_of("queue"), 1000)

    def empty(self, database: str) -> str:
        """Return the URL of a new database of that name, with its tables."""
        migrate(url := self.url_of(database))
        return url


def killed(ground: Ground) -> Iterator[Outcome]:
    """Yield what a server that is killed again and again loses."""
    yield crashes(ground.name, ground.empty("crashed"), ground.size.kills)


def raced(ground: Ground) -> Iterator[Outcome]:
    """Yield who wins where many claim one ticket."""
    yield winners(ground.name, ground.queue, ground.size.races)


def crowded(ground: Ground) -> Iterator[Outcome]:
    """Yield how a crowd is served."""
    yield crowds(ground.name, ground.queue, ground.size.people, ground.size.crowd)


def failing_lcs(ground: Ground) -> Iterator[Outcome]:
    """Yield what people notice of an LCS that hangs, and of one that fails in other ways."""
    size = ground.size
    yield hanging(ground.name, ground.queue, size.hanging)
    yield flapping(ground.name, ground.queue, size.turn * 2 * size.ways, WAYS[: size.ways])


def away(ground: Ground) -> Iterator[Outcome]:
    """Yield what comes of a database that goes away."""
    if ground.name == "PostgreSQL":
        yield postgresql_stopped(ground.size.outage)
        yield postgresql_restarted()
    elif can_mount():
        yield disk_full(ground.size.outage)
    else:
        print("A full disk was left out: only root may mount a small one.")  # noqa: T201 - a script


def abused(ground: Ground) -> Iterator[Outcome]:
    """Yield what one person can do to the queue, and what becomes of a queue that is full of large tickets."""
    yield from abuses(ground.name, ground.empty("abused"), ground.size.tries)
    large = ground.size.large
    yield large_lists(ground.name, ground.empty("large"), large, mentors=8)
    # As many bytes are on their way: to copy them takes both cores, whoever makes them.
    yield large_lists(ground.name, ground.empty("smaller"), large * 8 // 100, mentors=100)


def starved(ground: Ground) -> Iterator[Outcome]:
    """Yield how many people get in while strangers knock."""
    yield strangers(ground.name, ground.queue, ground.size.rounds, ground.size.spread)


def noticed(ground: Ground) -> Iterator[Outcome]:
    """Yield what is told of moves, how long they take before a receiver that hangs, and what two upkeeps do twice."""
    yield told(ground.name, ground.empty("told"), ground.size.kills)
    yield delayed(ground.name, ground.empty("delayed"), ground.size.noticed)
    yield twice(ground.name, ground.empty("twice"), ground.size.noticed)


def listening(ground: Ground) -> Iterator[Outcome]:
    """Yield how late live streams hear of changes, and what they miss while their server is killed."""
    yield streamed(ground.name, ground.empty("live"), ground.size.streams, ground.size.changes)


TORTURES: dict[str, Callable[[Ground], Iterator[Outcome]]] = {
    "crashes": killed,
    "winners": raced,
    "crowd": crowded,
    "lcs": failing_lcs,
    "outages": away,
    "abuse": abused,
    "strangers": starved,
    "notices": noticed,
    "live": listening,
}


def outcomes(names: list[str], short: bool, only: str | None) -> Iterator[Outcome]:
    """Yield what comes of the tortures of these names, on one database or on both."""
    for name, databases in (("SQLite", sqlite), ("PostgreSQL", postgresql)):
        if only in (None, name):
            with databases() as url_of:
                ground = Ground(name, url_of, SHORT if short else LONG[name])
                for torture in names:
                    yield from TORTURES[torture](ground)


def main() -> int:
    """Return 1 where any promise was broken, else 0."""
    parser = argparse.ArgumentParser(prog="python -m mentorq.tests.torture", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(TORTURES)}: all of them by default")
    parser.add_argument("--short", action="store_true", help="a tenth of it")
    parser.add_argument("--on", choices=["SQLite", "PostgreSQL"], help="one database alone")
    options = parser.parse_args()
    if unknown := set(options.names) - TORTURES.keys():
        parser.error(f"{', '.join(unknown)}: choose from {', '.join(TORTURES)}")
    signal.signal(signal.SIGTERM, give_up)
    kept, start = True, time.monotonic()
    for outcome in outcomes(options.names or list(TORTURES), options.short, options.on):
        print(f"{outcome} ({time.monotonic() - start:.0f} s)", flush=True)  # noqa: T201 - a script
        kept, start = kept and outcome.kept, time.monotonic()
    return int(not kept)


def give_up(*_: Any) -> None:
    """Leave every block, so that the servers end too: `timeout` says in the Makefile that it takes too long."""
    raise SystemExit("BROKEN: told to end before it was over")


if __name__ == "__main__":
    sys.exit(main())
