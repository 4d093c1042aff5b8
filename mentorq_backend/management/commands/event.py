"""`manage.py event NAME --opens INSTANT …`: creates or changes an event, as the desk does."""

from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError

from mentorq.api.instants import storable
from mentorq.api.texts import one_line
from mentorq.db.commands import DatabaseCommand, utf8
from mentorq_backend.events.models import Event, alone, in_desk_time

EXAMPLE = "2026-10-17T10:00:00-04:00"
NUMBERS = ("expire_after", "return_claims_after", "cancel_after")


class Command(DatabaseCommand):
    """Names what it changed on standard output."""

    help = 'Create the event of that name, or change what the options name. "" empties a value.'

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", type=utf8)
        example = f"ISO 8601 with an offset, such as {EXAMPLE}. A new event needs it."
        parser.add_argument("--opens", metavar="INSTANT", help=example)
        parser.add_argument("--closes", metavar="INSTANT", help="Without it the event lasts until the next one opens.")
        parser.add_argument("--message", metavar="TEXT", type=utf8, help="To everybody.")
        parser.add_argument("--expire-after", metavar="MINUTES", help="After how long an open ticket is cancelled.")
        parser.add_argument("--return-claims-after", metavar="MINUTES", help="After how long a claim returns to the queue.")
        parser.add_argument("--cancel-after", metavar="MINUTES", help="How long after the closing open tickets end.")
        switch = parser.add_mutually_exclusive_group()
        switch.add_argument("--pause", dest="paused", action="store_const", const=True, help="Close the queue for now.")
        switch.add_argument("--resume", dest="paused", action="store_const", const=False, help="Open it again.")

    def handle(self, *args: Any, name: str, **options: Any) -> None:
        columns = ("opens", "closes", "message", *NUMBERS, "paused")
        given = {column: options[column] for column in columns if options[column] is not None}
        try:
            event, is_new = put(one_line(name), {column: read(column, value) for column, value in given.items()})
        except ValidationError as error:
            raise CommandError(" ".join(complaints(error))) from error
        until = f" to {in_desk_time(event.closes)}" if event.closes else ""
        paused = ", paused" if event.paused else ""
        self.stdout.write(f"{'Created' if is_new else 'Changed'}: {event}, {in_desk_time(event.opens)}{until}{paused}.")


def put(name: str, columns: dict[str, Any]) -> tuple[Event, bool]:
    """Create or change the event of that name; raises ValidationError and changes nothing."""
    with alone():
        event = Event.objects.filter(name=name).first() or Event(name=name)
        is_new = event.pk is None
        if is_new and not columns.get("opens"):
            raise ValidationError({"opens": f"A new event needs an opening, such as {EXAMPLE}."})
        for column, value in columns.items():
            setattr(event, column, value)
        event.full_clean()
        event.save()
    return event, is_new


def read(column: str, value: Any) -> Any:
    """Return the value for the model; raises ValidationError."""
    if column in ("opens", "closes"):
        return instant(column, value) if value else None
    return (value or None) if column in NUMBERS else one_line(value) if column == "message" else value


def instant(column: str, text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is None:
            raise ValueError("has no offset from UTC")
        return storable(at)
    except (ValueError, OverflowError) as error:
        raise ValidationError({column: f"Give an instant in ISO 8601 with an offset, such as {EXAMPLE}."}) from error


def complaints(error: ValidationError, **arguments: str) -> list[str]:
    """Return a sentence for each option, or argument by the name of its column."""
    options = {column: f"--{column.replace('_', '-')}" for column in error.message_dict}
    options |= {"name": "NAME", **arguments}
    return [f"{options[column]}: {' '.join(texts)}" for column, texts in error.message_dict.items()]
