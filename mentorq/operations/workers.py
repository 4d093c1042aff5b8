"""What the workers of this node do now, for /metrics: busy threads, calls of LCS, memory.

Each writes its figures with its requests, because no other process can ask it. prometheus_client needs 2 µs for a figure.
A request costs two, which is 1 % of an unchanged poll (2026-11-28).
"""

import os
import resource
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from threading import Lock

from prometheus_client import Gauge
from prometheus_client.multiprocess import mark_process_dead

from mentorq.histograms import FOLDER, LIVE, complain, take_room
from mentorq_users.lcs.transport import breaker, slots

STATM = Path("/proc/self/statm")  # Linux has it
WEIGHED = 5.0  # seconds until the memory is read again


def gauge(name: str, text: str) -> Gauge:
    # With a label prometheus_client makes its file at the first figure, and not at the import of this module. It drops a
    # label `pid`.
    return Gauge(name, text, ["worker"], multiprocess_mode=LIVE)


IN_PROGRESS = gauge("mentorq_requests_in_progress", "Busy threads of a worker: requests that it is answering now.")
BREAKER = gauge("mentorq_lcs_breaker_open", "1 if a worker leaves LCS alone because it did not answer; 0 after a success.")
HELD = gauge("mentorq_lcs_slots_held", "Calls of LCS that a worker has under way.")
WAITING = gauge("mentorq_lcs_slots_waiting", "Sign-ins of a worker that wait for one of its slots.")
MEMORY = gauge("mentorq_process_resident_memory_bytes", "Memory of a worker.")


class Worker:
    """This process. A figure is written only if it has changed."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.busy = 0
        self.written: dict[Gauge, float] = {}
        self.weighed_at = -WEIGHED

    def begin(self) -> None:
        self._count(1)

    def end(self) -> None:
        self._count(-1)

    def publish(self) -> None:
        self._count(0)

    def _count(self, more: int) -> None:
        with self.lock:  # two threads must not write in another order than they counted
            self.busy += more
            try:
                self._write()
            except Exception as error:  # noqa: BLE001 - the request is more important
                complain(error)

    def _write(self) -> None:
        pid = os.getpid()
        if FOLDER:
            take_room(FOLDER, pid)
        for figure, value in self._figures():
            if self.written.get(figure) != value:
                of_worker(figure, pid).set(value)
                self.written[figure] = value

    def _figures(self) -> Iterator[tuple[Gauge, float]]:
        yield IN_PROGRESS, self.busy
        yield BREAKER, breaker.is_open
        yield HELD, len(slots.held)
        yield WAITING, len(slots.waiting)
        if time.monotonic() - self.weighed_at >= WEIGHED and STATM.exists():
            self.weighed_at = time.monotonic()
            yield MEMORY, int(STATM.read_text().split()[1]) * resource.getpagesize()


@cache
def of_worker(figure: Gauge, pid: int) -> Gauge:
    return figure.labels(pid)


def forget_dead_workers(folder: str) -> None:
    """Remove the figures of workers that have ended: no server tells prometheus_client of an end."""
    for pid in {file.stem.rpartition("_")[2] for file in Path(folder).glob(f"gauge_{LIVE}_*.db")}:
        if not lives(pid):
            with suppress(FileNotFoundError):  # another scrape was faster
                mark_process_dead(pid, folder)  # type: ignore[no-untyped-call]


def lives(pid: str) -> bool:
    """Return whether it is a process of our user: a dead worker's id may be somebody else's by now."""
    try:
        os.kill(int(pid), 0)
    except (OSError, OverflowError, ValueError):
        return False
    return True


WORKER = Worker()
