"""Everybody at once: two thousand people poll, fifty mentors help, a hundred and twenty clients are slow on purpose."""

import asyncio
import json
import random
import resource
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import cycle
from statistics import quantiles

from mentorq.tests.bench.databases import inside
from mentorq.tests.bench.load import header, http
from mentorq.tests.bench.outside import serving
from mentorq.tests.torture.outcome import Outcome
from mentorq.tests.torture.slow import COUNTS, Slow
from mentorq.tests.torture.work import opening

EVERY = 5.0  # seconds between two polls of a person
ARRIVAL = 0.2  # of the time, in which people come and get their first list
MENTORS = 50
PATIENCE, LONG_ENOUGH = 30, 20  # seconds


class Connection:
    """One person's kept connection to the server."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.writer: asyncio.StreamWriter | None = None

    async def ask(self, request: bytes) -> tuple[int, bytes, bytes]:
        """Return status, head and body of the answer; raises OSError, or TimeoutError after PATIENCE seconds."""
        async with asyncio.timeout(PATIENCE):
            if self.writer is None:
                self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
            self.writer.write(request)
            head = await self.reader.readuntil(b"\r\n\r\n")
            body = await self.reader.readexactly(int(header(head, b"content-length") or 0))
            if header(head, b"connection") == b"close":
                self.writer.close()
                self.writer = None
            return int(head[9:12]), head, body


@dataclass
class Crowd:
    """What everybody heard: how often each `(what, status)`, status 0 where there was no answer, and all the waits."""

    port: int
    arrived: float  # time.monotonic() when all are there; their waits count from then
    until: float
    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    seconds: dict[str, list[float]] = field(default_factory=lambda: {"poll": [], "move": [], "health": []})

    async def ask(self, what: str, connection: Connection, request: bytes) -> tuple[bytes, bytes]:
        """Return head and body of the answer, and note what it was and how long it took."""
        start, status, head, body = time.perf_counter(), 0, b"", b""
        with suppress(OSError, asyncio.IncompleteReadError, TimeoutError):
            status, head, body = await connection.ask(request)
        self.answers[what, status] += 1
        if time.monotonic() > self.arrived:
            self.seconds[what].append(time.perf_counter() - start)
        if not status:
            connection.writer = None
        return head, body

    async def every(self, seconds: float, once: Callable[[Connection], Awaitable[None]]) -> None:
        """Do it every so many seconds until the end; people arrive one after the other."""
        connection = Connection(self.port)
        turn = time.monotonic() + random.uniform(0, self.arrived - time.monotonic())
        while turn < self.until:
            await asyncio.sleep(turn - time.monotonic())
            await once(connection)
            turn = max(turn + seconds, time.monotonic())

    async def poll(self, token: str, path: str = "/api/tickets") -> None:
        """Poll the list as the frontend does, with the ETag of the last answer."""
        etag = ""

        async def once(connection: Connection) -> None:
            nonlocal etag
            head, _ = await self.ask("poll", connection, http(path, token=token, etag=etag))
            etag = header(head, b"etag").decode() or etag

        await self.every(EVERY, once)

    async def help_out(self, hacker: str, mentor: str) -> None:
        """Let one ticket of the hacker's after the other be opened, claimed and closed, a step at a time."""
        ticket, steps = 0, cycle(["OPEN", "CLAIMED", "CLOSED"])

        async def once(connection: Connection) -> None:
            nonlocal ticket
            status = next(steps)
            if status == "OPEN":
                _, body = await self.ask("move", connection, opening(hacker))
                ticket = json.loads(body or b"{}").get("id", 0)
            else:
                move = json.dumps({"status": status})
                await self.ask("move", connection, http(f"/api/tickets/{ticket}", token=mentor, method="PATCH", body=move))

        await self.every(EVERY, once)

    async def probe(self) -> None:
        """Ask /healthz, five times a second."""

        async def once(connection: Connection) -> None:
            await self.ask("health", connection, http("/healthz"))

        await self.every(0.2, once)

    @property
    def figures(self) -> dict[str, float]:
        """How much was asked, how often in vain, and how long it took."""
        wanted = {("poll", 200), ("poll", 304), ("move", 200), ("move", 201), ("health", 200)}
        figures: dict[str, float] = {
            "polls": self.answers["poll", 200] + self.answers["poll", 304],
            "of them unchanged": self.answers["poll", 304],
            "moves": self.answers["move", 200] + self.answers["move", 201],
            "errors": sum(count for answer, count in self.answers.items() if answer not in wanted),
            "health at most ms": milliseconds(max(self.seconds["health"], default=PATIENCE)),
        }
        for what, waits in self.seconds.items():
            # Where nobody was answered they all waited as long as they would.
            centiles = quantiles(waits if len(waits) > 1 else [PATIENCE] * 2, n=100, method="inclusive")
            figures |= {f"{what} median ms": milliseconds(centiles[49]), f"{what} 99 % ms": milliseconds(centiles[98])}
        return figures


def milliseconds(seconds: float) -> float:
    """Return so many seconds in milliseconds, to a tenth."""
    return round(seconds * 1000, 1)


async def gathered(port: int, hackers: list[str], mentors: list[str], seconds: float) -> tuple[Crowd, Slow]:
    """Return what they all heard while they arrived, and in so many seconds after that, and who was slow meanwhile."""
    arrived = time.monotonic() + seconds * ARRIVAL
    crowd, slow = Crowd(port, arrived, arrived + seconds), Slow(port, arrived + seconds)
    live = "/api/tickets?status=OPEN,CLAIMED"
    await asyncio.gather(
        *(crowd.poll(token) for token in hackers),
        *(crowd.poll(token, live) for token in mentors),
        *(crowd.help_out(*pair) for pair in zip(hackers, mentors, strict=False)),
        slow.gathered(),
        crowd.probe(),
    )
    return crowd, slow


def crowds(name: str, url: str, people: int, seconds: float) -> Outcome:
    """Return how long people wait in such a crowd, and how often there was an error."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)  # a file each
    invited = inside(url, "crowd", str(people - MENTORS), str(MENTORS))
    with serving(url) as server:
        crowd, slow = asyncio.run(gathered(server.port, invited["hackers"], invited["mentors"], seconds))
    due = people * seconds / EVERY
    figures = {
        **crowd.figures,
        "% of the polls that were due": round(100 * len(crowd.seconds["poll"]) / due),
        **slow.figures,
        **{wrong: found for wrong, found in inside(url, "audit").items() if wrong != "lost"},
    }
    slowly = ", ".join(f"{count} {kind}" for kind, count in COUNTS.items())
    return Outcome(
        name,
        f"{people:,} people poll every {EVERY:g} s, {MENTORS} of them help, slow clients ({slowly}), {seconds:g} s",
        figures,
        none=["errors", "half done", "damaged", "history without a ticket"],
        some=["moves", "of them unchanged", "bodies held"],
        # A few seconds say too little of a machine that others use too.
        most={"health at most ms": 1000} if seconds >= LONG_ENOUGH else {},
        # Whoever waits for an answer polls less: a slow server would simply be asked less.
        least={"% of the polls that were due": 90, "heads held": 0.8 * COUNTS["heads"]},
    )
