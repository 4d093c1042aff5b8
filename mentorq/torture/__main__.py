"""`python -m mentorq.torture`: all of it on both databases, within ten minutes or so; exits with 1 where a promise breaks.

Needs requirements-dev.txt. `--short` is what CI runs.
"""

import argparse
import sys
from collections.abc import Iterator

from mentorq.bench.databases import URLOf, fill, migrate, postgresql, sqlite
from mentorq.torture.crashes import crashes
from mentorq.torture.knocking import knocking
from mentorq.torture.outcome import Outcome
from mentorq.torture.winners import winners


def outcomes(name: str, url_of: URLOf, *, short: bool) -> Iterator[Outcome]:
    """Yield what came of each torture on that kind of database."""
    crashed = url_of("crashed")
    migrate(crashed)
    yield crashes(name, crashed, kills=3 if short else 20)
    crowded = fill(url_of("crowded"), 1000)
    yield winners(name, crowded, rounds=20 if short else 500)
    yield knocking(name, crowded, seconds=5 if short else 30)


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
                for outcome in outcomes(name, url_of, short=options.short):
                    print(outcome, flush=True)  # noqa: T201 - a script
                    kept &= outcome.kept
    return int(not kept)


if __name__ == "__main__":
    sys.exit(main())
