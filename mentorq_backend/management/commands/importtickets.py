"""`manage.py importtickets FILE`: imports tickets from exporttickets, or from another queue."""

import sys
from argparse import ArgumentParser, ArgumentTypeError
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, BinaryIO
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError
from django.db import OperationalError

from mentorq.db.commands import DatabaseCommand
from mentorq_backend.exchange.exports import FORMATS, format_of
from mentorq_backend.exchange.imports import add_tickets

STANDARD_INPUT = "-"


class Command(DatabaseCommand):
    """Adds the tickets that do not exist yet: all of them, or none if a row is wrong."""

    help = "Add the tickets of a CSV or JSON-lines file, with their original times: all, or none if a row is wrong."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", help=f"{STANDARD_INPUT} is standard input.")
        parser.add_argument("--format", choices=list(FORMATS), help="By default jsonl for FILE.jsonl, else csv.")
        parser.add_argument(
            "--time-zone",
            type=zone_of,
            metavar="ZONE",
            help="The time zone of instants without an offset, such as America/New_York.",
        )

    def handle(self, *args: Any, file: str, time_zone: ZoneInfo | None = None, **options: Any) -> None:
        try:
            with opened(file) as binary:
                added, known = add_tickets(binary, options["format"] or format_of(file), self.say, time_zone)
        except OSError as error:
            raise CommandError(f"Cannot read {file}: {error.strerror or error}. Name another FILE.") from error
        except ValidationError as error:
            raise CommandError("\n".join(error.messages)) from error
        except OperationalError as error:
            reason = str(error).strip()
            raise CommandError(f"Nothing was imported: {reason}. Try again when fewer people use MentorQ.") from error
        self.stdout.write(f"Tickets added: {added}; there already: {known}")


def zone_of(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, ZoneInfoNotFoundError) as error:
        raise ArgumentTypeError(f"there is no time zone {name!r}: give one such as America/New_York") from error


def opened(file: str) -> AbstractContextManager[BinaryIO]:
    """Open the file; `-` is standard input, which stays open. Raises OSError."""
    return nullcontext(sys.stdin.buffer) if file == STANDARD_INPUT else Path(file).open("rb")
