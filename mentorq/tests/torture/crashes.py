"""The server is killed in the midst of the work, again and again; what it acknowledged must be there afterwards."""

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import pairwise
from typing import NamedTuple

import psutil

from mentorq.tests.bench.databases import PRODUCTION
from mentorq.tests.bench.outside import SERVER
from mentorq.tests.servers import Server, running
from mentorq.tests.torture.outcome import Outcome
from mentorq.tests.torture.work import MOVES, WRITERS, WRONG, Work, at_work

# As systemd's Restart=always does it.
SUPERVISED = f"""
trap 'kill $!; exit' TERM
while :; do
    {" ".join(map(str, SERVER))} &
    wait $!
    sleep 0.2
done
"""


class Kill(NamedTuple):
    """What came of one: processes that survived, new ones, seconds until an answer, how much was acknowledged before."""

    survivors: int
    new: int
    recovery: float
    acknowledged: int


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
        killed = [kill(server, work, random.uniform(0.3, 1)) for _ in range(kills)]
        time.sleep(1)  # of work after the last one
    # A claim or close whose answer died with the server is tried again, and is a 200 where it was made.
    return Outcome(
        name,
        f"{kills} × kill -9 while {WRITERS} people write",
        {
            **work.audited(url),
            "processes that survived": sum(each.survivors for each in killed),
            "starts without new processes": sum(each.new < 2 for each in killed),
            "kills after which nothing was acknowledged": idle(killed, len(work.acknowledged)),
            "hang-ups": work.count(0),
            "answers other than 200, 201, 503": work.others_than(0, 200, 201, 503),
            "recovery in seconds, at most": round(max(each.recovery for each in killed), 1),
        },
        none=[
            *WRONG, "processes that survived", "starts without new processes",
            "kills after which nothing was acknowledged", "answers other than 200, 201, 503",
        ],
        some=[*MOVES, "hang-ups"],
        most={"recovery in seconds, at most": 15},
    )  # fmt: skip


def idle(killed: list[Kill], in_the_end: int) -> int:
    """Return after how many of the kills no more was acknowledged until the next one, or the end."""
    counts = [*(each.acknowledged for each in killed), in_the_end]
    return sum(after <= before for before, after in pairwise(counts))


def kill(server: Server, work: Work, after: float) -> Kill:
    """Kill every process of the server after so many seconds, and wait until it answers again."""
    time.sleep(after)
    start, acknowledged, before = time.monotonic(), len(work.acknowledged), processes(server)
    for process in before:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    _, survivors = psutil.wait_procs(before, timeout=5)
    server.wait_until_ready()
    recovery = time.monotonic() - start
    return Kill(len(survivors), len(processes(server) - before), recovery, acknowledged)


def processes(server: Server) -> set[psutil.Process]:
    """Return the processes of the server, but not its supervisor."""
    return set(psutil.Process(server.process.pid).children(recursive=True))
