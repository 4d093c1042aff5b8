"""Slots for requests to a slow service, shared fairly between client addresses.

A semaphore does not know who asks: with one, 30 connections with junk tokens kept out 4 to 8 of 15 people (2026-11).
"""

from threading import Condition

HASTE, PATIENCE = 0.1, 1.0  # seconds


class Slots:
    """`total` slots, of which one address holds at most `each`. The address "" stands for people who have signed in."""

    def __init__(self, total: int, each: int, patient: int) -> None:
        """At most `patient` requests wait longer, because each of them holds a thread of the server."""
        self.total, self.each, self.most_patient = total, each, patient
        self.changed = Condition()
        self.held: list[str] = []  # the address of each slot that is taken
        self.waiting: list[str] = []  # the addresses that wait longer

    def acquire(self, address: str = "") -> bool:
        """Take a slot for this address; return False if none became free in time.

        An address without a slot waits longer, and is next.
        """
        with self.changed:
            if not self._is_free_for(address) and not self._wait_for(address):
                return False
            self.held.append(address)
            return True

    def release(self, address: str = "") -> None:
        """Give back a slot of this address; raises ValueError if it holds none."""
        with self.changed:
            self.held.remove(address)
            self.changed.notify_all()

    def _wait_for(self, address: str) -> bool:
        is_new = bool(address) and address not in self.held and address not in self.waiting
        if not is_new or len(self.waiting) >= self.most_patient:
            return self.changed.wait_for(lambda: self._is_free_for(address), HASTE)
        self.waiting.append(address)
        try:
            return self.changed.wait_for(lambda: self._is_free_for(address), PATIENCE)
        finally:
            self.waiting.remove(address)
            self.changed.notify_all()  # those that let this address go first

    def _is_free_for(self, address: str) -> bool:
        if len(self.held) >= self.total:
            return False
        if not address or address not in self.held:
            return True
        return self.held.count(address) < self.each and all(other == address for other in self.waiting)
