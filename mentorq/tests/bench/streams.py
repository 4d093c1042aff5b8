"""The process of the live stream, and clients that keep a stream open."""

import asyncio
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from mentorq.tests.bench.databases import PRODUCTION
from mentorq.tests.bench.load import http
from mentorq.tests.servers import BIN, Server, running

# As docs/operations.md has it.
LIVE: list[str | Path] = [
    BIN / "granian", "--interface=asgi", "--backlog=4096", "--backpressure=4096", "--workers-kill-timeout=10",
    "--port={port}", "mentorq.asgi:application",
]  # fmt: skip
ARRIVING = 60  # seconds in which all streams must be open


@contextmanager
def live(url: str, command: Iterable[str | Path] = LIVE) -> Iterator[Server]:
    """The process of the live stream, ready. `command` may start it in another way."""
    with running(command, **PRODUCTION, DATABASE_URL=url) as server:
        server.wait_until_ready()
        yield server


@dataclass
class Reader:
    """A client that keeps a stream open and comes back with the id of what it heard last."""

    port: int
    token: str = ""
    id: str = ""
    is_open: bool = False
    events: list[tuple[str, float]] = field(default_factory=list)

    async def read(self) -> None:
        while True:
            with suppress(OSError, asyncio.IncompleteReadError):
                await self._read_once()
            self.is_open = False
            await asyncio.sleep(1)

    async def _read_once(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(http("/api/live/", token=self.token, last_id=self.id))
            while line := await reader.readline():
                self.note(line.decode().strip())
        finally:
            writer.close()

    def note(self, line: str) -> None:
        """Take note of a line of the stream."""
        name, _, value = line.partition(": ")
        if name == "id":
            self.id, self.is_open = value, True
        elif name == "event":
            self.events.append((value, time.monotonic()))


async def wait_until_open(readers: Sequence[Reader]) -> None:
    deadline = time.monotonic() + ARRIVING
    while not all(reader.is_open for reader in readers) and time.monotonic() < deadline:
        await asyncio.sleep(0.1)
