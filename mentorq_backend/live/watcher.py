"""Looks at the database twice a second, and wakes the streams whose view has changed."""

import asyncio
import logging
import time
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from django.contrib.sessions.models import Session
from django.db import close_old_connections
from django.utils import timezone

from mentorq_backend.live import reads
from mentorq_backend.live.looks import Look, look
from mentorq_backend.live.streams import NoStream, Stream, Streams
from mentorq_backend.waits.queue import LASTS
from mentorq_users.models import User

logger = logging.getLogger(__name__)

PERIOD = 0.5  # seconds between two looks
PEOPLE_PERIOD = 5.0  # seconds after which accounts and sessions are read again


class Watcher:
    """The watcher of a process. `last` is its newest look, None before the first one.

    `queue` is the state of the queue that clients may be told of: other processes answer `/api/queue/` with figures that
    are up to a second old, so a client that was told earlier would get the old figures and no second event.
    """

    def __init__(self) -> None:
        self.streams = Streams()
        self.last: Look | None = None
        self.queue = ""
        self.people_read_at = 0.0
        self.is_ending = self.is_blind = False
        # One thread, so one connection. It is not the views' one: a look must not wait for a thousand clients that return.
        self.thread = ThreadPoolExecutor(1, thread_name_prefix="watcher")

    def begin(self, stream: Stream, last_id: str) -> None:
        """Add the stream, in the thread of a view; raises NoStream.

        It starts from the newest look. An older look than the response is safe: what changed since is told.
        """
        if self.last is None or self.is_ending:
            raise NoStream
        known = self.last
        if stream.user and not stream.user.sees_all_feedback:
            own = reads.own_changes([stream.user.email])
            known = replace(known, own={stream.user.email: own.get(stream.user.email, "")})
        stream.begin(known, self.queue, last_id)
        self.streams.add(stream)

    async def run(self) -> None:
        """Look until the process ends. While the database is away, the streams stay open."""
        while not self.is_ending:
            await asyncio.gather(self.look(), asyncio.sleep(PERIOD))

    async def look(self) -> None:
        streams = self.streams.all()
        try:
            await self.check_people([stream for stream in streams if stream.user])
            owners = {stream.user.email for stream in streams if stream.user and not stream.user.sees_all_feedback}
            found = await self.in_thread(look, self.last or Look(), owners)
        except Exception as error:  # noqa: BLE001 - logged; a failed look must not end the watcher
            self.complain(error)
            return
        self.is_blind = False
        self.tell(found, streams)

    def tell(self, found: Look, streams: list[Stream]) -> None:
        """Tell of the tickets at once, and of the queue when no process has older figures."""
        if self.last is None:
            self.queue = found.queue
        elif found.queue != self.last.queue:
            asyncio.get_running_loop().call_later(LASTS, self.tell_queue, found.queue)
        self.last, now = found, time.monotonic()
        for stream in streams:
            stream.see("queue", self.queue, now)  # one may have begun while the others were told
            if stream.user:
                stream.see("tickets", found.tickets(stream.user), now)

    def tell_queue(self, state: str) -> None:
        self.queue, now = state, time.monotonic()
        for stream in self.streams.all():
            stream.see("queue", state, now)

    def complain(self, error: Exception) -> None:
        """Log the first failed look. The next ones fail in the same way, twice a second."""
        if not self.is_blind:
            logger.error("The live streams wait: the watcher cannot look at the database", exc_info=error)
        self.is_blind = True

    async def check_people(self, streams: list[Stream]) -> None:
        """End the streams of people who are deactivated or signed out, and learn the roles of the others."""
        if time.monotonic() - self.people_read_at < PEOPLE_PERIOD:
            return
        users = await self.in_thread(User.objects.behind_streams, {stream.user.email for stream in streams if stream.user})
        keys = await self.in_thread(live_sessions, [stream.session for stream in streams if stream.session])
        self.people_read_at = time.monotonic()
        for stream in streams:
            stream.user = users.get(stream.user.email) if stream.user else None
            if stream.user is None or (stream.session and stream.session not in keys):
                stream.end()

    async def in_thread(self, read: Callable[..., Any], *args: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self.thread, with_good_connection, read, *args)

    def end(self) -> None:
        """End all streams, and refuse new ones."""
        self.is_ending = True
        for stream in self.streams.all():
            stream.end()


def with_good_connection(read: Callable[..., Any], *args: Any) -> Any:
    close_old_connections()
    return read(*args)


def live_sessions(keys: Collection[str]) -> set[str]:
    sessions = Session.objects.filter(session_key__in=keys, expire_date__gt=timezone.now())
    return set(sessions.values_list("session_key", flat=True)) if keys else set()


WATCHER = Watcher()
