"""Notices under attack: receivers fail in every way, upkeep and server are killed, and two upkeeps run at once."""

import json
import random
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime
from http.server import BaseHTTPRequestHandler
from statistics import median
from typing import Any

import psutil

from mentorq.tests.bench.databases import PRODUCTION, inside
from mentorq.tests.bench.load import Client, http
from mentorq.tests.bench.outside import SERVER, serving
from mentorq.tests.servers import BASE_DIR, Server, running, stop
from mentorq.tests.torture.crashes import SUPERVISED, processes
from mentorq.tests.torture.outcome import Outcome
from mentorq.tests.torture.work import WRITERS, WRONG, at_work
from mentorq_backend.tests.notices.receiver import Fault, Receiver, answers, breaks_off, drips, hangs

UPKEEP = [sys.executable, "manage.py", "upkeep"]
HASTY = [sys.executable, "-m", "mentorq.tests.torture.hasty"]
ELSEWHERE = "http://127.0.0.1:9/"
# 429 is rare, because after it nothing is sent for a second.
FAILURES: list[Fault] = [answers(500), answers(302, Location=ELSEWHERE), breaks_off] * 5 + [answers(429, Retry_After="1")]
SLOW: list[Fault] = [hangs(1.5), drips]
MOST_FAILURES = 5  # of one notice: with the seventh it would be given up
MOVES_A_SECOND = 20
HANGS = 10  # seconds


def failing(faults: list[Fault], share: float) -> Callable[[Receiver], Fault]:
    """Return how to make a receiver that fails in one of these ways, but finally takes each notice."""

    def make(receiver: Receiver) -> Fault:
        failures: Counter[str] = Counter()

        def answer(request: BaseHTTPRequestHandler) -> None:
            name = request.headers["webhook-id"]
            fails = failures[name] < MOST_FAILURES and random.random() < share
            failures[name] += fails
            (random.choice(faults) if fails else answers(200))(request)

        return answer

    return make


RECEIVERS: dict[str, Callable[[Receiver], Fault]] = {
    "well": lambda receiver: answers(200),
    "failing": failing(FAILURES, 0.3),
    "slow": failing(SLOW, 0.02),
    "gone": lambda receiver: answers(410),
}


@contextmanager
def receivers(url: str, faults: dict[str, Callable[[Receiver], Fault]]) -> Iterator[dict[str, Receiver]]:
    """Receivers that fail so, each with a webhook of its name that tells everything."""
    with ExitStack() as stack:
        started = {name: stack.enter_context(Receiver().serving()) for name in faults}
        for name, make in faults.items():
            started[name].fault = make(started[name])
        inside(url, "webhooks", json.dumps({name: receiver.url for name, receiver in started.items()}))
        yield started


@contextmanager
def upkeep(url: str, command: list[str], period: float = 0.2) -> Iterator[subprocess.Popen[str]]:
    """Upkeep, started anew whenever it ends."""
    environment = {"PATH": "", "DATABASE_URL": url, "UPKEEP_PERIOD": str(period), "NOTICES_TO_PRIVATE_ADDRESSES": "on"}
    supervised = SUPERVISED.replace(" ".join(map(str, SERVER)), " ".join(command))
    process = subprocess.Popen(
        ["/bin/sh", "-c", supervised], cwd=BASE_DIR, env={**PRODUCTION, **environment, "PATH": "/usr/bin:/bin"},
        stderr=subprocess.DEVNULL, text=True, start_new_session=True,
    )  # fmt: skip
    try:
        yield process
    finally:
        children = psutil.Process(process.pid).children(recursive=True)
        stop(process)
        psutil.wait_procs(children, timeout=20)  # it ends the attempt in hand


def told(name: str, url: str, kills: int) -> Outcome:
    """Return which moves were not told while server and upkeep were killed so many times, and how many came twice."""
    variables = {**PRODUCTION, "DATABASE_URL": url, "TICKETS_MAX_OPEN": "1000000"}
    with receivers(url, RECEIVERS) as heard, upkeep(url, HASTY) as keeper:
        with running(["sh", "-c", SUPERVISED], **variables) as server:
            server.wait_until_ready()
            with at_work(url, server.port) as work:
                killed = sum(kill_both(server, keeper, random.uniform(0.5, 2)) for _ in range(kills))
        seconds = wait_until_told(url)
        expected = inside(url, "told")
    audits = {name: audit(heard[name], expected["moves"]) for name in ("well", "failing", "slow")}
    sums = {what: sum(audit[what] for audit in audits.values()) for what in AUDITED}
    return Outcome(
        name,
        f"{kills} × kill -9 of upkeep and server while {WRITERS} people write, and receivers fail, hang, drip and are gone",
        {
            **work.audited(url), **sums, "killed upkeeps": killed, "pending": expected["pending"],
            "given up": expected["given up"], "told to one that is gone": max(len(heard["gone"].received) - kills - 1, 0),
            "on": ", ".join(expected["on"]), "seconds until all was told": round(seconds),
        },
        none=[*WRONG, "lost notices", "out of order", "invented", "pending", "told to one that is gone"],
        some=["notices", "killed upkeeps", "failed attempts"],
    )  # fmt: skip


AUDITED = ["notices", "lost notices", "out of order", "invented", "came twice", "failed attempts"]


