"""Two hundred people who follow a queue that changes five times a second: with streams, and by polling every 30 seconds."""

import asyncio
import json
import random
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from subprocess import Popen
from typing import Any

import psutil

from mentorq.tests.bench.builds import WORKERS, built, counting
from mentorq.tests.bench.databases import inside
from mentorq.tests.bench.figures import Figure
from mentorq.tests.bench.load import Client, header, http
from mentorq.tests.bench.streams import Reader, live, wait_until_open
from mentorq.tests.servers import Server

PEOPLE = 200
EVERY = 1 / 5  # seconds between two changes
POLLING = 30.0  # seconds between two polls
LIST = "/api/tickets"
# With streams they ask once a second, and by polling once in thirty seconds.
MOST = 6.0


@dataclass
class Follower(Reader):
    """Asks for the list whenever the stream says so, with the ETag of the last one."""

    node: int = 0  # the port of the application
    etag: str = ""
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def note(self, line: str) -> None:
        super().note(line)
        if line == "event: tickets":
            self.news.set()

    async def follow(self) -> None:
        self.connection = await asyncio.open_connection("127.0.0.1", self.node)
        while True:
            await self.news.wait()
            self.news.clear()
            await self.ask()

    async def poll(self) -> None:
        await asyncio.sleep(random.uniform(0, POLLING))
        while True:
            # A new connection each time: granian closes those that were idle for so long.
            self.connection = await asyncio.open_connection("127.0.0.1", self.node)
            await self.ask()
            self.connection[1].close()
            await asyncio.sleep(POLLING)

    async def ask(self) -> None:
        """Raises AssertionError for an error: a quick one is no figure."""
        reader, writer = self.connection
        writer.write(http(LIST, token=self.token, etag=self.etag))
        head = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(int(header(head, b"content-length") or 0))
        assert head[9:12] in (b"200", b"304"), head
        self.etag = header(head, b"etag").decode()


@dataclass
class Changer:
    """A mentor who marks one ticket after the other."""

    server: Server
    token: str
    tickets: list[str]
    changes: int = 0

    async def work(self, seconds: float) -> None:
        """Make a change every fifth of a second."""
        client, start = Client(self.server.port), time.monotonic()
        while (due := start + self.changes * EVERY) < start + seconds:
            await asyncio.sleep(max(due - time.monotonic(), 0))
            await asyncio.to_thread(client.expect, self._request(), 200)
            self.changes += 1

    def _request(self) -> bytes:
        ticket, rounds = self.tickets[self.changes % len(self.tickets)], self.changes // len(self.tickets)
        return http(ticket, token=self.token, method="PATCH", body=json.dumps({"active": bool(rounds % 2)}))


def following(name: str, url: str, seconds: float) -> Iterator[Figure]:
    """Yield how many lists a process builds for a change, and the CPU of both ways."""
    mentors = inside(url, "claims", str(PEOPLE), "0")["mentors"]
    with counting(url) as server, live(url) as stream:
        _, body = Client(server.port).ask(http(LIST, token=mentors[0]))
        tickets = ["/api/tickets/" + ticket["url"].rstrip("/").rpartition("/")[2] for ticket in json.loads(body)]
        followers = [Follower(stream.port, token, node=server.port) for token in mentors]
        by_polling = asyncio.run(a_minute(followers, Changer(server, mentors[0], tickets), stream, polled, seconds))
        before, changer = built(server), Changer(server, mentors[0], tickets)
        with_streams = asyncio.run(a_minute(followers, changer, stream, streamed, seconds))
        lists = (built(server) - before) / WORKERS / (changer.changes + 1)  # one was there before the first change
    work = f"{PEOPLE} people with streams, five changes a second"
    of_change = f"lists a process builds for each change, {work} (number for ms)"
    yield Figure(name, of_change, "one", 1.0, [[0.001, lists / 1000]])
    cpu = [by_polling / 1000, with_streams / 1000]
    yield Figure(name, f"CPU of {seconds:g} s, {work} (s for ms)", f"polling every {POLLING:g} s", MOST, [cpu])


Way = Callable[[list[Follower]], Awaitable[list[asyncio.Task[None]]]]


async def a_minute(followers: list[Follower], changer: Changer, stream: Server, way: Way, seconds: float) -> float:
    """Return the CPU seconds that all servers take while the people follow in this way."""
    tasks = await way(followers)
    try:
        servers = changer.server.process, stream.process
        before = cpu(*servers)
        await changer.work(seconds)
        failed = [task.exception() for task in tasks if task.done()]
        if failed:
            raise AssertionError(failed)
        return cpu(*servers) - before
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def polled(followers: list[Follower]) -> list[asyncio.Task[None]]:
    return [asyncio.create_task(follower.poll()) for follower in followers]


async def streamed(followers: list[Follower]) -> list[asyncio.Task[None]]:
    tasks = [asyncio.create_task(way()) for follower in followers for way in (follower.read, follower.follow)]
    await wait_until_open(followers)
    return tasks


def cpu(*servers: Popen[Any]) -> float:
    """Return the CPU seconds of these servers and of PostgreSQL so far."""
    return seconds_of(process for server in servers for process in family(server.pid)) + cpu_of_postgresql()


def cpu_of_postgresql() -> float:
    return seconds_of(process for process in psutil.process_iter(["name"]) if process.info["name"] == "postgres")


def seconds_of(processes: Iterable[psutil.Process]) -> float:
    times = [process.cpu_times() for process in processes if process.is_running()]
    return sum(time_.user + time_.system for time_ in times)


def family(pid: int) -> list[psutil.Process]:
    return [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
