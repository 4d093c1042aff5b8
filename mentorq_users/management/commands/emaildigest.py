"""`manage.py emaildigest EMAIL`: how the log names an address whose sign-in failed."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from mentorq.db.commands import utf8
from mentorq.environment import LAPTOP_KEY
from mentorq_users.failed_signins import email_digest


class Command(BaseCommand):
    """Needs the SECRET_KEY of the server whose log is searched, and no database."""

    help = "Print the digest by which the log names this e-mail address: failed sign-ins have it as email_digest."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", type=utf8)

    def handle(self, *args: Any, email: str, **options: Any) -> None:
        if settings.SECRET_KEY == LAPTOP_KEY:
            self.stderr.write("SECRET_KEY is not set: a server's log has another digest. Use its environment.", str)
        self.stdout.write(email_digest(email))
