"""The tickets from which waits are forecast."""

from datetime import datetime
from typing import NamedTuple

from mentorq_backend.querysets import TicketQuerySet
from mentorq_backend.waits.forecast import Wait

SAMPLE = 200


class Row(NamedTuple):
    """A stay in the queue. `claimed` is the claim that holds, `left` its end, both None while it lasts."""

    queued: datetime
    ahead: int
    claimed: datetime | None
    left: datetime | None


def rows(tickets: TicketQuerySet, newest: int | None = SAMPLE) -> list[Row]:
    """Return the newest of these tickets, by queue entry, the oldest first. Recorded help does not count."""
    waited = tickets.filter(recorded=False).order_by("-queued", "-id")
    found = waited.values_list("queued", "ahead", "claimed_datetime", "left_queue")[:newest]
    return [Row(*row) for row in reversed(found)]


def wait(row: Row, now: datetime) -> Wait:
    end = row.claimed or row.left or now
    return Wait(row.ahead + 1, max((end - row.queued).total_seconds(), 0), claimed=row.claimed is not None)
