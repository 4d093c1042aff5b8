"""How a ticket says no. Plain Python: mentorq/exceptions.py makes HTTP of it, the admin site makes messages of it."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mentorq_backend.models import Ticket


class TicketConflict(Exception):
    """Nothing was changed, because of the state the ticket is in: it comes along as it now stands.

    `code` is `not_possible` where nobody may make that move from there, `conflict` where somebody was faster.
    """

    def __init__(self, detail: str, *, code: str, ticket: "Ticket") -> None:
        super().__init__(detail)
        self.code = code
        self.ticket = ticket


class LimitReached(Exception):
    """Nothing was changed, because the owner has as many open tickets as anybody may have."""

    code = "limit_reached"

    def __init__(self, detail: str, *, ticket: "Ticket | None" = None) -> None:
        super().__init__(detail)
        self.ticket = ticket


class RateExceeded(Exception):
    """Nothing was changed, because this person did as much in the last hour as one may; `wait` is in seconds."""

    def __init__(self, most: int, *, opening: bool, wait: float) -> None:
        done = "opened" if opening else "moved"
        super().__init__(f"You have {done} {most} tickets in an hour, and nobody may do more.")
        self.wait = wait


class MoveNotAllowed(Exception):
    """Nothing was changed, because this person may not make that move; the text says who may."""
