"""`manage.py backup FILE`: a copy of SQLite's database, taken while people work."""

import os
import sqlite3
from argparse import ArgumentParser
from contextlib import closing
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.db import connection

from mentorq.db.commands import DatabaseCommand


class Command(DatabaseCommand):
    """Copies the database as it is at one instant, and looks whether the copy is whole."""

    help = "Copy SQLite's database into a new file, while the server runs. PostgreSQL has pg_dump: docs/operations.md."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path)

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        if connection.vendor != "sqlite":
            raise CommandError("This copies SQLite's file. PostgreSQL has pg_dump: docs/operations.md says how.")
        if file.exists():
            raise CommandError(f"{file} is there already, and perhaps the only good copy: name a new FILE.")
        part = file.with_name(f".{file.name}.part")
        try:
            copy_to(part)
            part.rename(file)
        except (OSError, sqlite3.Error) as error:
            raise CommandError(f"Cannot write to {file}: {error}. Name another FILE.") from error
        finally:
            part.unlink(missing_ok=True)
        self.stdout.write(f"{file}: {file.stat().st_size:,} bytes, whole.")


def copy_to(file: Path) -> None:
    """Write the database to that file, with the rights of its owner alone; raises OSError, sqlite3.Error."""
    os.close(os.open(file, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600))  # e-mails and sessions are in it
    connection.ensure_connection()
    with closing(sqlite3.connect(file)) as copy:
        connection.connection.backup(copy)  # SQLite's online backup: one instant, nobody waits
        verdict = copy.execute("PRAGMA integrity_check").fetchone()[0]
        copy.execute("PRAGMA journal_mode=DELETE")  # so that it is one file
    if verdict != "ok":
        raise sqlite3.DatabaseError(f"the copy is not whole: {verdict}")
