"""`python -m mentorq.tests.deployed.sizing [--write FILE]`: what one machine carries, and replaces the tables of FILE.

Everything runs as deploy/ has it: nginx with TLS, two web processes, the live stream, upkeep and PostgreSQL. The figures
are the CPU that all of them take, so whoever asks may run on the same machine. Raises AssertionError if a request fails.
"""

import argparse
import resource
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from statistics import median, quantiles
from threading import Lock
from timeit import timeit

from mentorq.tests.bench.__main__ import machine as described
from mentorq.tests.bench.__main__ import write
from mentorq.tests.bench.following import cpu, cpu_of_postgresql
from mentorq.tests.deployed.day import Desk, signed_in
from mentorq.tests.deployed.load import Browser, Load
from mentorq.tests.deployed.machine import Machine, machine

START = "<!-- make sizing -->"
MENTOR = 20  # people for each mentor
MANY_TICKETS = 1000
CLIENTS, POLLS = 4, 2000
SHARE = 0.7 * 2  # seconds of CPU in each second that two cores should spend, and no more
POLLING = 30  # seconds between two polls of a person
MOVES = 1.0  # a second, in a busy hour
PEOPLE = [500, 1000, 2000]
LIVE_TICKETS = PEOPLE[-1] // MENTOR
SECONDS = 30.0
ADDING = "sum(iter(range(20_000_000)))"  # a yardstick for the machine


@dataclass
class Person:
    """Somebody with a token, a browser and a ticket to move."""

    browser: Browser
    ticket: int
    etag: str = ""
    status: str = "OPEN"
    lock: Lock = field(default_factory=Lock)  # a browser waits for one answer before it asks again

    def poll(self) -> None:
        headers = self.browser.send("poll", "GET", "/api/tickets/", **({"If-None-Match": self.etag} if self.etag else {}))
        self.etag = headers.get("ETag", "")

    def load(self) -> None:
        self.browser.send("list", "GET", "/api/tickets/", **{"Accept-Encoding": "gzip"})

    def look_at_the_queue(self) -> None:
        self.browser.send("queue", "GET", "/api/queue/")

    def move(self) -> None:
        self.status = "OPEN" if self.status == "CLAIMED" else "CLAIMED"
        self.browser.send("move", "PATCH", f"/api/tickets/{self.ticket}", {"status": self.status})


@dataclass
class Cost:
    """Seconds of CPU that a request takes."""

    request: str
    seconds: float

    def row(self, floor: float) -> str:
        rate = SHARE / self.seconds
        figures = f"{self.seconds * 1000:.2f}", f"{self.seconds / floor:.1f}", f"{rate:,.0f}", f"{rate * POLLING:,.0f}"
        return f"| {self.request} | {' | '.join(figures)} |"


