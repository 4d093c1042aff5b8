"""`manage.py seed --tickets N --seed S`: as many tickets as wanted, to measure on; the same ones for the same seed."""

import random
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.db import models, transaction

from mentorq.db.bulk import load, reset_sequences
from mentorq.db.commands import DatabaseCommand
from mentorq_backend.live.revisions import count_change
from mentorq_backend.management.seeding import COLUMNS, MENTORS, hackathons, people
from mentorq_backend.models import Feedback, Ticket, TicketEvent
from mentorq_users.models import User


class Command(DatabaseCommand):
    """Adds the tickets, with people, history and feedback."""

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
    """Add so many tickets after those that are there, a hackathon at a time, so that memory stays flat."""
    first_id = (Ticket.objects.aggregate(models.Max("id"))["id__max"] or 0) + 1
    known = set(User.objects.filter(email__in=MENTORS).values_list("email", flat=True))
    load(User, COLUMNS[User], [row for row in people(MENTORS, "Mentor", is_mentor=True) if row[0] not in known])
    for rows in hackathons(tickets, first_id, random.Random(seed)):  # noqa: S311 - not for secrets
        for model in (User, Ticket, TicketEvent, Feedback):
            load(model, COLUMNS[model], rows[model])
    reset_sequences(User, Ticket, TicketEvent)
    count_change()
