"""Making transactions wait for each other where no row exists yet that they could lock."""

from django.db import connection


def lock(name: str) -> None:
    """Let one transaction at a time go on under that name; held until the transaction ends.

    On SQLite there is nothing to do: BEGIN IMMEDIATE (settings.py) has let only one writer in already.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])