@dataclass
class Crowd:
    """A twentieth of the people are mentors, and each of these has a ticket to move."""

    hackers: list[Person]
    mentors: list[Person]
    load: Load

    @classmethod
    def of(cls, on: Machine, number: int) -> "Crowd":
        made = on.inside("crowd", str(number - number // MENTOR), str(number // MENTOR))
        tickets, load = on.inside("claims", "0", str(number // MENTOR))["tickets"], Load()
        mentors = zip(made["mentors"], tickets, strict=True)
        return cls(
            [Person(Browser(on.proxy, token, load), 0) for token in made["hackers"]],
            [Person(Browser(on.proxy, token, load), ticket) for token, ticket in mentors],
            load,
        )

    def first(self, number: int) -> "Crowd":
        return Crowd(self.hackers[: number - number // MENTOR], self.mentors[: number // MENTOR], self.load)


def spent(on: Machine) -> float:
    """Return the seconds of CPU of all servers so far."""
    started = [unit.process for unit in on.units.values()]
    return cpu(*(process for process in (*started, on.proxy.process) if process))


def cost(on: Machine, name: str, work: list[Callable[[], object]], count: int) -> Cost:
    """Return what a request costs: several clients do their work so many times, after a tenth that is not counted."""
    repeated(work, count // 10)
    before = spent(on)
    repeated(work, count)
    return Cost(name, (spent(on) - before) / (count // len(work) * len(work)))


def repeated(work: list[Callable[[], object]], count: int) -> None:
    def repeat(each: Callable[[], object]) -> None:
        for _ in range(count // len(work)):
            each()

    with ThreadPoolExecutor(len(work)) as pool:
        list(pool.map(repeat, work))


def costs(on: Machine, crowd: Crowd) -> Iterator[Cost]:
    """Yield the cheapest request first: the others stand beside it."""
    hackers, mentors, desk = crowd.hackers[:CLIENTS], crowd.mentors[:CLIENTS], Desk(on).sign_in("dan")
    yield cost(on, "a poll that finds nothing new", [person.poll for person in mentors], POLLS)
    yield cost(on, "a hacker's own list", [person.load for person in hackers], 800)
    yield cost(on, "`GET /api/queue/`", [person.look_at_the_queue for person in hackers], 800)
    yield cost(on, f"the list of {LIVE_TICKETS} live tickets, known", [person.load for person in mentors], 800)
    yield cost(on, "a claim or a release", [person.move for person in mentors], 800)
    yield cost(on, "a sign-in with a new connection", [lambda: signed_in(on, "ada", [])] * CLIENTS, 200)
    yield cost(on, f"the desk's list of {LIVE_TICKETS}", [lambda: desk.get("/admin/mentorq_backend/ticket/")], 40)
    on.inside("claims", "0", str(MANY_TICKETS - LIVE_TICKETS))
    yield cost(on, f"the list of {MANY_TICKETS:,} live tickets, known", [person.load for person in mentors], 400)


def busy(on: Machine, crowd: Crowd, seconds: float) -> str:
    """Return a row of a table: all poll, and tickets move."""
    number, random = len(crowd.hackers) + len(crowd.mentors), Random(1)
    asked: list[Future[float]] = []
    before, database, start = spent(on), cpu_of_postgresql(), time.monotonic()
    with ThreadPoolExecutor(32) as pool:
        due = start
        while due < start + seconds:
            due += random.expovariate(number / POLLING + MOVES)
            time.sleep(max(due - time.monotonic(), 0))
            is_move = random.random() < MOVES / (number / POLLING + MOVES)
            person = random.choice(crowd.mentors if is_move else crowd.hackers + crowd.mentors)
            asked.append(pool.submit(timed, person, person.move if is_move else person.poll, due))
    used = spent(on) - before
    shares = f"{used / (time.monotonic() - start) / 2:.0%}", f"{(cpu_of_postgresql() - database) / used:.0%}"
    took = [future.result() for future in asked]
    slow = quantiles(took, n=100)[98]
    return f"| {number:,} | {len(crowd.mentors)} | {median(took) * 1000:.0f} | {slow * 1000:.0f} | {' | '.join(shares)} |"


def timed(person: Person, work: Callable[[], object], due: float) -> float:
    """Return the seconds since the moment at which the request was due."""
    with person.lock:
        work()
        return time.monotonic() - due


def tables(on: Machine, seconds: float) -> Iterator[str]:
    yield f"{described()} It adds 20 million numbers in {timeit(ADDING, number=1):.1f} s (`{ADDING}`)."
    crowd = Crowd.of(on, PEOPLE[-1])
    rows = [busy(on, crowd.first(number), seconds) for number in PEOPLE]
    found = list(costs(on, crowd))
    assert crowd.load.failures == [], crowd.load.failures[:3]
    assert crowd.load.unchanged["poll"] > POLLS, crowd.load.unchanged
    head = "| request | CPU, ms | × | a second | people who do it every 30 s |\n| --- | --- | --- | --- | --- |"
    yield "\n".join([head, *(each.row(found[0].seconds) for each in found)])
    head = "| people | of them mentors | median, ms | 99 %, ms | CPU of two cores | of it PostgreSQL |"
    head += "\n| --- | --- | --- | --- | --- | --- |"
    yield "\n".join([head, *rows])


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m mentorq.tests.deployed.sizing", description=__doc__)
    parser.add_argument("--write", type=Path, help="the document whose tables are to be replaced")
    document = parser.parse_args().write
    with machine() as made:
        resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)  # a file each
        text = "\n\n".join(tables(made, SECONDS))
    print(text)  # noqa: T201
    if document:
        write(document, text, START)
    return 0


if __name__ == "__main__":
    sys.exit(main())
