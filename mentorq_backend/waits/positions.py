"""How many tickets were open when one entered the queue: now, or in the past."""

from bisect import bisect_left
from collections.abc import Iterable
from datetime import datetime

from django.db.models.expressions import RawSQL

# For a ticket that enters now. Not a queryset: Django writes none into an INSERT. Tickets that enter at the same moment may
# get the same number.
OPEN_TICKETS = RawSQL("(SELECT COUNT(*) FROM mentorq_backend_ticket WHERE status = 'OPEN')", [])
# When a ticket entered the queue, and when it left; None while it waits.
Stay = tuple[datetime, datetime | None]


class PastQueue:
    """The queue as it was, for files, invented tickets and migrations."""

    def __init__(self, stays: Iterable[Stay]) -> None:
        known = list(stays)
        self.entries = sorted(entry for entry, _ in known)
        self.exits = sorted(max(entry, left) for entry, left in known if left)

    def open_before(self, at: datetime) -> int:
        """Return the number of tickets that had entered before this instant and had not left."""
        return bisect_left(self.entries, at) - bisect_left(self.exits, at)
