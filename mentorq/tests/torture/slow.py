"""Clients that are slow on purpose: they never finish a request, or do not read what they asked for."""

import asyncio
import socket
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field

from mentorq.tests.bench.load import HOST
from mentorq.tests.servers import STATIC

PAUSE = 2.0  # seconds between two bytes, and before a client begins anew that was sent away
HEAD = f"{{}} HTTP/1.1\r\nHost: {HOST}\r\nX-Forwarded-Proto: https\r\n"
# Of about a megabyte and a half; twenty of them are more than the kernel keeps for a client that does not read.
SCRIPT = f"{STATIC}drf_spectacular_sidecar/swagger-ui-dist/swagger-ui-bundle.js"
# What each kind sends at first, and then every PAUSE.
KINDS: dict[str, tuple[str, str]] = {
    "heads": (HEAD.format("POST /api/tickets") + "Content-Length: 1000\r\nX-Slow: ", "x"),
    "bodies": (
        HEAD.format("POST /api/auth/token") + 'Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"email": "',
        "x",
    ),
    "readers": ((HEAD.format(f"GET {SCRIPT}") + "\r\n") * 20, ""),
}
COUNTS = {"heads": 50, "bodies": 50, "readers": 20}


@dataclass
class Slow:
    """How many connections of each kind the server holds, and how many it held every second so far."""

    port: int
    until: float  # time.monotonic()
    held: Counter[str] = field(default_factory=Counter)
    samples: list[Counter[str]] = field(default_factory=list)

    async def gathered(self) -> None:
        """Be as many clients of each kind as COUNTS says, until the end."""
        await asyncio.gather(*(self.insist(kind) for kind, count in COUNTS.items() for _ in range(count)), self.watch())

    async def watch(self) -> None:
        """Count them every second."""
        while time.monotonic() < self.until:
            await asyncio.sleep(1)
            self.samples.append(self.held.copy())

    async def insist(self, kind: str) -> None:
        """Begin anew, after a pause, whenever the server loses patience."""
        while time.monotonic() < self.until:
            with suppress(OSError):
                await self.once(kind)
            await asyncio.sleep(PAUSE)

    async def once(self, kind: str) -> None:
        """Be slow until the end, or until the server answers or hangs up; raises OSError where it cannot be reached."""
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.setblocking(False)
        await asyncio.get_running_loop().sock_connect(connection, ("127.0.0.1", self.port))
        reader, writer = await asyncio.open_connection(sock=connection, limit=1024)
        self.held[kind] += 1
        try:
            await self.drip(kind, reader, writer)
        finally:
            self.held[kind] -= 1
            writer.close()

    async def drip(self, kind: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Send what that kind sends, until the end or until the server has had enough."""
        first, drop = KINDS[kind]
        writer.write(first.encode())
        while time.monotonic() < self.until:
            # Readers do not read; whoever else is answered, or hung up on, is held no longer.
            with suppress(TimeoutError):
                async with asyncio.timeout(PAUSE):
                    await (asyncio.sleep(PAUSE + 1) if kind == "readers" else reader.read(1))
                    return
            writer.write(drop.encode())
            await writer.drain()

    @property
    def figures(self) -> dict[str, float]:
        """How many of each kind were held on average."""
        samples = self.samples or [Counter()]
        return {f"{kind} held": round(sum(held[kind] for held in samples) / len(samples), 1) for kind in COUNTS}
