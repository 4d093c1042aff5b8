"""`manage.py checkwaits [--event ID|all]`: whether the forecasts of waiting times were kept."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from mentorq.db.commands import DatabaseCommand
from mentorq_backend.events.models import Event
from mentorq_backend.events.schedule import Schedule, current
from mentorq_backend.waits.check import check

ALL = "all"


class Command(DatabaseCommand):
    """Prints how many forecasts there were, and the shares that held."""

    help = "Replay the tickets, forecast each wait from what was known at that time, and print as JSON how many were right."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--event", default="", help=f"The id of an event, or {ALL}; by default the present event.")

    def handle(self, *args: Any, event: str, **options: Any) -> None:
        self.stdout.write(json.dumps(check(chosen(event, current()))))


def chosen(text: str, events: Schedule) -> list[Event | None]:
    """Return the events to check, None for the tickets before the first one; raises CommandError."""
    if text == ALL:
        return [None, *events.events]
    if not text:
        return [events.present(timezone.now())]
    event = events.find(int(text)) if text.isascii() and text.isdecimal() else None
    if event is None:
        known = ", ".join(f"{event.pk} ({event})" for event in events.events) or "none"
        raise CommandError(f"There is no event {text}: give the id of one, or {ALL}. There are: {known}.")
    return [event]
