"""How many tickets were open at an instant, from the instants at which tickets entered the queue and left it."""

from bisect import bisect_left
from collections.abc import Iterable
from datetime import datetime

# When a ticket entered the queue, and when it left; None while it waits.
Stay = tuple[datetime, datetime | None]


class PastQueue:
    """The queue as it was. Moves count open tickets in the database; this is for files, invented tickets and migrations."""

    def __init__(self, stays: Iterable[Stay]) -> None:
        known = list(stays)
        self.entries = sorted(entry for entry, _ in known)
        self.exits = sorted(max(entry, left) for entry, left in known if left)

    def open_before(self, at: datetime) -> int:
        """Return the number of tickets that had entered before this instant and had not left."""
        return bisect_left(self.entries, at) - bisect_left(self.exits, at)
