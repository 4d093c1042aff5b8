"""`manage.py seed --tickets N --seed S`: as many tickets as wanted, to measure on.

Their shape is that of HackMIT's queue of 2015, one event of 502 tickets a week; docs/performance.md has its figures.
"""

import bisect
import math
import random
from argparse import ArgumentParser
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import models, transaction

from mentorq_backend.bulk import load, reset_sequences
from mentorq_backend.models import MICROSECOND, RATINGS, Feedback, Ticket, TicketEvent
from mentorq_backend.moves import Status
from mentorq_backend.revisions import raise_revision
from mentorq_users.models import User

EVENT_TICKETS, EVENT_PEOPLE, MOST_EACH = 502, 197, 13
FATES, FATE_WEIGHTS = (Status.CLOSED, Status.CANCELLED, Status.OPEN), (76, 15, 9)
# Cumulative: the share of tickets that were claimed within so many minutes.
CLAIMED_WITHIN = [(0.0, 0.2), (0.25, 1.0), (0.5, 2.7), (0.75, 9.6), (0.9, 20.9), (0.99, 80.0), (1.0, 160.0)]
MENTORS, BUSIEST_SHARE = 63, 0.21
MEDIAN_MINUTES_OF_HELP = 10
# From noon to midnight of the next day; busiest at eleven at night, quietest toward noon.
HOURS = range(12, 48)
HOUR_WEIGHTS = [1.05 + math.cos((hour - 23) / 24 * math.tau) for hour in HOURS]
LAST_DAY = datetime(2026, 2, 14, tzinfo=UTC)
BATCH = 20_000


class Mentor(NamedTuple):
    """Who claims tickets."""

    email: str
    name: str


MENTOR_LIST = [Mentor(f"mentor{number}@example.edu", f"Mentor {number}") for number in range(1, MENTORS + 1)]
MENTOR_WEIGHTS = [BUSIEST_SHARE] + [(1 - BUSIEST_SHARE) / (MENTORS - 1)] * (MENTORS - 1)

COLUMNS: dict[type[models.Model], list[str]] = {
    User: [
        "email", "password", "first_name", "last_name", "is_mentor", "is_organizer", "is_director", "encrypted_lcs_token",
        "is_active", "is_superuser", "date_joined",
    ],
    Ticket: [
        "id", "owner_email", "owner", "title", "comment", "contact", "location", "status", "mentor", "mentor_email",
        "active", "created", "claimed_datetime", "closed_datetime", "time_to_claim", "time_to_close", "version",
    ],
    TicketEvent: ["ticket_id", "at", "by", "from_status", "to_status", "mentor_email"],
    Feedback: ["ticket_id", "rating", "comments", "mentor", "mentor_email", "created"],
}  # fmt: skip


class Command(BaseCommand):
    """Adds the tickets, with people, history and feedback; the same ones for the same seed."""

    help = "Add many believable tickets, to measure on. Not for production."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--tickets", type=int, default=1000)
        parser.add_argument("--seed", type=int, default=1)

    def handle(self, *args: Any, tickets: int, seed: int, **options: Any) -> None:
        if not settings.DEBUG:
            raise CommandError("This adds invented tickets; DEBUG is off here, so it does not: unset SECRET_KEY.")
        sow(tickets, seed)
        self.stdout.write(f"{tickets} tickets added.")


@transaction.atomic
def sow(tickets: int, seed: int) -> None:
    """Add so many tickets after those that are there, in batches."""
    first_id = (Ticket.objects.aggregate(models.Max("id"))["id__max"] or 0) + 1
    User.objects.bulk_create(
        [User(email=mentor.email, first_name=mentor.name, is_mentor=True, password="!") for mentor in MENTOR_LIST],  # noqa: S106
        ignore_conflicts=True,
    )
    rows: dict[type[models.Model], list[Any]] = {model: [] for model in COLUMNS}
    for model, row in lives(tickets, random.Random(seed), first_id):  # noqa: S311 - not for secrets
        rows[model].append(row)
        if len(rows[model]) == BATCH:
            flush(rows)
    flush(rows)
    reset_sequences(User, Ticket, TicketEvent)
    raise_revision()


def flush(rows: dict[type[models.Model], list[Any]]) -> None:
    """Write what has gathered, tickets before what belongs to them."""
    for model, columns in COLUMNS.items():
        load(model, columns, rows[model])
        rows[model].clear()


