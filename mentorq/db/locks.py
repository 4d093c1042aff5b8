"""Makes transactions wait for each other if there is no row yet that they could lock."""

from django.db import connection


def lock(name: str) -> None:
    """Let one transaction at a time continue under that name, until it ends.

    SQLite needs nothing: BEGIN IMMEDIATE (settings.py) admits one writer at a time.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])
