"""`manage.py demo`: a queue with demo people and tickets."""

import random
from argparse import ArgumentParser
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.db import transaction
from django.utils import timezone

from mentorq.db.commands import DatabaseCommand
from mentorq_backend.management.seeding import Person, add_ticket, count_ahead, next_ticket_id, no_rows, write
from mentorq_backend.models import Event, Ticket
from mentorq_backend.moves import Status
from mentorq_users.lcs.client import LCSProfile
from mentorq_users.lcs.standin import PASSWORD, PEOPLE
from mentorq_users.models import User

PAGE = """
MentorQ at {url}
  the API, to read and try   {url}/api/docs/
  the organizers' desk       {url}/admin/     olga@example.edu, password {password}
  the board, for a screen    {url}/board/
  demo people                ada@ (hacker), mia@ (mentor), olga@ (organizer), dora@example.edu (director and mentor)
                             everybody's password is {password}

Try it in another terminal: sign in at LCS, sign in here with the token that it gave, read the queue.
  value() {{ python3 -c "import json, sys; print(json.load(sys.stdin)$1)"; }}
  TOKEN=$(curl -fsS {lcs}/authorize \\
    -d '{{"email": "mia@example.edu", "password": "{password}"}}' | value '["body"]["token"]')
  ACCESS=$(curl -fsS {url}/api/auth/token/ -H 'Content-Type: application/json' \\
    -d '{{"email": "mia@example.edu", "lcs_token": "'$TOKEN'"}}' | value '["access"]')
  curl -fsS {url}/api/tickets/ -H "Authorization: Bearer $ACCESS"
"""


class Command(DatabaseCommand):
    """Fills an empty queue and prints where to look. It changes nothing if there are tickets."""

    help = "Fill an empty queue with demo people and tickets, and print where to look. Not for production."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("port", nargs="?", type=int, default=8000, help="The port of MentorQ, for the printed URLs.")

    def handle(self, *args: Any, port: int, **options: Any) -> None:
        if not settings.DEBUG:
            raise CommandError("This would fill the database with invented tickets, but DEBUG is off: unset SECRET_KEY.")
        if not Ticket.objects.exists():
            fill(random.Random(2015))  # noqa: S311 - not for secrets; the same tickets each time
        self.stdout.write(PAGE.format(url=f"http://127.0.0.1:{port}", password=PASSWORD, lcs=settings.LCS_BASE_URL))


@transaction.atomic
def fill(chance: random.Random, count: int = 120) -> None:
    """Make the demo people, and tickets of theirs from the last 24 hours. The latest six still wait for help."""
    people = [User.objects.from_lcs(LCSProfile.from_body(person)) for person in PEOPLE]
    hackers = [Person(person.email, person.name) for person in people if not (person.is_mentor or person.is_staff)]
    mentors = [Person(person.email, person.name) for person in people if person.is_mentor]
    fates = chance.choices([Status.CLOSED, Status.CANCELLED], [5, 1], k=count - 6) + [Status.OPEN, Status.CLAIMED] * 3
    ages = sorted((chance.triangular(5, 24 * 60, 240) for _ in fates), reverse=True)
    rows, first_id, now = no_rows(), next_ticket_id(), datetime.now(UTC).replace(tzinfo=None)
    for ticket, (age, fate) in enumerate(zip(ages, fates, strict=True), first_id):
        created = now - timedelta(minutes=age)
        add_ticket(rows, chance, ticket, created, fate, chance.choice(hackers), chance.choice(mentors), now)
    count_ahead(rows[Ticket])
    write([rows])
    opens = timezone.now() - timedelta(hours=25)
    Event.objects.create(name="Demo hackathon", opens=opens, closes=opens + timedelta(hours=36), message="Pizza at 7")
