"""Checks the forecasts: replays the tickets, and forecasts each wait from what was known when it began."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypedDict

from mentorq_backend.events.models import Event
from mentorq_backend.events.schedule import current, of_event
from mentorq_backend.models import Ticket
from mentorq_backend.querysets import TicketQuerySet
from mentorq_backend.waits.forecast import Forecast, Wait, forecast
from mentorq_backend.waits.sample import SAMPLE, Row, rows, wait


class Check(TypedDict):
    """How many forecasts there were for tickets that were claimed, and the shares that held; None for no tickets."""

    tickets: int
    within_median: float | None
    within_p90: float | None


def check(events: Sequence[Event | None], newest: int | None = None) -> Check:
    """Check the forecasts of these events, each by itself. None is the tickets of no event. `newest` limits each."""
    kept = [held for event in events for held in replay(rows(tickets_of(event), newest))]
    if not kept:
        return {"tickets": 0, "within_median": None, "within_p90": None}
    median, p90 = (round(sum(column) / len(kept), 4) for column in zip(*kept, strict=True))
    return {"tickets": len(kept), "within_median": median, "within_p90": p90}


def tickets_of(event: Event | None) -> TicketQuerySet:
    if event:
        return Ticket.objects.filter(of_event(event))
    first = next(iter(current().events), None)
    return Ticket.objects.filter(queued__lt=first.opens) if first else Ticket.objects.all()


def replay(tickets: Sequence[Row]) -> list[tuple[bool, bool]]:
    """Return for each claimed ticket with a forecast whether it was claimed within the median and within the p90."""
    kept = list[tuple[bool, bool]]()
    for place, ticket in enumerate(tickets):
        if ticket.claimed is None:
            continue
        promised = known_forecast(tickets[max(place - SAMPLE, 0) : place], ticket)
        if promised:
            seconds = (ticket.claimed - ticket.queued).total_seconds()
            kept.append((seconds <= promised["median_seconds"], seconds <= promised["p90_seconds"]))
    return kept


def known_forecast(earlier: Sequence[Row], ticket: Row) -> Forecast | None:
    return forecast([as_known(row, ticket.queued) for row in earlier], ticket.ahead + 1)


def as_known(row: Row, at: datetime) -> Wait:
    """Return the wait as it was known at that instant."""
    later = Row(row.queued, row.ahead, None, None)
    return wait(row if row.left and row.left <= at else later, at)
