"""The table of moves: from status, to status, verb, and who may do it. No other move is possible.

`Ticket._changes()` says what a move does to the columns, and `VERBS` of desk/moves.py is its button. A new status also
needs a row in HAS, a sentence in `Ticket.conflict()`, and a count in stats.py.
"""

import enum
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from typing import NamedTuple

from django.db import models


class Status(models.TextChoices):
    """The status of a ticket."""

    OPEN = "OPEN", "open"
    CLAIMED = "CLAIMED", "claimed"
    CLOSED = "CLOSED", "closed"
    CANCELLED = "CANCELLED", "cancelled"


class System:
    """The server itself, which makes moves that nobody asks for. The history calls it ""."""

    email = ""
    is_mentor = is_staff = False


SERVER = System()


class Who(enum.StrEnum):
    """What a person, or the server, can be to a ticket. The value is for messages."""

    MENTOR = "a mentor (not on their own ticket)"
    ITS_MENTOR = "its mentor"
    OWNER = "its owner"
    STAFF = "an organizer or director"
    SERVER = "MentorQ itself"


class Move(NamedTuple):
    """One row of the table: any of `who` may do it."""

    verb: str
    who: frozenset[Who]

    @property
    def people(self) -> str:
        return ", ".join(who for who in Who if who in self.who and who != Who.SERVER)

    @property
    def rule(self) -> str:
        return f"You may not {self.verb} this ticket: only {self.people} may."


def _move(verb: str, *who: Who) -> Move:
    """Organizers and directors may make every move."""
    return Move(verb, frozenset({*who, Who.STAFF}))


MOVES: dict[tuple[str, str], Move] = {
    (Status.OPEN, Status.CLAIMED): _move("claim", Who.MENTOR),
    (Status.OPEN, Status.CLOSED): _move("close", Who.MENTOR),
    (Status.OPEN, Status.CANCELLED): _move("cancel", Who.OWNER, Who.SERVER),
    (Status.CLAIMED, Status.OPEN): _move("release", Who.ITS_MENTOR, Who.SERVER),
    (Status.CLAIMED, Status.CLAIMED): _move("hand over"),
    (Status.CLAIMED, Status.CLOSED): _move("close", Who.ITS_MENTOR),
    (Status.CLAIMED, Status.CANCELLED): _move("cancel", Who.OWNER),
    (Status.CLOSED, Status.OPEN): _move("reopen", Who.ITS_MENTOR),
    (Status.CLOSED, Status.CANCELLED): _move("strike out"),
    (Status.CANCELLED, Status.OPEN): _move("reopen", Who.OWNER),
}

# What a ticket with this status has and has not. The database and the import enforce it.
HAS: dict[Status, dict[str, bool]] = {
    Status.OPEN: {"mentor_email": False, "claimed_datetime": False, "closed_datetime": False},
    Status.CLAIMED: {"mentor_email": True, "claimed_datetime": True, "closed_datetime": False},
    Status.CLOSED: {"closed_datetime": True},
    Status.CANCELLED: {"closed_datetime": False},
}


def status_and_instants_agree() -> models.Q:
    return reduce(or_, (_has(status, **columns) for status, columns in HAS.items()))


def _has(status: Status, mentor_email: bool | None = None, **instants: bool) -> models.Q:
    conditions = {f"{name}__isnull" if has else name: False if has else None for name, has in instants.items()}
    if mentor_email is False:
        conditions["mentor_email"] = ""  # type: ignore[assignment]
    condition = models.Q(status=status, **conditions)
    return condition & ~models.Q(mentor_email="") if mentor_email else condition


def waiting_time(queued: datetime, at: datetime) -> int:
    """Return the microseconds from entering the queue to a move."""
    return (at - queued) // timedelta(microseconds=1)


def left_queue(status: str, claimed: datetime | None, closed: datetime | None, moved: datetime) -> datetime | None:
    """Return when such a ticket left the queue, if only its instants are known. An unclaimed one left with its end."""
    return None if status == Status.OPEN else claimed or closed or moved


# Not a move, but a correction of a claimed ticket. The history keeps it like a move.
RENAME_MENTOR = _move("rename the mentor of", Who.ITS_MENTOR)
