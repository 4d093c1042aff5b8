"""`python -m mentorq.torture`: all of it on both databases, within ten minutes or so; exits with 1 where a promise breaks.

Needs requirements-dev.txt. `--short` is what CI runs.
"""

import argparse
import signal
import sys
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

from mentorq.bench.databases import URLOf, fill, migrate, postgresql, sqlite
from mentorq.torture.crashes import crashes
from mentorq.torture.crowd import crowds
from mentorq.torture.ill import flapping, hanging
from mentorq.torture.lcs import WAYS
from mentorq.torture.outages import can_mount, disk_full, postgresql_restarted, postgresql_stopped
from mentorq.torture.outcome import Outcome
from mentorq.torture.winners import winners


class Size(NamedTuple):
    """How much of it: kills, races for a ticket, people in a crowd; seconds of the crowd, an ill LCS and an outage.

    Of the ways in which LCS is ill so many are tried, each for `turn` seconds, with as many in between.
    """

    kills: int
    races: int
    people: int
    crowd: float
    hanging: float
    ways: int
    turn: float
    outage: float


# Production's database has the long ones, so that all of it stays within ten minutes. Its turns are longer than the
# breaker of mentorq_users.lcs stays open, or an ill LCS would not even be asked; the first of lcs.WAYS do not open it.
LONG = {
    "SQLite": Size(kills=20, races=500, people=2000, crowd=20, hanging=15, ways=4, turn=3, outage=4),
    "PostgreSQL": Size(kills=20, races=500, people=2000, crowd=120, hanging=15, ways=len(WAYS), turn=5.5, outage=4),
}
SHORT = dict.fromkeys(LONG, Size(kills=3, races=20, people=200, crowd=15, hanging=6, ways=3, turn=1.5, outage=2))


def outcomes(name: str, url_of: URLOf, size: Size) -> Iterator[Outcome]:
    """Yield what came of each torture on that kind of database."""
    crashed = url_of("crashed")
    migrate(crashed)
    yield crashes(name, crashed, size.kills)
    crowded = fill(url_of("crowded"), 1000)
    yield winners(name, crowded, size.races)
    yield crowds(name, crowded, size.people, size.crowd)
    yield hanging(name, crowded, size.hanging)
    yield flapping(name, crowded, size.turn * 2 * size.ways, WAYS[: size.ways])
    if name == "PostgreSQL":
        yield postgresql_stopped(size.outage)
        yield postgresql_restarted()
    elif can_mount():
        yield disk_full(size.outage)
    else:
        print("A full disk was left out: only root may mount a small one.")  # noqa: T201 - a script


def main() -> int:
    """Return 1 where any promise was broken, else 0."""
    parser = argparse.ArgumentParser(prog="python -m mentorq.torture", description=__doc__)
    parser.add_argument("--short", action="store_true", help="a tenth of it")
    parser.add_argument("--on", choices=["SQLite", "PostgreSQL"], help="one database alone")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, give_up)
    kept = True
    for name, databases in (("SQLite", sqlite), ("PostgreSQL", postgresql)):
        if options.on in (None, name):
            with databases() as url_of:
                start = time.monotonic()
                for outcome in outcomes(name, url_of, (SHORT if options.short else LONG)[name]):
                    print(f"{outcome} ({time.monotonic() - start:.0f} s)", flush=True)  # noqa: T201 - a script
                    kept, start = kept and outcome.kept, time.monotonic()
    return int(not kept)


def give_up(*_: Any) -> None:
    """Leave every block, so that the servers end too: `timeout` says in the Makefile that it takes too long."""
    raise SystemExit("BROKEN: told to end before it was over")


if __name__ == "__main__":
    sys.exit(main())
