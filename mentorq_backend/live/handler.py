"""Django's ASGI handler, for thousands of streams that stay open."""

import asyncio
import logging
import resource
import signal
from io import BytesIO
from typing import Any

from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler

from mentorq_backend.live.streams import MOST
from mentorq_backend.live.watcher import WATCHER

logger = logging.getLogger(__name__)

PATIENCE = 20.0  # seconds for which a reader may block the sending of an event
FILES = MOST + 500  # the streams, the database, the log, sockets that wait


class LiveHandler(ASGIHandler):
    """Serves the streams, and starts and ends their watcher."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self.live(receive, send)
        else:
            # Without Django's ThreadSensitiveContext, which keeps a thread and a database connection for each request.
            await self.handle(scope, receive, patient(send))

    async def read_body(self, receive: Any) -> BytesIO:
        """Nothing here needs a body. Django would keep it on the disk, however large it is."""
        while (message := await receive())["type"] != "http.disconnect":
            if not message.get("more_body"):
                return BytesIO()
        raise RequestAborted

    async def live(self, receive: Any, send: Any) -> None:
        """Run the watcher from the start of the process to its end (ASGI's lifespan)."""
        await receive()
        raise_limit_of_files()
        end_streams_on_signals()
        await WATCHER.look()  # before anybody connects, because a stream begins from a look
        task = asyncio.create_task(WATCHER.run())
        await send({"type": "lifespan.startup.complete"})
        await receive()
        WATCHER.end()
        await task
        await send({"type": "lifespan.shutdown.complete"})


def patient(send: Any) -> Any:
    """Drop a client that does not read."""

    async def send_in_time(message: Any) -> None:
        try:
            await asyncio.wait_for(send(message), PATIENCE)
        except TimeoutError as error:
            raise asyncio.CancelledError from error  # Django takes it for a client that left

    return send_in_time


def raise_limit_of_files() -> None:
    """Let this process open as many files as the streams need, and warn if the system does not allow it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < FILES:
        soft = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft < FILES:
        remedy = f"Set LimitNOFILE={FILES} in its unit (docs/operations.md)."
        logger.warning("This process may open only %d files, and %d streams need more. %s", soft, MOST, remedy)


def end_streams_on_signals() -> None:
    """End the streams before the server waits for its connections: it would wait for them for ever."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        before = signal.getsignal(number)

        def end(signum: int, frame: Any, before: Any = before) -> None:
            loop.call_soon_threadsafe(WATCHER.end)
            if callable(before):
                before(signum, frame)

        signal.signal(number, end)
