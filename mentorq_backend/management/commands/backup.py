"""`manage.py backup FILE`: copies the SQLite database while the server runs."""

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
    """Copies the database as of one instant, and checks the copy."""

    help = "Copy the SQLite database to a new file, while the server runs. For PostgreSQL use pg_dump: docs/operations.md."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path)

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        if connection.vendor != "sqlite":
            raise CommandError("This command copies SQLite databases. For PostgreSQL use pg_dump: docs/operations.md.")
        if file.exists():
            raise CommandError(f"{file} exists, and may be the only good copy: choose a new FILE.")
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
    """Write the database to a file that only its owner can read; raises OSError, sqlite3.Error."""
    os.close(os.open(file, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600))  # it contains e-mails and sessions
    connection.ensure_connection()
    with closing(sqlite3.connect(file)) as copy:
        connection.connection.backup(copy)  # SQLite's online backup: a snapshot, and nobody waits
        verdict = copy.execute("PRAGMA integrity_check").fetchone()[0]
        copy.execute("PRAGMA journal_mode=DELETE")  # so that it is one file
    if verdict != "ok":
        raise sqlite3.DatabaseError(f"the copy is damaged: {verdict}")