def lives(count: int, chance: random.Random, first_id: int) -> Iterator[tuple[type[models.Model], tuple[Any, ...]]]:
    """Yield the rows of whole events, oldest first; ids go up with time."""
    ids = iter(range(first_id, first_id + count))
    events = math.ceil(count / EVENT_TICKETS)
    for number in range(events):
        day = LAST_DAY - timedelta(weeks=events - 1 - number)
        people = [f"hacker{first_id}-{number}-{person}@example.edu" for person in range(EVENT_PEOPLE)]
        for email in people:
            yield User, (email, "!", "Hacker", email.partition("@")[0], False, False, False, "", True, False, day)
        for created, owner in zip(instants(day, chance), owners(people, chance), strict=False):
            ticket = next(ids, None)
            if ticket is None:
                return
            yield from life(ticket, owner, created, chance)


def instants(day: datetime, chance: random.Random) -> list[datetime]:
    """Return when the tickets of an event are opened, in order."""
    hours = chance.choices(HOURS, HOUR_WEIGHTS, k=EVENT_TICKETS)
    return sorted(day + timedelta(hours=hour + chance.random()) for hour in hours)


def owners(people: list[str], chance: random.Random) -> list[str]:
    """Return who opens each ticket of an event: everybody one, some many, nobody more than MOST_EACH."""
    eagerness = [chance.expovariate(1) ** 2 for _ in people]
    more = chance.choices(range(len(people)), eagerness, k=4 * EVENT_TICKETS)
    chosen, counts = list(people), [1] * len(people)
    for person in more:
        if counts[person] < MOST_EACH and len(chosen) < EVENT_TICKETS:
            counts[person] += 1
            chosen.append(people[person])
    chance.shuffle(chosen)
    return chosen


def minutes_to_claim(chance: random.Random) -> float:
    """Return a wait of the distribution above, interpolated between its figures in the logarithm."""
    share = chance.random()
    place = bisect.bisect([entry[0] for entry in CLAIMED_WITHIN], share)
    (low, shortest), (high, longest) = CLAIMED_WITHIN[place - 1], CLAIMED_WITHIN[place]
    return math.exp(math.log(shortest) + (math.log(longest) - math.log(shortest)) * (share - low) / (high - low))


def life(
    ticket: int, owner: str, created: datetime, chance: random.Random
) -> Iterator[tuple[type[models.Model], tuple[Any, ...]]]:
    """Yield one ticket with its history and, often, its feedback."""
    fate = chance.choices(FATES, FATE_WEIGHTS)[0]
    mentor = chance.choices(MENTOR_LIST, MENTOR_WEIGHTS)[0] if fate == Status.CLOSED else Mentor("", "")
    wait = timedelta(minutes=minutes_to_claim(chance))
    claimed = created + wait
    closed = claimed + timedelta(minutes=MEDIAN_MINUTES_OF_HELP * math.exp(chance.gauss(0, 0.9)))
    history = [(created, owner, "", Status.OPEN.value, "")]
    if fate == Status.CLOSED:
        history.append((claimed, mentor.email, Status.OPEN.value, Status.CLAIMED.value, mentor.email))
        history.append((closed, mentor.email, Status.CLAIMED.value, Status.CLOSED.value, mentor.email))
    elif fate == Status.CANCELLED:
        history.append((claimed, owner, Status.OPEN.value, Status.CANCELLED.value, ""))
    done = fate == Status.CLOSED
    yield (
        Ticket,
        (
            ticket, owner, "Hacker", f"Trouble number {ticket}", "It worked yesterday", "Slack", f"Table {ticket % 80}",
            fate.value, mentor.name, mentor.email, chance.random() < 0.95, created, claimed if done else None,
            closed if done else None, wait // MICROSECOND if done else None,
            (closed - created) // MICROSECOND if done else None, len(history),
        ),
    )  # fmt: skip
    for at, by, before, after, mentor_email in history:
        yield TicketEvent, (ticket, at, by, before, after, mentor_email)
    if done and chance.random() < 0.6:
        rating = chance.choices(RATINGS, range(1, 11))[0]
        yield Feedback, (ticket, rating, "", mentor.name, mentor.email, closed)
