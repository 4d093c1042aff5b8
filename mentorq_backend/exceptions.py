"""Refusals of the domain. mentorq/exceptions.py turns them into HTTP responses, the admin site into messages."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mentorq_backend.models import Ticket


class TicketConflict(Exception):
    """The ticket's state does not allow the change. Nothing was changed; `ticket` is the current ticket.

    `code` is `not_possible` if nobody may make that move from this status, `conflict` if somebody was faster.
    """

    def __init__(self, detail: str, *, code: str, ticket: "Ticket") -> None:
        super().__init__(detail)
        self.code = code
        self.ticket = ticket


class LimitReached(Exception):
    """The owner has reached the limit of open tickets. Nothing was changed."""

    code = "limit_reached"

    def __init__(self, detail: str, *, ticket: "Ticket | None" = None) -> None:
        super().__init__(detail)
        self.ticket = ticket


class QueueClosed(Exception):
    """No event is on, or it is paused. Nothing was changed; organizers and directors may still open and reopen."""

    code = "queue_closed"

    def __init__(self, detail: str, *, ticket: "Ticket | None" = None) -> None:
        super().__init__(detail)
        self.ticket = ticket


class RateExceeded(Exception):
    """This person has reached the hourly limit. Nothing was changed; `wait` is in seconds."""

    def __init__(self, most: int, *, opening: bool, wait: float) -> None:
        done = "opened" if opening else "moved"
        super().__init__(f"You have {done} {most} tickets in an hour, which is the limit.")
        self.wait = wait


class MoveNotAllowed(Exception):
    """This person may not make that move; the text says who may. Nothing was changed."""
