"""Makes transactions wait for each other if there is no row yet that they could lock."""

from django.db import connection

# Whoever changes events holds it. Whoever enters the queue shares it.
EVENTS = "the events"


def lock(*names: str, shared: str = "") -> None:
    """Let one transaction at a time continue under these names, until it ends. Under `shared`, several may.

    SQLite needs nothing: BEGIN IMMEDIATE (settings.py) admits one writer at a time.
    """
    if connection.vendor == "postgresql":
        locks = ["pg_advisory_xact_lock(hashtextextended(%s, 0))"] * len(names)
        locks += ["pg_advisory_xact_lock_shared(hashtextextended(%s, 0))"] * bool(shared)
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {', '.join(locks)}", [*names, *filter(None, [shared])])
