"""Makes transactions wait for each other if there is no row yet that they could lock."""

from django.db import connection

# Whoever changes events holds it. Whoever enters the queue shares it.
EVENTS = "the events"


def lock(name: str, *, shared: str = "") -> None:
    """Let one transaction at a time continue under that name, until it ends. Several may share `shared`.

    SQLite needs nothing: BEGIN IMMEDIATE (settings.py) admits one writer at a time.
    """
    if connection.vendor == "postgresql":
        also = ", pg_advisory_xact_lock_shared(hashtextextended(%s, 0))" if shared else ""
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT pg_advisory_xact_lock(hashtextextended(%s, 0)){also}", [name, *filter(None, [shared])])
