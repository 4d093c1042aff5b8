"""The table of moves: from which status to which, what that is called, and who may do it. Everything else is impossible."""

import enum
from typing import NamedTuple

from django.db import models


class Status(models.TextChoices):
    """Where a ticket is."""

    OPEN = "OPEN", "open"
    CLAIMED = "CLAIMED", "claimed"
    CLOSED = "CLOSED", "closed"
    CANCELLED = "CANCELLED", "cancelled"


class Who(enum.StrEnum):
    """What somebody can be to a ticket; the value is how a person would say it."""

    MENTOR = "a mentor (not on their own ticket)"
    ITS_MENTOR = "its mentor"
    OWNER = "its owner"
    ORGANIZER = "an organizer or director"


class Move(NamedTuple):
    """One row of the table: any of `who` may do it."""

    verb: str
    who: frozenset[Who]

    @property
    def people(self) -> str:
        """Who may make it, in words."""
        return ", ".join(who for who in Who if who in self.who)

    @property
    def rule(self) -> str:
        """The rule in words, for whoever was refused."""
        return f"Not yours to {self.verb}: that is for {self.people}."


def _move(verb: str, *who: Who) -> Move:
    return Move(verb, frozenset({*who, Who.ORGANIZER}))


MOVES: dict[tuple[str, str], Move] = {
    (Status.OPEN, Status.CLAIMED): _move("claim", Who.MENTOR),
    (Status.OPEN, Status.CLOSED): _move("close", Who.MENTOR),
    (Status.OPEN, Status.CANCELLED): _move("cancel", Who.OWNER),
    (Status.CLAIMED, Status.OPEN): _move("release", Who.ITS_MENTOR),
    (Status.CLAIMED, Status.CLAIMED): _move("hand over"),
    (Status.CLAIMED, Status.CLOSED): _move("close", Who.ITS_MENTOR),
    (Status.CLAIMED, Status.CANCELLED): _move("cancel", Who.OWNER),
    (Status.CLOSED, Status.OPEN): _move("reopen", Who.ITS_MENTOR),
    (Status.CLOSED, Status.CANCELLED): _move("strike out"),
    (Status.CANCELLED, Status.OPEN): _move("reopen", Who.OWNER),
}

# No move, but a correction of a claimed ticket, which is kept in the history like one.
RENAME_MENTOR = _move("rename the mentor", Who.ITS_MENTOR)
