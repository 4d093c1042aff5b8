"""`python -m mentorq.torture`: all of it on both databases, within ten minutes or so; exits with 1 where a promise breaks.

Needs requirements-dev.txt. `--short` is what CI runs.
"""

import argparse
import sys
from collections.abc import Iterator
from typing import NamedTuple

from mentorq.bench.databases import URLOf, fill, migrate, postgresql, sqlite
from mentorq.torture.crashes import crashes
from mentorq.torture.crowd import crowds
from mentorq.torture.knocking import flapping, hanging
from mentorq.torture.outages import can_mount, disk_full, postgresql_stopped
from mentorq.torture.outcome import Outcome
from mentorq.torture.winners import winners


class Size(NamedTuple):
    """How much of it: kills, races for a ticket, seconds of an ill LCS, people in a crowd and seconds of it."""

    kills: int = 20
    races: int = 500
    ill: float = 15
    people: int = 2000
    crowd: float = 120
    outage: float = 5


SHORT = Size(kills=3, races=20, ill=6, people=200, crowd=20, outage=2)


def outcomes(name: str, url_of: URLOf, size: Size) -> Iterator[Outcome]:
    """Yield what came of each torture on that kind of database."""
    crashed = url_of("crashed")
    migrate(crashed)
    yield crashes(name, crashed, size.kills)
    crowded = fill(url_of("crowded"), 1000)
    yield winners(name, crowded, size.races)
    # Production's database has the long one, so that all of it stays within ten minutes.
    yield crowds(name, crowded, size.people, size.crowd if name == "PostgreSQL" else size.crowd / 4)
    yield hanging(name, crowded, size.ill)
    yield flapping(name, crowded, size.ill)
    if name == "PostgreSQL":
        yield postgresql_stopped(size.outage)
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
    kept = True
    for name, databases in (("SQLite", sqlite), ("PostgreSQL", postgresql)):
        if options.on in (None, name):
            with databases() as url_of:
                for outcome in outcomes(name, url_of, SHORT if options.short else Size()):
                    print(outcome, flush=True)  # noqa: T201 - a script
                    kept &= outcome.kept
    return int(not kept)


if __name__ == "__main__":
    sys.exit(main())
