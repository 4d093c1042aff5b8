"""`manage.py upkeep`: looks after tickets and delivers notices, beside the server."""

import json
import signal
from argparse import ArgumentParser
from typing import Any

from django.conf import settings

from mentorq.db.commands import DatabaseCommand
from mentorq_backend.upkeep.loop import Upkeep


class Command(DatabaseCommand):
    """Runs until TERM or Ctrl-C. `--once` prints what the round did, as JSON on standard output."""

    help = "Expire tickets, return claims, end events, deliver notices and delete what has expired, every few seconds."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="Make one round and print what it did, for cron.")

    def handle(self, *args: Any, once: bool, **options: Any) -> None:
        upkeep = Upkeep()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: upkeep.must_end.set())
        if once:
            self.stdout.write(json.dumps(upkeep.once()))
            return
        self.say(f"Upkeep runs every {settings.UPKEEP_PERIOD:g} s.")
        upkeep.run(settings.UPKEEP_PERIOD)
