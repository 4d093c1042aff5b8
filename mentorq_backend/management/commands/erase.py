"""`manage.py erase EMAIL`: erases a person, as the desk does."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.db import OperationalError

from mentorq.db.commands import DatabaseCommand, utf8
from mentorq_backend.erasing.erasure import Erasure, NobodyToErase
from mentorq_users.emails import normalize_email


class Command(DatabaseCommand):
    """Asks on standard error, and prints on standard output what it replaced."""

    help = "Replace everything that identifies a person or that they wrote. It cannot be undone."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", metavar="EMAIL", type=utf8, help="Also of somebody who has tickets and no account.")
        parser.add_argument(
            "--no-input", "--noinput", dest="interactive", action="store_false", help="Do not ask, for scripts."
        )

    def handle(self, *args: Any, email: str, interactive: bool, **options: Any) -> None:
        try:
            if interactive:
                self.ask(Erasure(email))
            erased = Erasure.make(email, by="manage.py")
        except NobodyToErase as error:
            raise CommandError(f"Nobody was erased: no account and no ticket has the address {email!r}.") from error
        except OperationalError as error:
            reason = str(error).strip()
            raise CommandError(f"Nobody was erased: {reason}. Try again when fewer people use MentorQ.") from error
        self.stdout.write(f"Erased: {erased}")

    def ask(self, erasure: Erasure) -> None:
        """Raise CommandError unless the operator types the address again."""
        self.say(f"This replaces what there is of {erasure.person.email}, and cannot be undone:")
        for kind, count in erasure.counts.items():
            self.say(f"  {count} {kind}")
        if erasure.unfinished:
            self.say(f"Open or claimed tickets: {erasure.unfinished}. They stay so: cancel or release them first.")
        if normalize_email(typed("Type the e-mail address to go on: ")) != erasure.person.email:
            raise CommandError("Nobody was erased: that is another address.")


def typed(question: str) -> str:
    try:
        return input(question)
    except (EOFError, KeyboardInterrupt) as error:
        raise CommandError("Nobody was erased. A script needs --no-input.") from error
