"""`manage.py seed --tickets N --seed S`: N tickets to measure on, the same ones for the same seed."""

import random
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.db import transaction

from mentorq.db.commands import DatabaseCommand
from mentorq_backend.management.seeding import MENTORS, account, hackathons, next_ticket_id, no_rows, write
from mentorq_users.models import User


class Command(DatabaseCommand):
    """Adds the tickets, with people, history and feedback."""

    help = "Add many realistic tickets to measure on. Not for production."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--tickets", type=int, default=1000)
        parser.add_argument("--seed", type=int, default=1)

    def handle(self, *args: Any, tickets: int, seed: int, **options: Any) -> None:
        if not settings.DEBUG:
            raise CommandError("This would add invented tickets, but DEBUG is off: unset SECRET_KEY.")
        seed_tickets(tickets, seed)
        self.stdout.write(f"{tickets} tickets added.")


@transaction.atomic
def seed_tickets(tickets: int, seed: int) -> None:
    known = set(User.objects.filter(is_mentor=True).values_list("email", flat=True))
    rows, chance = no_rows(), random.Random(seed)  # noqa: S311 - not for secrets
    rows[User] += [account(mentor, is_mentor=True) for mentor in MENTORS if mentor.email not in known]
    write([rows])
    write(hackathons(tickets, next_ticket_id(), chance))
