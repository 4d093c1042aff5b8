"""`manage.py exporttickets [FILE]`: the tickets as CSV or JSON lines, however many there are."""

import os
import sys
from argparse import ArgumentParser
from collections.abc import Iterator, Mapping
from contextlib import closing
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
# The filters there are options for, and what to write there where the filter does not say.
REMEDIES = {
    "created_after": "",
    "created_before": "",
    "status": f" Give one or more of {','.join(Status.values)}, with commas between them.",
}


class Command(DatabaseCommand):
    """Writes the tickets that the options ask for, oldest first; says on standard error how many they were."""

    help = "Write tickets as CSV or JSON lines, oldest first, to a file or standard output."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", nargs="?", default=STANDARD_OUTPUT, metavar="FILE", help="By default standard output.")
        parser.add_argument("--format", choices=list(FORMATS), help="By default jsonl for FILE.jsonl, else csv.")
        parser.add_argument("--history", action="store_true", help="With a column of what happened to each ticket.")
        parser.add_argument("--feedback", action="store_true", help="With columns of what its owner said of the help.")
        parser.add_argument("--created-after", metavar="ISO", help="Inclusive; in UTC unless it says otherwise.")
        parser.add_argument("--created-before", metavar="ISO", help="Exclusive; in UTC unless it says otherwise.")
        parser.add_argument("--status", metavar="OPEN,CLOSED", help=REMEDIES["status"].strip())

    def handle(self, *args: Any, file: str, history: bool, feedback: bool, **options: Any) -> None:
        format_ = options["format"] or format_of(file)
        try:
            # Closed before Django closes the connection, or the cursor would complain.
            with closing(lines(asked_for(options), format_, history=history, feedback=feedback)) as written:
                count = self._print(written) if file == STANDARD_OUTPUT else self._save(written, Path(file))
        except OSError as error:
            raise CommandError(f"Cannot write to {file}: {error.strerror or error}. Name another FILE.") from error
        self.say(f"Tickets written: {count - HEADER_LINES[format_]}")

    def _save(self, written: Iterator[str], path: Path) -> int:
        """Write the lines to a file, with progress, and return how many there were; raises OSError."""
        return save(reported(written, lambda count: self.say(f"Lines written: {count}")), path)

    def _print(self, written: Iterator[str]) -> int:
        """Write the lines to standard output and return how many there were; ends the program where nobody reads on."""
        if hasattr(self.stdout, "reconfigure"):
            self.stdout.reconfigure(encoding="utf-8", newline="")  # whatever the locale and the system
        try:
            count = write(written, self.stdout.write)
            self.stdout.flush()
        except BrokenPipeError:
            # Python's documentation does so too: its own flush at the end would complain.
            os.dup2(os.open(os.devnull, os.O_WRONLY), self.stdout.fileno())
            sys.exit(1)
        return count


def asked_for(options: Mapping[str, Any]) -> TicketQuerySet:
    """Return the tickets that the options leave, as the API would; raises CommandError where one is wrong."""
    query = MultiValueDict({name: [options[name]] for name in REMEDIES if options[name]})
    asked = TicketFilter(query, Ticket.objects.all())
    if not asked.is_valid():
        raise CommandError("\n".join(_complaint(name, errors) for name, errors in asked.errors.items()))
    tickets: TicketQuerySet = asked.qs
    return tickets


def _complaint(name: str, errors: list[str]) -> str:
    return f"--{name.replace('_', '-')}: {' '.join(errors)}{REMEDIES[name]}"
