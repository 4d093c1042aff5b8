"""`manage.py runlive [port]`: the live stream, for a laptop. Production starts `mentorq.asgi` with granian itself."""

import socket
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from granian import Granian
from granian.constants import Interfaces


class Command(BaseCommand):
    """Serves until TERM or Ctrl-C."""

    help = "Serve the live stream on this machine."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("port", nargs="?", type=int, default=8002)

    def handle(self, *args: Any, port: int, **options: Any) -> None:
        try:
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port that was just left is free
                probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or error
            raise CommandError(f"Port {port} is not available ({reason}). Choose another: `runlive 8012`.") from error
        self.stdout.write(f"The live stream at http://127.0.0.1:{port}/api/live/")
        self.stdout.flush()
        Granian("mentorq.asgi:application", port=port, interface=Interfaces.ASGI, backlog=4096, log_enabled=False).serve()
