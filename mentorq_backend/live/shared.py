"""Builds a list once for everybody who sees the same list.

After a change all mentors poll at once. Without this module each of a hundred mentors would build the same bytes.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field

from prometheus_client import Histogram

from mentorq.histograms import observe
from mentorq_backend.live.etags import digest_of

BUILDS = Histogram(
    "mentorq_list_build_seconds",
    "Shared lists that were built: how many, and how long it took.",
    ["list"],
    buckets=[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
)
# The requests of a process that wait for the end of a slow build. The other threads serve polls and moves.
PLACES = 6
# Seconds after which a build is slow. Until then everybody waits.
SLOW = 1.0
# The bytes that a process keeps. It always keeps the latest answer.
MOST_KEPT = 64 * 1024 * 1024


@dataclass(frozen=True)
class Answer:
    """The body for a state of the tickets, its digest, and when its build started (`time.monotonic()`)."""

    state: str
    content: bytes
    digest: str
    begun: float


@dataclass
class Build:
    """A build by one request, for which others wait."""

    future: Future[Answer] = field(default_factory=Future)
    begun: float = field(default_factory=time.monotonic)


class SharedAnswers:
    """The latest answer to each question, and the running builds."""

    def __init__(self, name: str, most_kept: int = MOST_KEPT, places: int = PLACES, slow: float = SLOW) -> None:
        self.name, self.most_kept, self.slow = name, most_kept, slow
        self.places = threading.BoundedSemaphore(places)
        self.lock = threading.Lock()
        self.kept: OrderedDict[Hashable, Answer] = OrderedDict()
        self.size = 0  # bytes of the kept answers
        self.builds: dict[tuple[Hashable, str], Build] = {}

    def get(self, question: Hashable, state: str, build: Callable[[], bytes]) -> Answer:
        """Return the answer for this state. One request builds it with `build`, and the others wait.

        If a build is slow, only a few requests wait for its end. The others get the previous answer, if there is one: the
        list must neither fail nor take every thread. Read `state` before the data.
        """
        with self.lock:
            kept, going_on = self.kept.get(question), self.builds.get((question, state))
            if kept and kept.state == state:
                self.kept.move_to_end(question)
                return kept
            if going_on is None:
                mine = self.builds[question, state] = Build()
        return self._wait(going_on, kept) if going_on else self._make(mine, question, state, build)

    def clear(self) -> None:
        with self.lock:
            self.kept.clear()
            self.size = 0

    def _make(self, mine: Build, question: Hashable, state: str, build: Callable[[], bytes]) -> Answer:
        try:
            content = build()
            observe(BUILDS, time.monotonic() - mine.begun, self.name)
            answer = Answer(state, content, digest_of(content), mine.begun)
            self._keep(question, answer)
            mine.future.set_result(answer)
            return answer
        except BaseException as error:
            mine.future.set_exception(error)
            raise
        finally:
            with self.lock:
                del self.builds[question, state]

    def _keep(self, question: Hashable, answer: Answer) -> None:
        with self.lock:
            kept = self.kept.get(question)
            if kept and kept.begun > answer.begun:
                return  # the kept one is newer
            self.size += len(answer.content) - (len(kept.content) if kept else 0)
            self.kept[question] = answer
            self.kept.move_to_end(question)
            while len(self.kept) > 1 and self.size > self.most_kept:
                self.size -= len(self.kept.popitem(last=False)[1].content)

    def _wait(self, going_on: Build, before: Answer | None) -> Answer:
        """Return the answer being built, or the previous one if the build is slow and enough others wait."""
        with suppress(TimeoutError):
            return going_on.future.result(max(going_on.begun + self.slow - time.monotonic(), 0))
        if before and not self.places.acquire(blocking=False):
            return before
        try:
            return going_on.future.result()
        finally:
            if before:
                self.places.release()


ANSWERS = SharedAnswers("tickets")
