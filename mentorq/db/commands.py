"""The base class of the `manage.py` commands that use the database."""

from argparse import ArgumentTypeError
from pathlib import Path
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, connection

REMEDY = (
    " Is DATABASE_URL set? On a server, run this with the server's environment (docs/operations.md);"
    " a new database gets its tables from `manage.py migrate`."
)


class DatabaseCommand(BaseCommand):
    """Names its database on standard error first, and refuses one that is not MentorQ's.

    Without the server's environment `manage.py` uses a laptop's database, which is not what its operator means.
    """

    def execute(self, *args: Any, **options: Any) -> str | None:
        (options.get("stderr") or self.stderr).write(f"Database: {database_name()}\n")
        refuse_foreign_database()
        return super().execute(*args, **options)

    def say(self, text: str) -> None:
        self.stderr.write(text, str)


def utf8(text: str) -> str:
    """Return an argument; raises ArgumentTypeError for bytes that are no text, which no database takes."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ArgumentTypeError("this is not UTF-8") from error
    return text


def database_name() -> str:
    config = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"SQLite {config['NAME']}"
    options = config.get("OPTIONS", {})
    host = config["HOST"] or options.get("host") or "localhost"
    return f"PostgreSQL {config['NAME']} at {host}:{config['PORT'] or options.get('port') or 5432}"


def refuse_foreign_database() -> None:
    """Raise CommandError if the database is missing, does not answer or has no accounts table. Creates no file."""
    if connection.vendor == "sqlite" and not is_there(str(connection.settings_dict["NAME"])):
        raise CommandError(f"There is no such database.{REMEDY}")
    try:
        tables = connection.introspection.table_names()
    except OperationalError as error:
        raise CommandError(f"The database does not answer: {error}".strip()) from error
    if get_user_model()._meta.db_table not in tables:
        raise CommandError(f"This database has no tables of MentorQ's.{REMEDY}")


def is_there(file: str) -> bool:
    """Return whether the SQLite database exists: opening it would create it."""
    return file == ":memory:" or (Path(file).is_file() and Path(file).stat().st_size > 0)
