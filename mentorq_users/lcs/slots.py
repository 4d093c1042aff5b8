"""Places in which a request may wait for a slow service, so that one client's address does not hold them all.

Not a semaphore, which does not know who asks: 30 connections with junk tokens kept 4 to 8 of 15 people out (2026-11).
"""

from threading import Condition

HASTE, PATIENCE = 0.1, 1.0  # seconds


class Slots:
    """`total` places, of which one address holds at most `each`; "" stands for people who have signed in already."""

    def __init__(self, total: int, each: int, patient: int) -> None:
        """`patient` waiters may take their time: each of them, too, holds a thread of the server's."""
        self.total, self.each, self.most_patient = total, each, patient
        self.changed = Condition()
        self.held: list[str] = []  # an address for each place that is taken
        self.waiting: list[str] = []  # those of the patient ones

    def acquire(self, address: str = "") -> bool:
        """Take a place for that address; return False if none came free in time.

        Whoever's address holds no place waits a little longer, and is next.
        """
        with self.changed:
            if not self._is_free_for(address) and not self._wait_for(address):
                return False
            self.held.append(address)
            return True

    def release(self, address: str = "") -> None:
        """Give back a place of that address; raises ValueError if it holds none."""
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
            self.changed.notify_all()  # who let this one go first

    def _is_free_for(self, address: str) -> bool:
        if len(self.held) >= self.total:
            return False
        if not address or address not in self.held:
            return True
        return self.held.count(address) < self.each and all(other == address for other in self.waiting)
