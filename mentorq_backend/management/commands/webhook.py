"""`manage.py webhook NAME URL --kind slack …`: creates or changes a webhook, as the desk does."""

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError
from django.db import transaction

from mentorq.api.texts import one_line
from mentorq.db.commands import DatabaseCommand, utf8
from mentorq_backend.management.commands.event import complaints
from mentorq_backend.notices.models import NO_URL, Happening, Kind, Webhook


class Command(DatabaseCommand):
    """Names what it changed on standard error, and prints a new secret on standard output."""

    help = 'Create the webhook of that name, or change what the options name. "" empties a value.'

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", type=utf8)
        parser.add_argument("url", nargs="?", type=utf8, help="Where notices go. A new webhook needs it.")
        parser.add_argument("--kind", choices=Kind.values, help="A new webhook needs it.")
        parser.add_argument("--tell", metavar="WHAT", type=utf8, help=f"Comma-separated: {', '.join(Happening.values)}.")
        parser.add_argument(
            "--words", metavar="WORDS", type=utf8, help="Comma-separated: only tickets with one of these words."
        )
        parser.add_argument(
            "--minutes", metavar="N", type=utf8, help="After how many minutes in the queue a ticket is `waiting`."
        )
        switch = parser.add_mutually_exclusive_group()
        switch.add_argument("--on", dest="is_on", action="store_const", const=True)
        switch.add_argument("--off", dest="is_on", action="store_const", const=False)

    def handle(self, *args: Any, name: str, **options: Any) -> None:
        columns = {column: options[column] for column in ("url", "kind", "tell", "words", "minutes", "is_on")}
        given = {column: value for column, value in columns.items() if value is not None}
        try:
            webhook, is_new, secret = put(one_line(name), given)
        except ValidationError as error:
            raise CommandError(" ".join(complaints(error, url="URL", tells="--tell"))) from error
        state = "on" if webhook.is_on else "off"
        tells = ", ".join(webhook.tells)
        self.say(
            f"{'Created' if is_new else 'Changed'}: {webhook}, {webhook.kind} at {webhook.host}, {state}, tells {tells}."
        )
        if secret:
            self.say("Its secret, which is not shown again:")
            self.stdout.write(secret)


def put(name: str, columns: dict[str, Any]) -> tuple[Webhook, bool, str]:
    """Create or change the webhook of that name; return its new secret, too. Raises ValidationError and changes nothing."""
    with transaction.atomic():
        webhook = Webhook.objects.filter(name=name).first() or Webhook(name=name)
        is_new = webhook.pk is None
        if is_new and not columns.get("kind"):
            raise ValidationError({"kind": f"A new webhook needs a kind: {', '.join(Kind.values)}."})
        if is_new and not columns.get("url"):
            raise ValidationError({"url": NO_URL})
        for column, value in columns.items():
            setattr(webhook, *read(column, value))
        secret = webhook.make_secret()
        webhook.full_clean()
        webhook.save()
        if "is_on" in columns:
            webhook.switch(on=columns["is_on"])
    return webhook, is_new, secret


def read(column: str, value: Any) -> tuple[str, Any]:
    if column == "tell":
        return "tells", list(dict.fromkeys(filter(None, (word.strip() for word in value.split(",")))))
    if column == "minutes":
        return column, value or None
    return column, one_line(value) if column == "words" else value
