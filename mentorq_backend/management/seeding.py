"""Invents tickets for `demo` and `seed`, like those of HackMIT's queue of 2015: docs/performance.md has its figures."""

import bisect
import math
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import accumulate, islice
from random import Random
from typing import Any, NamedTuple

from django.db import models

from mentorq.db.bulk import load, reset_sequences
from mentorq_backend.feedback.models import RATINGS
from mentorq_backend.live.revisions import count_change
from mentorq_backend.models import Feedback, Ticket, TicketEvent
from mentorq_backend.moves import Status, waiting_time
from mentorq_backend.waits.positions import PastQueue
from mentorq_users.models import User

Row = dict[str, Any]
Rows = dict[type[models.Model], list[Row]]


class Person(NamedTuple):
    """Somebody who owns tickets or helps with them."""

    email: str
    name: str

    @classmethod
    def called(cls, name: str) -> "Person":
        return cls(f"{name}@example.edu", name)


TICKETS_EACH, PEOPLE_EACH, MOST_EACH = 502, 197, 13
FATES = {Status.CLOSED: 76, Status.CANCELLED: 15, Status.OPEN: 9}  # in per cent
# The share of tickets that were claimed within so many minutes. Both ends and the first quarter are our guess.
SHARES, MINUTES = [0.0, 0.25, 0.5, 0.75, 0.9, 0.99, 1.0], [0.2, 1.0, 2.7, 9.6, 20.9, 80.0, 150.0]
MENTORS = [Person.called(f"mentor{number}") for number in range(1, 64)]
MENTOR_WEIGHTS = list(accumulate([0.21] + [0.79 / 62] * 62))  # one took 21 % of all claims
MEDIAN_HELP = timedelta(minutes=10)
FEEDBACK_SHARE = 0.6
# From noon to midnight of the next day: busiest at eleven at night, quietest toward noon.
HOURS = range(12, 48)
HOUR_WEIGHTS = list(accumulate(1.05 + math.cos((hour - 23) / 24 * math.tau) for hour in HOURS))
# Each weekend has ten hackathons, as in the season of a student league. The last weekend is this one.
EVENTS_A_WEEKEND, LAST_DAY = 10, datetime(2026, 2, 14)
TROUBLES = [
    "My build loops for ever", "CORS error when calling our API", "Git says we have diverged", "Which sensor do I need?",
    "React renders twice", "The model does not learn", "Flask returns 500 only on my laptop", "How do I deploy this?",
    "Our database forgets everything", "The LED matrix stays dark",
]  # fmt: skip
Step = tuple[datetime, Person, Status]  # when, who, and the new status


def write(batches: Iterable[Rows]) -> None:
    """Write the rows of each batch, so that memory stays flat. The caller opens the transaction."""
    for rows in batches:
        for model in (User, Ticket, TicketEvent, Feedback):
            if rows[model]:
                load(model, list(rows[model][0]), (list(row.values()) for row in rows[model]))
    reset_sequences(User, Ticket, TicketEvent)
    count_change()


def next_ticket_id() -> int:
    return (Ticket.objects.aggregate(models.Max("id"))["id__max"] or 0) + 1


def no_rows() -> Rows:
    return {User: [], Ticket: [], TicketEvent: [], Feedback: []}


def account(person: Person, *, is_mentor: bool = False) -> Row:
    """Return the row of an account with which nobody can sign in."""
    return {
        "email": person.email, "password": "!", "first_name": "Mentor" if is_mentor else "Hacker", "last_name": person.name,
        "is_mentor": is_mentor, "encrypted_lcs_token": "", "date_joined": str(LAST_DAY),
    }  # fmt: skip


def hackathons(tickets: int, first_id: int, chance: Random) -> Iterator[Rows]:
    count = math.ceil(tickets / TICKETS_EACH)
    for index in range(count):
        weeks = (count - 1) // EVENTS_A_WEEKEND - index // EVENTS_A_WEEKEND
        ids = range(first_id + index * TICKETS_EACH, first_id + min((index + 1) * TICKETS_EACH, tickets))
        yield hackathon(LAST_DAY - timedelta(weeks=weeks), ids, chance)


def hackathon(day: datetime, ids: range, chance: Random) -> Rows:
    hackers = [Person.called(f"hacker{ids.start}-{index}") for index in range(PEOPLE_EACH)]
    rows = no_rows()
    rows[User] += map(account, hackers)
    fates = chance.choices(list(FATES), list(FATES.values()), k=len(ids))
    mentors = chance.choices(MENTORS, cum_weights=MENTOR_WEIGHTS, k=len(ids))
    for ticket in zip(ids, creations(day, chance), fates, owners(hackers, chance), mentors, strict=False):
        add_ticket(rows, chance, *ticket)
    count_ahead(rows[Ticket])
    return rows


