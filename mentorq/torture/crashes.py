"""The server is killed in the midst of the work, again and again; what it acknowledged must be there afterwards."""

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psutil

from mentorq.bench.databases import PRODUCTION
from mentorq.bench.outside import GRANIAN
from mentorq.tests.servers import Server, running
from mentorq.torture.outcome import Outcome
from mentorq.torture.work import WRITERS, at_work

# As systemd's Restart=always does it.
SUPERVISED = f"""
trap 'kill $!; exit' TERM
while :; do
    {" ".join(map(str, GRANIAN))} &
    wait $!
    sleep 0.2
done
"""


@contextmanager
def supervised(url: str) -> Iterator[Server]:
    """A server that is started anew whenever it ends."""
    variables = {**PRODUCTION, "DATABASE_URL": url, "TICKETS_MAX_OPEN": "1000000"}
    with running(["sh", "-c", SUPERVISED], **variables) as server:
        server.wait_until_ready()
        yield server


def crashes(name: str, url: str, kills: int) -> Outcome:
    """Return what was acknowledged, lost and half done while the server was killed so many times."""
    with supervised(url) as server, at_work(url, server.port) as work:
        recoveries = [kill(server, random.uniform(0.5, 2)) for _ in range(kills)]  # noqa: S311 - not for secrets
    return Outcome(
        name,
        f"{kills} × kill -9 while {WRITERS} people write",
        {**work.audited(url), "recovery in seconds, at most": round(max(recoveries), 1)},
        none=["lost", "half done", "damaged"],
        some=["acknowledged"],
        most={"recovery in seconds, at most": 15},
    )


def kill(server: Server, after: float) -> float:
    """Kill every process of the server after so many seconds; return how many it takes until it answers again."""
    time.sleep(after)
    start = time.monotonic()
    for process in psutil.Process(server.process.pid).children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            process.kill()
    time.sleep(0.1)
    server.wait_until_ready()
    return time.monotonic() - start
