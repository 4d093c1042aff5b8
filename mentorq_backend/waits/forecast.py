"""How long people wait for a mentor, by their position in the queue: an estimate after Kaplan and Meier (1958).

The docs have the method and its evidence: docs/waits.md. lifelines has the estimator, too, but brings pandas and scipy.
"""

import math
from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple, TypedDict

ENOUGH_NEAR = 15  # claimed tickets of a similar position; with fewer, every ticket counts
FEWEST = 5  # claimed tickets, for a forecast
ROUNDING = 1e-9


class Wait(NamedTuple):
    """How long a ticket waited: until its claim, or at least so long. `position` is that at its entry, from 1."""

    position: int
    seconds: float
    claimed: bool


class Forecast(TypedDict):
    """Half of the people are helped within the median. `tickets` were claimed and used."""

    median_seconds: int
    p90_seconds: int
    tickets: int


def forecast(waits: Sequence[Wait], position: int) -> Forecast | None:
    """Return the forecast for this position, None if too few tickets were claimed."""
    near = [wait for wait in waits if position <= 2 * wait.position <= 4 * position]
    used = near if sum(wait.claimed for wait in near) >= ENOUGH_NEAR else waits
    claimed = sum(wait.claimed for wait in used)
    if claimed < FEWEST:
        return None
    median, p90 = quantiles(((wait.seconds / wait.position, wait.claimed) for wait in used), [0.5, 0.9])
    return {
        "median_seconds": math.ceil(median * position),
        "p90_seconds": math.ceil(p90 * position),
        "tickets": claimed,
    }


def quantiles(waits: Iterable[tuple[float, bool]], shares: Sequence[float]) -> list[float]:
    """Return when so many of those who wait are helped. Waits that were not helped lasted at least as long.

    A share that the estimate does not reach has the longest wait.
    """
    ordered = sorted(waits)
    at_risk, waiting, found = len(ordered), 1.0, list[float]()
    for seconds, group in groupby(ordered, key=itemgetter(0)):
        helped = [was_helped for _, was_helped in group]
        waiting *= 1 - sum(helped) / at_risk
        at_risk -= len(helped)
        while len(found) < len(shares) and 1 - waiting >= shares[len(found)] - ROUNDING:
            found.append(seconds)
    return found + [ordered[-1][0]] * (len(shares) - len(found))
