"""The documented restarts, each under load: a browser must not notice any of them."""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from mentorq.tests.deployed.load import Browser, Load, under_load
from mentorq.tests.deployed.machine import Machine
from mentorq.tests.deployed.units import Unit
from mentorq.tests.torture.outcome import Outcome

RESPAWNED = b"Stopped old worker"
KINDS = ["poll", "claim", "stream"]
PATIENCE = 60.0  # seconds for a new worker


def restart_in_turn(machine: Machine) -> None:
    for unit in machine.web:
        unit.restart()


def kill_in_turn(machine: Machine) -> None:
    """`kill -9`, and the other process serves until systemd has started it again."""
    for unit in machine.web:
        unit.signal(signal.SIGKILL)
        time.sleep(0.5)
        unit.wait_until_started()


def reload_everything(machine: Machine) -> None:
    """Reload the web processes, the live stream and nginx at once, and wait for the new workers."""
    units = [*machine.web, machine.live]
    before = [respawned(unit) for unit in units]
    for unit in units:
        unit.reload()
    machine.proxy.reload()
    deadline = time.monotonic() + PATIENCE
    while any(respawned(unit) == count for unit, count in zip(units, before, strict=True)):
        if time.monotonic() > deadline:
            raise TimeoutError("granian does not replace its workers")
        time.sleep(0.1)


def respawned(unit: Unit) -> int:
    return (unit.root / f"{unit.name}.log").read_bytes().count(RESPAWNED)


def restart_upkeep(machine: Machine) -> None:
    machine.units["mentorq-upkeep"].restart()
    time.sleep(1)


WAYS: dict[str, Callable[[Machine], None]] = {
    "systemctl restart, one web process after the other": restart_in_turn,
    "systemctl reload of web and live, and of nginx": reload_everything,
    "systemctl restart of upkeep": restart_upkeep,
    "kill -9, one web process after the other": kill_in_turn,
}


def restarted(machine: Machine, times: int) -> Iterator[Outcome]:
    """Yield what polls, claims and new streams met while everything was restarted so many times in each way."""
    people = machine.inside("claims", "20", "20")
    for name, way in WAYS.items():
        with under_load(machine.proxy, people["mentors"], people["tickets"]) as load, opening_streams(machine, load):
            time.sleep(1)
            for _ in range(times):
                way(machine)
        yield of_restarts(f"{times} × {name}", load)


def of_restarts(name: str, load: Load) -> Outcome:
    """A killed process may cut off what it is just sending, but no claim: nginx sends that to the other one."""
    failed = {f"{kind} failed": load.failed[kind] for kind in KINDS}
    none = ["claim failed"] if "kill" in name else list(failed)
    return Outcome("restarts", name, {**load.done, **failed, "first": load.failures[:1]}, none=none, some=KINDS)


@contextmanager
def opening_streams(machine: Machine, load: Load) -> Iterator[None]:
    """Somebody who opens a live stream again and again, and reads its first line."""

    def keep_opening() -> None:
        browser = Browser(machine.proxy, "", load)
        while not load.must_end.wait(0.2):
            browser.open_stream()

    thread = threading.Thread(target=keep_opening)
    thread.start()
    yield
    load.must_end.set()
    thread.join()
