"""Makes transactions wait for each other if there is no row yet that they could lock."""

from django.db import connection, models

# Whoever changes events holds it. Whoever enters the queue shares it.
EVENTS = "the events"
# How long `keep_writers_out` waits for others on PostgreSQL. On SQLite the settings decide.
PATIENCE = "20s"


def lock(name: str, *, shared: str = "") -> None:
    """Let one transaction at a time continue under that name, until it ends. Several may share `shared`.

    SQLite needs nothing: BEGIN IMMEDIATE (settings.py) admits one writer at a time.
    """
    if connection.vendor == "postgresql":
        also = ", pg_advisory_xact_lock_shared(hashtextextended(%s, 0))" if shared else ""
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT pg_advisory_xact_lock(hashtextextended(%s, 0)){also}", [name, *filter(None, [shared])])


def keep_writers_out(model: type[models.Model]) -> None:
    """Let nobody else write rows of this table until the transaction ends. Reads go on. SQLite has one writer anyway.

    Raises OperationalError if others write for longer than PATIENCE.
    """
    if connection.vendor == "postgresql":
        table = connection.ops.quote_name(model._meta.db_table)
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, TRUE)", [PATIENCE])
            cursor.execute(f"LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE")
