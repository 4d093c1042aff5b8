"""A queue full of the largest tickets: everybody asks for all of it at once, and everybody else goes on."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median, quantiles
from typing import Any, NamedTuple

import orjson

from mentorq.tests.bench.builds import WORKERS, built, counting
from mentorq.tests.bench.databases import inside
from mentorq.tests.bench.load import Client, http, polls
from mentorq.tests.servers import Server
from mentorq.tests.torture.crashes import processes
from mentorq.tests.torture.outcome import Outcome
from mentorq.tests.torture.work import opening

POLLERS = 20
BUILD = 4  # lists that a build takes in memory: the database's rows, the objects and bytes made of them, and those kept
EVERY = 0.05  # seconds between two polls, two questions after the health, and two looks at the memory
PATIENCE = 300.0  # seconds
LISTS = "/api/tickets"


class Answer(NamedTuple):
    """What one mentor got: status (0: none), bytes, whether the last one ends an array, and the seconds of waiting."""

    status: int
    length: int
    ended: bool
    seconds: float


@dataclass
class Meanwhile:
    """What others noticed while lists were built: seconds of each poll and health check, wrong answers, bytes of memory."""

    poll: list[float] = field(default_factory=list)
    health: list[float] = field(default_factory=list)
    wrong: int = 0
    memory: int = 0

    @property
    def figures(self) -> dict[str, Any]:
        """How long they waited, and what they should not have heard."""
        figures: dict[str, Any] = {"wrong answers meanwhile": self.wrong}
        for what, seconds in {"poll": self.poll, "health": self.health}.items():
            centiles = quantiles(seconds, n=100, method="inclusive")
            figures |= {f"{what} 99 % ms": round(centiles[98] * 1000), f"{what} at most ms": round(max(seconds) * 1000)}
        return figures


def large_lists(name: str, url: str, tickets: int, mentors: int) -> Outcome:
    """Return what comes of it when so many mentors ask at once for so many tickets after a change."""
    people = inside(url, "large", str(tickets), str(mentors))
    opener = inside(url, "token", "opener@example.edu")
    with counting(url) as server:
        unchanged = [polls(server.port, LISTS, hacker) for hacker in people["hackers"][:POLLERS]]
        idle = memory(server)
        Client(server.port).expect(opening(opener), 201)
        before = built(server)
        with watching(server, unchanged) as meanwhile:
            answers = asked_at_once(server.port, people["mentors"])
        lists = built(server) - before
        whole = length_of(server.port, people["mentors"][0], tickets + 1)
    return outcome(name, tickets, answers, whole, meanwhile, idle, lists)


def asked_at_once(port: int, mentors: list[str]) -> list[Answer]:
    """Return what these mentors get, who all ask at the same moment."""
    start = threading.Barrier(len(mentors))

    def ask(token: str) -> Answer:
        client = Client(port, PATIENCE)
        start.wait()
        began, head, length, last = time.monotonic(), b"HTTP/1.1 000", 0, b""
        try:
            with client.socket:
                head, length, last = client.skim(http(LISTS, token=token))
        except OSError:
            pass
        return Answer(int(head[9:12]), length, last == b"]", time.monotonic() - began)

    with ThreadPoolExecutor(len(mentors)) as pool:
        return list(pool.map(ask, mentors))


def length_of(port: int, token: str, tickets: int) -> int:
    """Return the length of the whole list; raises AssertionError unless it has so many tickets."""
    _, body = Client(port, PATIENCE).ask(http(LISTS, token=token))
    if (count := len(orjson.loads(body))) != tickets:
        raise AssertionError(f"{count} tickets instead of {tickets}")
    return len(body)


@contextmanager
def watching(server: Server, unchanged: list[bytes]) -> Iterator[Meanwhile]:
    """What hackers who poll, the health check and the workers' memory are like for as long as the block runs."""
    meanwhile, over = Meanwhile(), threading.Event()
    jobs = [
        lambda: probe(server.port, unchanged, 304, meanwhile.poll, meanwhile, over),
        lambda: probe(server.port, [http("/healthz")], 200, meanwhile.health, meanwhile, over),
        lambda: weigh(server, meanwhile, over),
    ]
    with ThreadPoolExecutor(len(jobs)) as pool:
        ends = [pool.submit(job) for job in jobs]
        try:
            yield meanwhile
        finally:
            over.set()
    for end in ends:
        end.result()


def probe(
    port: int, requests: list[bytes], status: int, seconds: list[float], meanwhile: Meanwhile, over: threading.Event
) -> None:
    """Ask these in turn, and note how long each answer takes and whether it has that status."""
    client, number = Client(port, PATIENCE), 0
    while not over.wait(EVERY) or number < 2:
        start = time.monotonic()
        head, _ = client.ask(requests[number % len(requests)])
        seconds.append(time.monotonic() - start)
        meanwhile.wrong += int(head[9:12]) != status
        number += 1


def weigh(server: Server, meanwhile: Meanwhile, over: threading.Event) -> None:
    """Note the most memory that the server takes."""
    meanwhile.memory = memory(server)
    while not over.wait(EVERY):
        meanwhile.memory = max(meanwhile.memory, memory(server))


def memory(server: Server) -> int:
    """Return the bytes of memory that its processes take."""
    return sum(int(process.memory_info().rss) for process in processes(server))


def outcome(
    name: str, tickets: int, answers: list[Answer], whole: int, meanwhile: Meanwhile, idle: int, lists: float
) -> Outcome:
    """Return the outcome: everybody gets the whole list, few lists are built, and nobody else notices."""
    bad = sum(answer.status not in (200, 304) for answer in answers)
    torn = sum(answer.status == 200 and (answer.length != whole or not answer.ended) for answer in answers)
    figures = {
        "MB of the list": round(whole / 1e6),
        "lists built": lists,
        "answers other than 200, 304": bad,
        "answers that are not the whole list": torn,
        "wait median s": round(median(answer.seconds for answer in answers), 1),
        "wait at most s": round(max(answer.seconds for answer in answers), 1),
        "memory at most MB": round(meanwhile.memory / 1e6),
        "lists in a worker's memory": round((meanwhile.memory - idle) / WORKERS / whole, 1),
        **meanwhile.figures,
    }
    return Outcome(
        name,
        f"{len(answers)} mentors ask at once for a list of {tickets:,} large tickets after a change",
        figures,
        none=["answers other than 200, 304", "answers that are not the whole list", "wrong answers meanwhile"],
        some=["lists built"],
        most={
            "lists built": WORKERS,
            "wait at most s": 60,
            "lists in a worker's memory": BUILD + len(answers) / WORKERS,  # and those that are on their way
            "poll 99 % ms": 1000,
            "health at most ms": 2000,
        },
    )
