"""What a hackathon's tickets look like, drawn from HackMIT's queue of 2015: docs/performance.md has its figures."""

import bisect
import math
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import accumulate, islice
from random import Random
from typing import Any

from django.db import models

from mentorq_backend.models import RATINGS, Feedback, Ticket, TicketEvent
from mentorq_backend.moves import Status, waiting_time
from mentorq_users.models import User

Row = tuple[Any, ...]
Rows = dict[type[models.Model], list[Row]]

TICKETS_EACH, PEOPLE_EACH, MOST_EACH = 502, 197, 13
FATES = {Status.CLOSED.value: 76, Status.CANCELLED.value: 15, Status.OPEN.value: 9}  # in per cent
# The share of tickets that were claimed within so many minutes; both ends, and the first quarter, are our guess.
SHARES, MINUTES = [0.0, 0.25, 0.5, 0.75, 0.9, 0.99, 1.0], [0.2, 1.0, 2.7, 9.6, 20.9, 80.0, 150.0]
MENTORS = [f"mentor{number}@example.edu" for number in range(1, 64)]
MENTOR_WEIGHTS = list(accumulate([0.21] + [0.79 / 62] * 62))  # one took 21 % of all claims
MEDIAN_HELP = timedelta(minutes=10)
RATED = 0.6
# From noon to midnight of the next day; busiest at eleven at night, quietest toward noon.
HOURS = range(12, 48)
HOUR_WEIGHTS = list(accumulate(1.05 + math.cos((hour - 23) / 24 * math.tau) for hour in HOURS))
# So many hackathons a weekend, as in the season of a student league; the last weekend is this one.
EVENTS_A_WEEKEND, LAST_DAY = 10, datetime(2026, 2, 14)

COLUMNS: dict[type[models.Model], list[str]] = {
    User: [
        "email", "password", "first_name", "last_name", "is_mentor", "is_organizer", "is_director", "encrypted_lcs_token",
        "is_active", "is_superuser", "date_joined",
    ],
    Ticket: [
        "id", "owner_email", "owner", "title", "comment", "contact", "location", "status", "mentor", "mentor_email",
        "active", "created", "queued", "claimed_datetime", "closed_datetime", "moved", "time_to_claim", "time_to_close",
        "recorded", "version",
    ],
    TicketEvent: ["ticket_id", "at", "by", "from_status", "to_status", "mentor_email", "counts"],
    Feedback: ["ticket_id", "rating", "comments", "mentor", "mentor_email", "created"],
}  # fmt: skip


def people(emails: Iterable[str], first_name: str, *, is_mentor: bool = False) -> list[Row]:
    """Return a row of COLUMNS[User] for each address; nobody can sign in as them."""
    return [
        (email, "!", first_name, email.partition("@")[0], is_mentor, False, False, "", True, False, str(LAST_DAY))
        for email in emails
    ]


def hackathons(tickets: int, first_id: int, chance: Random) -> Iterator[Rows]:
    """Yield the rows of one hackathon after another, oldest first, until there are so many tickets."""
    count = math.ceil(tickets / TICKETS_EACH)
    for number in range(count):
        weeks = (count - 1) // EVENTS_A_WEEKEND - number // EVENTS_A_WEEKEND
        ids = range(first_id + number * TICKETS_EACH, first_id + min((number + 1) * TICKETS_EACH, tickets))
        yield hackathon(LAST_DAY - timedelta(weeks=weeks), ids, chance)


def hackathon(day: datetime, ids: range, chance: Random) -> Rows:
    """Return the rows of one hackathon, its tickets in the order in which they were opened."""
    hackers = [f"hacker{ids.start}-{number}@example.edu" for number in range(PEOPLE_EACH)]
    rows: Rows = {User: people(hackers, "Hacker"), Ticket: [], TicketEvent: [], Feedback: []}
    fates = chance.choices(list(FATES), list(FATES.values()), k=len(ids))
    mentors = chance.choices(MENTORS, cum_weights=MENTOR_WEIGHTS, k=len(ids))
    lives = zip(ids, owners(hackers, chance), instants(day, chance), fates, mentors, strict=False)
    for ticket, owner, created, fate, mentor in lives:
        add_ticket(rows, ticket, owner, created, fate, mentor, chance)
    return rows


def instants(day: datetime, chance: Random) -> list[datetime]:
    """Return when the tickets of a hackathon are opened, in order."""
    hours = chance.choices(HOURS, cum_weights=HOUR_WEIGHTS, k=TICKETS_EACH)
    return sorted(day + timedelta(hours=hour + chance.random()) for hour in hours)


def owners(hackers: list[str], chance: Random) -> list[str]:
    """Return who opens each ticket of a hackathon: everybody one, some many, nobody more than MOST_EACH."""
    eagerness = [chance.expovariate(1) ** 2 for _ in hackers]
    left = dict.fromkeys(hackers, MOST_EACH - 1)
    more = (hacker for hacker in iter(lambda: chance.choices(hackers, eagerness)[0], None) if left[hacker])
    chosen = list(hackers)
    for hacker in islice(more, TICKETS_EACH - len(hackers)):
        left[hacker] -= 1
        chosen.append(hacker)
    chance.shuffle(chosen)
    return chosen


def time_until_claim(chance: Random) -> timedelta:
    """Return how long a ticket waits for its mentor: MINUTES by SHARES, interpolated in the logarithm."""
    share = chance.random()
    place = bisect.bisect(SHARES, share)
    part = (share - SHARES[place - 1]) / (SHARES[place] - SHARES[place - 1])
    shortest, longest = MINUTES[place - 1], MINUTES[place]
    return timedelta(minutes=shortest * (longest / shortest) ** part)


def add_ticket(rows: Rows, ticket: int, owner: str, created: datetime, fate: str, mentor: str, chance: Random) -> None:
    """Add a ticket that meets this `fate` to the rows, with its history and, often, its feedback."""
    wait = time_until_claim(chance)
    opened, left = str(created), str(created + wait)
    history: list[Row] = [(ticket, opened, owner, "", "OPEN", "", False)]
    person, claimed, closed, to_claim, to_close = "", None, None, None, None
    if fate == "CANCELLED":
        history.append((ticket, left, owner, "OPEN", "CANCELLED", "", False))
    if fate == "CLOSED":
        person, claimed, to_claim = mentor, left, waiting_time(created, created + wait)
        served = wait + MEDIAN_HELP * math.exp(chance.gauss(0, 0.9))
        closed, to_close = str(created + served), waiting_time(created, created + served)
        history.append((ticket, claimed, mentor, "OPEN", "CLAIMED", mentor, False))
        history.append((ticket, closed, mentor, "CLAIMED", "CLOSED", mentor, False))
        if chance.random() < RATED:
            rows[Feedback].append((ticket, chance.choice(RATINGS), "", name(mentor), mentor, closed))
    rows[TicketEvent] += history
    rows[Ticket].append(
        (
            ticket, owner, name(owner), f"Trouble number {ticket}", "It worked yesterday", "Slack", f"Table {ticket % 80}",
            fate, name(person), person, chance.random() < 0.95, opened, opened, claimed, closed, history[-1][1], to_claim,
            to_close, False, len(history),
        )
    )  # fmt: skip


def name(email: str) -> str:
    """Return the name shown for one of these addresses."""
    return email.partition("@")[0]
