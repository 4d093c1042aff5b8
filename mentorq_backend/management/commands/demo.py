"""`manage.py demo`: a queue with people in it, to look at."""

import random
from argparse import ArgumentParser
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.db import transaction
from django.utils import timezone

from mentorq.db.commands import DatabaseCommand
from mentorq_backend.models import RATINGS, Feedback, Ticket, TicketEvent
from mentorq_backend.moves import Status, waiting_time
from mentorq_users.lcs.client import LCSProfile
from mentorq_users.lcs.standin import PASSWORD, PEOPLE
from mentorq_users.models import User

Step = tuple[datetime, User, Status]

TROUBLES = [
    "My build loops for ever",
    "CORS error when calling our API",
    "Git says we have diverged",
    "Which sensor do I need?",
    "React renders twice",
    "The model does not learn",
    "Flask returns 500 only on my laptop",
    "How do I deploy this?",
    "Our database forgets everything",
    "The LED matrix stays dark",
]
PAGE = """
MentorQ at {url}
  the API, to read and try   {url}/api/docs/
  the organizers' desk       {url}/admin/     olga@example.edu, password {password}
  demo people                ada@ (hacker), mia@ (mentor), olga@ (organizer), dora@example.edu (director and mentor)
                             everybody's password is {password}

Try it in another terminal: sign in at LCS, sign in here with the token that it gave, read the queue.
  json() {{ python3 -c "import json, sys; print(json.load(sys.stdin)$1)"; }}
  TOKEN=$(curl -fsS {lcs}/authorize \\
    -d '{{"email": "mia@example.edu", "password": "{password}"}}' | json '["body"]["token"]')
  ACCESS=$(curl -fsS {url}/api/auth/token/ -H 'Content-Type: application/json' \\
    -d '{{"email": "mia@example.edu", "lcs_token": "'$TOKEN'"}}' | json '["access"]')
  curl -fsS {url}/api/tickets/ -H "Authorization: Bearer $ACCESS"
"""


class Command(DatabaseCommand):
    """Fills an empty queue and prints where to look. A queue that has tickets already is left alone."""

    help = "Fill an empty queue with demo people and tickets, and print where to look. Not for production."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("port", nargs="?", type=int, default=8000, help="Where MentorQ is served, to print.")

    def handle(self, *args: Any, port: int, **options: Any) -> None:
        if not settings.DEBUG:
            raise CommandError(
                "This fills the database with invented tickets; DEBUG is off here, so it does not: unset SECRET_KEY."
            )
        if not Ticket.objects.exists():
            fill(random.Random(2015), timezone.now())  # noqa: S311 - invented data, the same each time
        self.stdout.write(PAGE.format(url=f"http://127.0.0.1:{port}", password=PASSWORD, lcs=settings.LCS_BASE_URL))


@transaction.atomic
def fill(chance: random.Random, now: datetime, count: int = 120) -> None:
    """Make the demo people, and tickets of theirs over the last 24 hours: the latest still wait, the others are done."""
    people = [User.objects.from_lcs(LCSProfile.from_body(person)) for person in PEOPLE]
    hackers = [person for person in people if not (person.is_mentor or person.is_staff)]
    mentors = [person for person in people if person.is_mentor]
    ages = sorted((chance.triangular(5, 24 * 60, 240) for _ in range(count)), reverse=True)
    for number, minutes_ago in enumerate(ages):
        fate = chance.choices([Status.CLOSED, Status.CANCELLED], [5, 1])[0]
        if number >= count - 6:
            fate = (Status.OPEN, Status.CLAIMED)[number % 2]
        owner, mentor = chance.choice(hackers), chance.choice(mentors)
        add_ticket(chance, owner, mentor, life(chance, now - timedelta(minutes=minutes_ago), owner, mentor, fate))


def life(chance: random.Random, created: datetime, owner: User, mentor: User, fate: Status) -> list[Step]:
    """Return what happens to a ticket that meets this fate: when, by whom, to which status; its creation first."""
    left = created + timedelta(minutes=chance.lognormvariate(1.0, 0.9))
    closed = left + timedelta(minutes=1 + 20 * chance.random())
    steps: dict[Status, list[Step]] = {
        Status.OPEN: [],
        Status.CLAIMED: [(left, mentor, Status.CLAIMED)],
        Status.CLOSED: [(left, mentor, Status.CLAIMED), (closed, mentor, Status.CLOSED)],
        Status.CANCELLED: [(left, owner, Status.CANCELLED)],
    }
    return [(created, owner, Status.OPEN), *steps[fate]]


def add_ticket(chance: random.Random, owner: User, mentor: User, steps: list[Step]) -> None:
    """Make the ticket to which that happened, with its history and, often, its feedback."""
    at = {status: instant for instant, _, status in steps}
    created, claimed, closed = at[Status.OPEN], at.get(Status.CLAIMED), at.get(Status.CLOSED)
    ticket = Ticket(
        owner_email=owner.email,
        owner=owner.name,
        title=chance.choice(TROUBLES),
        contact="Slack",
        location=f"Table {chance.randint(1, 60)}",
        status=steps[-1][2],
        mentor=mentor.name if claimed else "",
        mentor_email=mentor.email if claimed else "",
        created=created,
        claimed_datetime=claimed,
        closed_datetime=closed,
        time_to_claim=waiting_time(created, claimed) if claimed else None,
        time_to_close=waiting_time(created, closed) if closed else None,
    )
    ticket.save()
    if closed and chance.random() < 0.6:
        Feedback.objects.give(ticket, rating=chance.choice(RATINGS[5:]))
        Feedback.objects.filter(pk=ticket.pk).update(created=closed)
    add_history(ticket, steps)


def add_history(ticket: Ticket, steps: list[Step]) -> None:
    """Write the ticket's history."""
    before = ["", *(status for _, _, status in steps)]
    TicketEvent.objects.bulk_create(
        TicketEvent(
            ticket=ticket,
            at=at,
            by=by.email,
            from_status=from_status,
            to_status=status,
            mentor_email=ticket.mentor_email if status in (Status.CLAIMED, Status.CLOSED) else "",
            counts=False,  # nobody did it
        )
        for from_status, (at, by, status) in zip(before, steps, strict=False)
    )
