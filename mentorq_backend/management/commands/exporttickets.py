"""`manage.py exporttickets [FILE]`: exports tickets as CSV or JSON lines."""

import os
import sys
from argparse import ArgumentParser
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.utils.datastructures import MultiValueDict

from mentorq.db.commands import DatabaseCommand
from mentorq_backend.exchange.exports import FORMATS, HEADER_LINES, format_of, lines, reported, save, write
from mentorq_backend.filters import TicketFilter
from mentorq_backend.models import Ticket
from mentorq_backend.moves import Status
from mentorq_backend.querysets import TicketQuerySet

STANDARD_OUTPUT = "-"
# The options that are filters, and the remedy to add to the error of the filter.
REMEDIES = {
    "created_after": "",
    "created_before": "",
    "status": f" Give one or more of {','.join(Status.values)}, with commas between them.",
}


class Command(DatabaseCommand):
    """Writes the filtered tickets, oldest first, and their number to standard error."""

    help = "Write tickets as CSV or JSON lines, oldest first, to a file or standard output."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", nargs="?", default=STANDARD_OUTPUT, metavar="FILE", help="By default standard output.")
        parser.add_argument("--format", choices=list(FORMATS), help="By default jsonl for FILE.jsonl, else csv.")
        parser.add_argument("--history", action="store_true", help="Add a column with the history of each ticket.")
        parser.add_argument("--feedback", action="store_true", help="Add the columns of the feedback.")
        parser.add_argument("--created-after", metavar="ISO", help="Inclusive; in UTC unless it says otherwise.")
        parser.add_argument("--created-before", metavar="ISO", help="Exclusive; in UTC unless it says otherwise.")
        parser.add_argument("--status", metavar="OPEN,CLOSED", help=REMEDIES["status"].strip())

    def handle(self, *args: Any, file: str, history: bool, feedback: bool, **options: Any) -> None:
        format_ = options["format"] or format_of(file)
        try:
            written = lines(asked_for(options), format_, history=history, feedback=feedback)
            count = self._print(written) if file == STANDARD_OUTPUT else self._save(written, Path(file))
        except OSError as error:
            raise CommandError(f"Cannot write to {file}: {error.strerror or error}. Name another FILE.") from error
        self.say(f"Tickets written: {count - HEADER_LINES[format_]}")

    def _save(self, written: Iterator[str], path: Path) -> int:
        return save(reported(written, lambda count: self.say(f"Lines written: {count}")), path)

    def _print(self, written: Iterator[str]) -> int:
        """Write the lines to standard output and return their number. Exits if the reader has closed the pipe."""
        if hasattr(self.stdout, "reconfigure"):
            self.stdout.reconfigure(encoding="utf-8", newline="")  # on every system, in every locale
        try:
            count = write(written, self.stdout.write)
            self.stdout.flush()
        except BrokenPipeError:
            # As in Python's documentation: otherwise its final flush raises an error.
            os.dup2(os.open(os.devnull, os.O_WRONLY), self.stdout.fileno())
            sys.exit(1)
        return count


def asked_for(options: Mapping[str, Any]) -> TicketQuerySet:
    query = MultiValueDict({name: [options[name]] for name in REMEDIES if options[name]})
    asked = TicketFilter(query, Ticket.objects.all())
    if not asked.is_valid():
        raise CommandError("\n".join(_complaint(name, errors) for name, errors in asked.errors.items()))
    tickets: TicketQuerySet = asked.qs
    return tickets


def _complaint(name: str, errors: list[str]) -> str:
    return f"--{name.replace('_', '-')}: {' '.join(errors)}{REMEDIES[name]}"
