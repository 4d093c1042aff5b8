"""`manage.py doctor`: green, amber and red lines about this deployment, each with its remedy."""

import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.core.management.base import BaseCommand, CommandError

from mentorq.operations.doctor import examination
from mentorq.operations.doctor.findings import Finding, Level
from mentorq.operations.doctor.tls import Target

HELP = (
    "Look at the database, LCS, clocks, hosts, origins, keys, metrics, upkeep and disk, and with --url at what the world"
    " sees. Prints a line for each: green is fine, amber should be put right, red stops something that people need. Changes"
    " nothing. Exits with 1 if a line is red, else with 0."
)
MARGIN = " " * 7


class Command(BaseCommand):
    """It must also run on a database without tables, so it is no DatabaseCommand."""

    help = HELP
    requires_system_checks = []  # they are among its lines

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--url", help="Where people reach the server, such as https://mentorq.example.org.")
        parser.add_argument("--ca", metavar="FILE", default="", help="Certificates to trust, if --url has a private CA.")

    def handle(self, *args: Any, url: str | None, ca: str, **options: Any) -> None:
        target = target_of(url, ca) if url is not None else None
        levels = set()
        for finding in findings(target):
            self.show(finding)
            levels.add(finding.level)
        if Level.RED in levels:
            sys.exit(1)

    def show(self, finding: Finding) -> None:
        styles = {Level.GREEN: self.style.SUCCESS, Level.AMBER: self.style.WARNING, Level.RED: self.style.ERROR}
        level = styles[finding.level](f"{finding.level:<{len(MARGIN) - 1}}")
        self.stdout.write(f"{level} {finding.about}: {finding.text}")
        if finding.remedy:
            self.stdout.write(f"{MARGIN}{finding.remedy}")
        self.stdout.flush()


def findings(target: Target | None) -> Iterator[Finding]:
    yield from examination.inside()
    if target:
        yield from examination.from_outside(target)


def target_of(url: str, ca: str) -> Target:
    """Raises CommandError for anything but https://host or https://host:port, and for a file that is not there."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not host or url.rstrip("/") != f"https://{parts.netloc}" or "@" in parts.netloc:
        raise CommandError("--url: give scheme and host and no path, such as https://mentorq.example.org.")
    if ca and not Path(ca).is_file():
        raise CommandError(f"--ca: there is no file {ca}.")
    return Target(host, port or 443, ca)
