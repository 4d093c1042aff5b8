"""Thousands of live streams on one process: who hears of a change, how late, and what a `kill -9` loses."""

import asyncio
import resource
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context
from statistics import mean, median, quantiles
from typing import Any

from mentorq.tests.bench.databases import inside
from mentorq.tests.bench.load import Client, polls, seconds_each
from mentorq.tests.bench.outside import SERVER, serving
from mentorq.tests.bench.streams import LIVE, Reader, live, wait_until_open
from mentorq.tests.servers import Server
from mentorq.tests.torture.crashes import SUPERVISED, processes
from mentorq.tests.torture.outcome import Outcome
from mentorq.tests.torture.work import opening

SUPERVISED_LIVE = ["sh", "-c", SUPERVISED.replace(" ".join(map(str, SERVER)), " ".join(map(str, LIVE)))]
EACH = 4  # streams of a mentor
SIGNED_IN = 0.2  # of the streams
MANY = {"TICKETS_MAX_OPEN": "1000000"}
IN_TIME, PAUSE = 2.0, 3.0  # seconds from a commit to its event, and between two changes


@dataclass
class Listener(Reader):
    """A reader who knows how late it heard."""

    @property
    def topic(self) -> str:
        return "tickets" if self.token else "queue"

    def heard_since(self, instant: float) -> float | None:
        """Return the seconds from then to the next event of the reader's topic."""
        return next((at - instant for name, at in self.events if name == self.topic and at > instant), None)


@dataclass
class Crowd:
    """All readers, and who makes the changes: by opening tickets on two nodes in turn."""

    readers: list[Listener]
    nodes: list[Server]
    hacker: str
    changed_at: list[float] = field(default_factory=list)

    async def change(self) -> float:
        """Open a ticket, and return an instant before its commit."""
        node = self.nodes[len(self.changed_at) % len(self.nodes)]
        self.changed_at.append(time.monotonic())
        await asyncio.to_thread(lambda: Client(node.port).expect(opening(self.hacker), 201))
        return self.changed_at[-1]


def streamed(name: str, url: str, streams: int, changes: int) -> Outcome:
    """Return how late so many streams hear of changes, what they cost, and what they miss while their server is killed."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    signed_in = round(streams * SIGNED_IN / EACH)
    invited = inside(url, "crowd", "1", str(signed_in))
    tokens = [token for token in invited["mentors"] for _ in range(EACH)]
    with (
        serving(url, **MANY) as one,
        serving(url, **MANY) as other,
        live(url, SUPERVISED_LIVE) as first,
        live(url) as second,
    ):
        readers = [Listener(first.port, token) for token in tokens + [""] * (streams - len(tokens))]
        # Some of the same people and of the others are on another process.
        few = [*invited["mentors"][: streams // 100], *[""] * (streams // 100)]
        elsewhere = [Listener(second.port, token) for token in few]
        crowd = Crowd([*readers, *elsewhere], [one, other], invited["hackers"][0])
        figures = asyncio.run(gathered(crowd, first, changes, polls(one.port, "/api/queue/", invited["mentors"][-1])))
    return Outcome(
        name,
        f"{streams:,} streams on one process, some on another, {changes} changes on two nodes, then kill -9",
        {"streams": len(crowd.readers), **figures},
        none=["not open", "not heard", "not back", "missed in the kill"],
        some=["heard", "kB each"],
        most={"polls × as long": 1.3} if streams >= 2000 else {},
        least={"% in time": 99},
    )  # fmt: skip


async def gathered(crowd: Crowd, server: Server, changes: int, poll: bytes) -> dict[str, Any]:
    memory_before, alone = memory(server), [await time_of(crowd.nodes[0], poll)]
    tasks = [asyncio.create_task(reader.read()) for reader in crowd.readers]
    try:
        start = time.monotonic()
        await wait_until_open(crowd.readers)
        arrived = time.monotonic() - start
        not_open = sum(not reader.is_open for reader in crowd.readers)
        await asyncio.sleep(PAUSE)
        beside = await time_of(crowd.nodes[0], poll)
        heard = await changed(crowd, changes)
        used, on_it = memory(server) - memory_before, sum(reader.port == server.port for reader in crowd.readers)
        lost = await killed(crowd, server)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    alone.append(await time_of(crowd.nodes[0], poll))  # again: a machine that others share becomes slower and faster
    return {
        "seconds to open": round(arrived, 1), "not open": not_open, **late(heard),
        "kB each": round(used / on_it / 1024, 1), "polls × as long": round(beside / mean(alone), 2), **lost,
    }  # fmt: skip


async def time_of(node: Server, poll: bytes) -> float:
    """Return the median seconds of a poll, with one client: most of the time the machine is free.

    The client has a process of its own, because in this one it would wait for the readers.
    """
    ask = partial(seconds_each, node.port, [poll], status=0, clients=1, count=200)
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        times = [await asyncio.get_running_loop().run_in_executor(pool, ask) for _ in range(9)]
    return median(times)


async def changed(crowd: Crowd, changes: int) -> list[float | None]:
    """Make the changes, and return for each of them and each reader the seconds until they heard."""
    heard: list[float | None] = []
    for _ in range(changes):
        instant = await crowd.change()
        await asyncio.sleep(PAUSE)
        heard += [reader.heard_since(instant) for reader in crowd.readers]
    return heard


def late(heard: list[float | None]) -> dict[str, Any]:
    known = [seconds for seconds in heard if seconds is not None]
    cuts = quantiles(known, n=100) if len(known) > 1 else [0.0] * 99
    return {
        "heard": len(known), "not heard": len(heard) - len(known),
        "% in time": round(100 * sum(seconds <= IN_TIME for seconds in known) / max(len(heard), 1), 2),
        "median s": round(cuts[49], 2), "99 % s": round(cuts[98], 2),
    }  # fmt: skip


async def killed(crowd: Crowd, server: Server) -> dict[str, int]:
    """Kill the process, make a change before it is back, and return who did not come back or missed it."""
    start = time.monotonic()
    for process in processes(server):
        process.kill()
    await crowd.change()
    await asyncio.sleep(1)
    await wait_until_open(crowd.readers)
    await asyncio.sleep(PAUSE)
    return {
        "not back": sum(not reader.is_open for reader in crowd.readers),
        "missed in the kill": sum(reader.heard_since(start) is None for reader in crowd.readers),
    }


def memory(server: Server) -> int:
    """Return the bytes that the server's processes hold for themselves."""
    return sum(process.memory_full_info().uss for process in processes(server))