def audit(receiver: Receiver, moves: dict[str, list[str]]) -> Counter[str]:
    """Return how what a receiver heard differs from the history: the types of each ticket's notices, in order."""
    heard: dict[str, list[str]] = defaultdict(list)
    attempts: Counter[str] = Counter()
    for request in list(receiver.received):
        name, content = request.headers["webhook-id"], request.json
        attempts[name] += 1
        if attempts[name] == 1:
            heard[str(content["data"]["ticket"]["id"])].append(content["type"])
    counts: Counter[str] = Counter(notices=sum(map(len, heard.values())))
    for ticket in moves.keys() | heard.keys():
        was, is_ = Counter(moves.get(ticket, [])), Counter(heard[ticket])
        counts["lost notices"] += (was - is_).total()
        counts["invented"] += (is_ - was).total()
        counts["out of order"] += was == is_ and moves[ticket] != heard[ticket]
    counts["came twice"] = sum(receiver.taken[name] > 1 for name in attempts)
    counts["failed attempts"] = sum(attempts.values()) - sum(receiver.taken.values())
    return counts


def kill_both(server: Server, keeper: subprocess.Popen[str], after: float) -> bool:
    """Kill every process of both after so many seconds; return whether upkeep was at work."""
    time.sleep(after)
    kept = set(psutil.Process(keeper.pid).children(recursive=True))
    for process in [*kept, *processes(server)]:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    server.wait_until_ready()
    return bool(kept)


def wait_until_told(url: str, patience: float = 300) -> float:
    """Return the seconds until nothing was pending, at most so many."""
    start = time.monotonic()
    while time.monotonic() - start < patience and inside(url, "told")["pending"]:
        time.sleep(1)
    return time.monotonic() - start


def delayed(name: str, url: str, seconds: float) -> Outcome:
    """Return how much longer moves take if a webhook hangs, and how late another one's notices arrive."""
    quick = {"hung": lambda receiver: answers(200), "other": lambda receiver: answers(200)}
    took: dict[str, list[float]] = {"at once": [], "hanging": []}
    people = inside(url, "claims", "1", str(round(seconds / 6 * MOVES_A_SECOND / 2)))
    with receivers(url, quick) as heard, serving(url) as server:
        with upkeep(url, UPKEEP, period=5):
            client = Client(server.port)
            for turn in range(6):
                which = "hanging" if turn % 2 else "at once"
                heard["hung"].fault = hangs(HANGS) if turn % 2 else answers(200)
                took[which] += move(client, people["mentors"][0], people["tickets"], seconds / 6)
            heard["hung"].fault = hangs(HANGS)
            time.sleep(HANGS)
            late = [request.at - happened(request.json) for request in list(heard["other"].received)]
        move(client, people["mentors"][0], people["tickets"], len(people["tickets"]) * 2 / MOVES_A_SECOND)
        pending, tried = inside(url, "told")["pending"], len(heard["hung"].received)
        once = seconds_of_once(url)
        tried = len(heard["hung"].received) - tried
    return Outcome(
        name,
        f"{MOVES_A_SECOND} moves a second while a webhook hangs for {HANGS} s",
        {
            "moves": sum(map(len, took.values())),
            "ms at once": round(median(took["at once"]) * 1000, 2),
            "ms hanging": round(median(took["hanging"]) * 1000, 2),
            "times as long": round(median(took["hanging"]) / median(took["at once"]), 2),
            "others told within seconds": round(max(late), 1),
            "pending before --once": pending,
            "of them tried at the one that hangs": tried,
            "seconds of --once": round(once, 1),
        },
        most={"times as long": 1.1, "others told within seconds": 10, "seconds of --once": 30},
        some=["moves", "pending before --once", "of them tried at the one that hangs"],
    )


def happened(content: Any) -> float:
    """Return when, in seconds since 1970."""
    return datetime.fromisoformat(content["timestamp"]).timestamp()


def move(client: Client, token: str, tickets: list[int], seconds: float) -> list[float]:
    """Claim all tickets, then release all of them, and so on, so many times a second; return how long each move took."""
    took = []
    for number in range(round(seconds * MOVES_A_SECOND)):
        turn, which = divmod(number, len(tickets))
        body = json.dumps({"status": "OPEN" if turn % 2 else "CLAIMED"})
        start = time.perf_counter()
        head, _ = client.ask(http(f"/api/tickets/{tickets[which]}", token=token, method="PATCH", body=body))
        took.append(time.perf_counter() - start)
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(head.decode())
        time.sleep(max(1 / MOVES_A_SECOND - took[-1], 0))
    return took


def seconds_of_once(url: str) -> float:
    environment = {**PRODUCTION, "PATH": "/usr/bin:/bin", "DATABASE_URL": url, "NOTICES_TO_PRIVATE_ADDRESSES": "on"}
    start = time.monotonic()
    subprocess.run(
        [*UPKEEP, "--once"], cwd=BASE_DIR, env=environment, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    return time.monotonic() - start


def twice(name: str, url: str, seconds: float) -> Outcome:
    """Return what two upkeeps do twice to tickets that become old, while people work."""
    variables = {"TICKETS_MAX_OPEN": "1000000"}
    forgotten = 0
    with upkeep(url, UPKEEP), upkeep(url, UPKEEP), serving(url, **variables) as server, at_work(url, server.port) as work:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            forgotten += inside(url, "forgotten", "20")
            time.sleep(1)
        time.sleep(2)  # for a last round
    found: dict[str, Any] = inside(url, "told")
    return Outcome(
        name,
        f"two upkeeps beside {WRITERS} people who write, {seconds:.0f} s",
        {
            **work.audited(url), "forgotten tickets": forgotten, "moves of the server": found["by server"],
            "left or done twice": abs(forgotten - found["by server"]),
        },
        none=[*WRONG, "left or done twice"],
        some=["forgotten tickets"],
    )  # fmt: skip
