"""`manage.py runlcs [port]`: LCS's local stand-in, for a laptop."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from mentorq_users.lcs.faults import FAULTS
from mentorq_users.lcs.standin import PASSWORD, PEOPLE, DevLCS


class Command(BaseCommand):
    """Serves the stand-in until it is interrupted."""

    help = "Serve LCS's local stand-in with demo people. Not for production."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("port", nargs="?", type=int, default=8001)
        parser.add_argument("--fault", choices=sorted(FAULTS), default="", help="How every call fails.")

    def handle(self, *args: Any, port: int, fault: str, **options: Any) -> None:
        if not settings.DEBUG:
            raise CommandError("The stand-in is for laptops only, but DEBUG is off: unset SECRET_KEY.")
        try:
            server = DevLCS(port)
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or error
            raise CommandError(f"Port {port} is not available ({reason}). Choose another: `runlcs 8011`.") from error
        server.fault = fault
        self.stdout.write(f"LCS's stand-in at {server.url}. Everybody's password is {PASSWORD!r}.")
        for person in PEOPLE:
            roles = ", ".join(role for role, held in person["role"].items() if held)
            self.stdout.write(f"  {person['email']:<20} {person['first_name']} {person['last_name']} ({roles})")
        self.stdout.flush()
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            server.stopped.set()
            server.server_close()
