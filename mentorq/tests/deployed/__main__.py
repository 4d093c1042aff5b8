"""`python -m mentorq.tests.deployed`: sets up a machine from deploy/'s own files, plays a day on it, restarts everything
under load, backs up and restores, prints a table, and ends everything that it started. `--short` is what CI runs.

Needs requirements-dev.txt, nginx, Prometheus's promtool, systemd-analyze and curl. It exits with 1 if something is wrong.
"""

import argparse
import sys
from collections.abc import Iterator

import psutil

from mentorq.tests.deployed.answers import answered
from mentorq.tests.deployed.backups import restored
from mentorq.tests.deployed.day import played
from mentorq.tests.deployed.files import checked
from mentorq.tests.deployed.machine import machine
from mentorq.tests.deployed.restarts import restarted
from mentorq.tests.torture.outcome import Outcome


def deployed(times: int) -> Iterator[Outcome]:
    yield from checked()
    with machine() as made:
        yield from played(made)
        yield from answered(made)
        yield from restarted(made, times)
        yield from restored(made)
    left = [process.name() for process in psutil.Process().children(recursive=True)]
    yield Outcome("machine", "what it started and did not end", {"left": left}, none=["left"])


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m mentorq.tests.deployed", description=__doc__)
    parser.add_argument("--short", action="store_true", help="restart everything once in each way instead of ten times")
    broken = 0
    for outcome in deployed(1 if parser.parse_args().short else 10):
        print(outcome, flush=True)  # noqa: T201
        broken += not outcome.kept
    return min(broken, 1)


if __name__ == "__main__":
    sys.exit(main())
