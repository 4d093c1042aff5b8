"""Simulated events with rush hours, a few mentors, and an order in which they take tickets."""

import math
from datetime import UTC, datetime, timedelta
from random import Random

from mentorq_backend.models import Ticket

NOON = datetime(2026, 10, 17, 12, tzinfo=UTC)
TICKETS, HOURS, MENTORS = 500, 30, 8
HELP = 900  # seconds, the median
PATIENCE = 3 * 3600  # seconds on average until somebody gives up


def arrivals(chance: Random) -> list[float]:
    """Seconds of 500 arrivals: many in the evening, few in the night."""
    weights = [1.1 + math.cos((hour - 8) / 12 * math.tau) for hour in range(HOURS)]
    hours = chance.choices(range(HOURS), weights, k=TICKETS)
    return sorted((hour + chance.random()) * 3600 for hour in hours)


def event(seed: int, *, oldest: bool) -> list[Ticket]:
    """Return the tickets. The mentors take the oldest one, or any."""
    chance = Random(seed)
    coming, waiting, tickets = arrivals(chance), list[dict](), list[dict]()
    free = [0.0] * MENTORS
    while coming or waiting:
        now = min(free)
        while coming and coming[0] <= now:
            at = coming.pop(0)
            waiting = leave(waiting, at)
            tickets.append({"at": at, "ahead": len(waiting), "gives_up": at + chance.expovariate(1 / PATIENCE)})
            waiting.append(tickets[-1])
        waiting = leave(waiting, now)
        if not waiting:
            if not coming:
                break
            free[free.index(now)] = coming[0]
            continue
        ticket = waiting.pop(0 if oldest else chance.randrange(len(waiting)))
        ticket["claimed"] = now + 20 * chance.random()
        free[free.index(now)] = ticket["claimed"] + HELP * math.exp(chance.gauss(0, 0.7))
    return [row(number, ticket) for number, ticket in enumerate(tickets)]


def leave(waiting: list[dict], at: float) -> list[dict]:
    """Those who give up before this instant."""
    return [ticket for ticket in waiting if ticket["gives_up"] > at]


def row(number: int, ticket: dict) -> Ticket:
    created, claimed = NOON + timedelta(seconds=ticket["at"]), ticket.get("claimed")
    columns = {"owner_email": f"hacker{number}@example.edu", "title": "x", "location": "x", "created": created}
    columns |= {"queued": created, "ahead": ticket["ahead"]}
    left = NOON + timedelta(seconds=claimed or ticket["gives_up"])
    if claimed is None:
        return Ticket(**columns, status="CANCELLED", moved=left, left_queue=left)
    mentor = {"mentor": "Mia", "mentor_email": "mia@example.edu"}
    return Ticket(**columns, **mentor, status="CLAIMED", claimed_datetime=left, left_queue=left, moved=left)