def count_ahead(tickets: list[Row]) -> None:
    """Set how many of these tickets were open when each entered the queue."""
    stays = [[text and datetime.fromisoformat(text) for text in (row["queued"], row["left_queue"])] for row in tickets]
    queue = PastQueue((entry, left) for entry, left in stays)
    for row, (entry, _) in zip(tickets, stays, strict=True):
        row["ahead"] = queue.open_before(entry)


def creations(day: datetime, chance: Random) -> list[datetime]:
    hours = chance.choices(HOURS, cum_weights=HOUR_WEIGHTS, k=TICKETS_EACH)
    return sorted(day + timedelta(hours=hour + chance.random()) for hour in hours)


def owners(hackers: list[Person], chance: Random) -> list[Person]:
    """Return the owner of each ticket of a hackathon: everybody has one, some many, nobody more than MOST_EACH."""
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
    """Return how long a ticket waits for its mentor: MINUTES by SHARES, with logarithmic interpolation."""
    share = chance.random()
    upper = bisect.bisect(SHARES, share)
    part = (share - SHARES[upper - 1]) / (SHARES[upper] - SHARES[upper - 1])
    shortest, longest = MINUTES[upper - 1], MINUTES[upper]
    return timedelta(minutes=shortest * (longest / shortest) ** part)


def add_ticket(
    rows: Rows, chance: Random, ticket: int, created: datetime, fate: Status, owner: Person, mentor: Person,
    now: datetime = datetime.max,
) -> None:  # fmt: skip
    """Add a ticket that ends as `fate`, with its history and, often, its feedback. Instants are naive, in UTC.

    Nothing happens to it after `now`.
    """
    wait = time_until_claim(chance)
    left = min(created + wait, now)
    closed = min(created + wait + MEDIAN_HELP * math.exp(chance.gauss(0, 0.9)), now)
    history: dict[Status, list[Step]] = {
        Status.OPEN: [],
        Status.CLAIMED: [(left, mentor, Status.CLAIMED)],
        Status.CLOSED: [(left, mentor, Status.CLAIMED), (closed, mentor, Status.CLOSED)],
        Status.CANCELLED: [(left, owner, Status.CANCELLED)],
    }
    moves = [(created, owner, Status.OPEN), *history[fate]]
    rows[Ticket].append(ticket_row(chance, ticket, owner, mentor, moves))
    rows[TicketEvent] += event_rows(ticket, mentor, moves)
    if fate == Status.CLOSED and chance.random() < FEEDBACK_SHARE:
        rows[Feedback].append(feedback_row(ticket, chance.choice(RATINGS), mentor, closed))


def ticket_row(chance: Random, ticket: int, owner: Person, mentor: Person, moves: list[Step]) -> Row:
    at = {status: instant for instant, _, status in moves}
    created, claimed, closed = at[Status.OPEN], at.get(Status.CLAIMED), at.get(Status.CLOSED)
    return {
        "id": ticket, "owner_email": owner.email, "owner": owner.name, "title": chance.choice(TROUBLES),
        "comment": "It worked yesterday", "contact": "Slack", "location": f"Table {ticket % 80}",
        "status": moves[-1][2].value, "mentor": mentor.name if claimed else "",
        "mentor_email": mentor.email if claimed else "", "active": chance.random() < 0.95,
        "created": str(created), "queued": str(created), "claimed_datetime": str(claimed) if claimed else None,
        "closed_datetime": str(closed) if closed else None, "moved": str(moves[-1][0]), "ahead": 0,
        "left_queue": str(moves[1][0]) if moves[1:] else None,
        "time_to_claim": waiting_time(created, claimed) if claimed else None,
        "time_to_close": waiting_time(created, closed) if closed else None, "version": len(moves),
    }  # fmt: skip


def event_rows(ticket: int, mentor: Person, moves: list[Step]) -> list[Row]:
    from_statuses = ["", *(status.value for _, _, status in moves)]
    return [
        {
            "ticket_id": ticket, "at": str(at), "by": by.email, "from_status": from_status, "to_status": to_status.value,
            "mentor_email": mentor.email if to_status in (Status.CLAIMED, Status.CLOSED) else "", "counts": False,
        }
        for from_status, (at, by, to_status) in zip(from_statuses, moves, strict=False)
    ]  # fmt: skip


def feedback_row(ticket: int, rating: float, mentor: Person, created: datetime) -> Row:
    return {
        "ticket_id": ticket, "rating": rating, "comments": "", "mentor": mentor.name, "mentor_email": mentor.email,
        "created": str(created),
    }  # fmt: skip
