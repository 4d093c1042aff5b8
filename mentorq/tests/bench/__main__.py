"""`python -m mentorq.tests.bench`: the whole benchmark, some half an hour.

Exits with 1 if a figure does not hold, or is worse than in the run that it is compared with.

Run it on a machine that does nothing else. Needs requirements-dev.txt.
"""

import argparse
import platform
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import NamedTuple

import psutil

from mentorq.tests.bench.databases import URLOf, fill, inside, manage, migrate, postgresql, sqlite
from mentorq.tests.bench.figures import UNIT, Figure, ratios, save, table
from mentorq.tests.bench.following import following
from mentorq.tests.bench.outside import claiming, following_an_event, growing, polling, signing_in
from mentorq.tests.bench.rush import rushing


class Size(NamedTuple):
    """How much is measured: tickets in a large table, tickets for the statistics, rounds, requests on a worker's memory.

    No tickets for the statistics, and no such requests: these figures are left out. So many seconds people follow a queue.
    """

    large: int = 100_000
    most: int = 1_000_000
    rounds: int = 5
    requests: int = 50_000
    follow: float = 60


QUICK = Size(most=0, requests=0)
SMOKE = Size(large=2000, most=3000, rounds=1, requests=2000, follow=5)
START, END = "<!-- make bench -->", "<!-- end -->"


def measure(name: str, url_of: URLOf, size: Size) -> Iterator[Figure]:
    """Yield every figure on that kind of database."""
    small, large = fill(url_of("small"), 900), fill(url_of("large"), size.large - 100)
    most, rounds = size.most, size.rounds
    migrate(alone := url_of("event"))
    yield from following_an_event(name, alone, large, rounds)
    yield from polling(name, small, large, rounds)
    in_process = "the rows by `values()`, dumped with orjson"
    yield Figure(name, "changed list of 1,000 tickets, in process", in_process, 2.0, inside(small, "list", str(rounds)))
    yield from signing_in(name, small, rounds)
    yield from rushing(name, small, rounds)
    yield from following(name, small, size.follow)
    yield from claiming(name, large, rounds)
    if size.requests:
        yield growing(name, small, size.requests)
    if most:
        migrate(million := url_of("million"))
        yield from counting_all(name, million, most, rounds)


def counting_all(name: str, million: str, most: int, rounds: int) -> Iterator[Figure]:
    """Yield what it costs to make, export and count so many tickets."""
    seeding, exporting = manage(million, "seed", f"--tickets={most}"), manage(million, "exporttickets")
    yield Figure(name, f"seeding {most:,} tickets", "three minutes", 1.0, [[180, seeding.seconds]])
    yield Figure(name, f"memory for seeding {most:,} tickets{UNIT}", "250 MB", 1.0, [[0.25, seeding.memory]])
    yield Figure(name, f"memory for exporting {most:,} tickets{UNIT}", "250 MB", 1.0, [[0.25, exporting.memory]])
    sql = "one SQL statement for averages and counts"
    yield Figure(name, f"statistics of {most:,} tickets", sql, 4.0, inside(million, "stats", str(rounds)))


def machine() -> str:
    """Return a line about where this runs."""
    cpu = next(
        (line.partition(":")[2].strip() for line in cpuinfo() if line.startswith("model name")), platform.processor()
    )
    memory = psutil.virtual_memory().total / 2**30
    return f"{date.today()}, {psutil.cpu_count()} × {cpu}, {memory:.0f} GiB, Python {platform.python_version()}."


def cpuinfo() -> list[str]:
    """Return what Linux says of its processors, nothing elsewhere."""
    file = Path("/proc/cpuinfo")
    return file.read_text().splitlines() if file.exists() else []


def write(document: Path, text: str, start: str = START) -> None:
    """Put the text between the marks in that document."""
    before, _, rest = document.read_text().partition(start)
    document.write_text(f"{before}{start}\n\n{text}\n\n{END}{rest.partition(END)[2]}")


def main() -> int:
    """Return 1 where any figure does not hold, else 0."""
    parser = argparse.ArgumentParser(prog="python -m mentorq.tests.bench", description=__doc__)
    parser.add_argument(
        "--smoke", action="store_true", help="a little of everything, to see that it works; never exits with 1"
    )
    parser.add_argument("--quick", action="store_true", help="without the million tickets, to compare two commits")
    parser.add_argument("--on", choices=["SQLite", "PostgreSQL"], help="one database alone")
    parser.add_argument("--save", type=Path, help="a JSON file to write the run to")
    parser.add_argument(
        "--compare",
        type=Path,
        help="such a file of an earlier run; whatever is more than 1.1 × its ratio is worse",
    )
    parser.add_argument("--write", type=Path, help="the document whose table is to be replaced")
    options = parser.parse_args()
    before = ratios(options.compare) if options.compare else {}
    figures, size = [], SMOKE if options.smoke else QUICK if options.quick else Size()
    for name, databases in (("SQLite", sqlite), ("PostgreSQL", postgresql)):
        if options.on in (None, name):
            with databases() as url_of:
                for figure in measure(name, url_of, size):
                    print(figure.row(before), file=sys.stderr, flush=True)  # noqa: T201 - a script
                    figures.append(figure)
    text = f"{machine()}\n\n{table(figures, before)}"
    print(text)  # noqa: T201
    if options.save:
        save(figures, options.save)
    if options.write:
        write(options.write, text)
    return int(not options.smoke and not all(figure.holds and not figure.is_worse(before) for figure in figures))


if __name__ == "__main__":
    sys.exit(main())
