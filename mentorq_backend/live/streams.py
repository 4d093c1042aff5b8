"""The streams of a process: what each was told, what it must be told next, and how many there may be."""

import asyncio
import random
import threading
import time
import weakref
from collections.abc import AsyncIterator
from dataclasses import dataclass

from rest_framework.exceptions import APIException

from mentorq_backend.live.looks import Look
from mentorq_users.models import User

MOST, FOR_SIGNED_IN, FOR_A_PERSON = 2500, 500, 4
# Seconds between two events of the same name, and after which a comment keeps proxies from closing a quiet stream.
GAP, QUIET = 1.0, 15.0
# Seconds over which the wake-ups of a change are spread, so that a hundred mentors do not ask at the same instant.
SPREAD = {"tickets": 0.4, "queue": 0.2}


class NoStream(APIException):
    """503: the process is starting or ending. `wait` becomes Retry-After, in seconds."""

    status_code = 503
    default_code = "service_unavailable"
    default_detail = "The live stream is starting or ending. Please try again in a moment."
    wait = 5


class TooManyStreams(NoStream):
    """503: streams have to end first."""

    default_code = "too_many_streams"
    wait = 30


@dataclass
class Topic:
    """An event of a stream. `state` is what there is to see, `told` is the state of which the client knows."""

    name: str
    state: str
    told: str
    told_at: float = 0
    due: float | None = None  # when to tell it

    def see(self, state: str, now: float) -> None:
        self.state = state
        if self.due is None and state != self.told:
            self.due = max(now + random.uniform(0, SPREAD[self.name]), self.told_at + GAP)  # noqa: S311 - no secret

    def tell(self, now: float) -> None:
        self.told, self.told_at, self.due = self.state, now, None


class Stream:
    """An open connection. `user` is None for somebody who has not signed in.

    `ends_at` is when the token expires (seconds since 1970), `session` the key of a session at the desk.
    """

    def __init__(self, user: User | None, ends_at: float | None = None, session: str | None = None) -> None:
        self.user, self.ends_at, self.session = user, ends_at, session
        self.topics: dict[str, Topic] = {}
        self.quiet_since = time.monotonic()
        self.is_over = False
        self.woken = asyncio.Event()

    def begin(self, look: Look, queue: str, last_id: str) -> None:
        """Start from this look, or from what the client saw last, as the id of its last event says."""
        states = {"tickets": look.tickets(self.user), "queue": queue} if self.user else {"queue": queue}
        known = dict(part.split("-", 1) for part in last_id.split(".") if "-" in part)
        for name, state in states.items():
            self.topics[name] = Topic(name, state, known.get(name, "unknown") if last_id else state)
            if self.topics[name].told != state:
                self.topics[name].due = self.quiet_since

    def see(self, name: str, state: str, now: float) -> None:
        """Take note of the state of a topic, and wake up if the client must be told."""
        self.topics[name].see(state, now)
        if self.topics[name].due is not None:
            self.woken.set()

    def end(self) -> None:
        self.is_over = True
        self.woken.set()

    async def __aiter__(self) -> AsyncIterator[str]:
        # Clients that lost the same server come back spread over some seconds.
        yield f"retry: {random.randint(1000, 4000)}\nid: {self.id}\n\n"  # noqa: S311 - no secret
        while not self.is_over and not (self.ends_at and time.time() >= self.ends_at):
            text = self.next(time.monotonic())
            if text:
                yield text
            await self.sleep()

    @property
    def id(self) -> str:
        """What the client knows: the states that it was told."""
        return ".".join(f"{name}-{topic.told}" for name, topic in self.topics.items())

    def next(self, now: float) -> str:
        """Return the events that are due, or a comment, or nothing."""
        due = [topic for topic in self.topics.values() if topic.due is not None and topic.due <= now]
        text = "".join(self.tell(topic, now) for topic in due)
        if not text and now - self.quiet_since < QUIET:
            return ""
        self.quiet_since = now
        return text or ": still here\n\n"

    def tell(self, topic: Topic, now: float) -> str:
        topic.tell(now)
        return f"event: {topic.name}\nid: {self.id}\ndata: {{}}\n\n"

    async def sleep(self) -> None:
        """Sleep until something is due, or the watcher wakes the stream."""
        self.woken.clear()
        dues = [topic.due for topic in self.topics.values() if topic.due is not None]
        seconds = min([self.quiet_since + QUIET, *dues]) - time.monotonic()
        if self.ends_at:
            seconds = min(seconds, self.ends_at - time.time())
        if self.is_over or seconds <= 0:
            return
        try:
            await asyncio.wait_for(self.woken.wait(), seconds)
        except TimeoutError:
            return


class Streams:
    """The open streams. A stream that nobody holds any more leaves by itself, however it ended."""

    def __init__(self) -> None:
        self.lock = threading.Lock()  # views add from their thread, the watcher reads from the event loop
        self.open: weakref.WeakSet[Stream] = weakref.WeakSet()

    def add(self, stream: Stream) -> None:
        """Raises TooManyStreams."""
        with self.lock:
            others = list(self.open)
            anonymous = sum(other.user is None for other in others)
            theirs = sum(bool(other.user and stream.user and other.user.email == stream.user.email) for other in others)
            if len(others) >= MOST or (stream.user is None and anonymous >= MOST - FOR_SIGNED_IN):
                raise TooManyStreams("Too many live streams are open. Please poll, and try again in a moment.")
            if theirs >= FOR_A_PERSON:
                raise TooManyStreams(f"A person may have {FOR_A_PERSON} live streams. Close one of them, or poll.")
            self.open.add(stream)

    def all(self) -> list[Stream]:
        with self.lock:
            return list(self.open)
