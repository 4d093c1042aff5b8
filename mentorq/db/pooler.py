"""Whether the settings suit what stands between us and PostgreSQL, such as PgBouncer: DATABASE_POOLER."""

import secrets

from django.db import connection, transaction

UNDECLARED = "A pooler stands before PostgreSQL, and DATABASE_POOLER is not set: requests may fail."
UNPREPARED = "The pooler keeps no prepared statements, and MentorQ uses them: requests will fail."
REMEDY = "Set DATABASE_POOLER=transaction, and DATABASE_URL without prepare_threshold."


def mismatch() -> str:
    """What is wrong, for which REMEDY is the remedy, or "". Raises Error."""
    if connection.vendor != "postgresql" or not is_pooled():
        return ""
    if not connection.settings_dict["DISABLE_SERVER_SIDE_CURSORS"]:
        return UNDECLARED
    prepares = connection.settings_dict["OPTIONS"]["prepare_threshold"] is not None
    return UNPREPARED if prepares and not keeps_prepared_statements() else ""


def is_pooled() -> bool:
    """Poolers make up the process id that a client hears when it connects. PostgreSQL tells the true one when asked."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        [pid] = cursor.fetchone()
    return bool(pid != connection.connection.info.backend_pid)


def keeps_prepared_statements() -> bool:
    """A pooler that keeps them gives them names of its own, so that PostgreSQL does not know ours."""
    name = f"mentorq_{secrets.token_hex(8)}"
    with transaction.atomic(), connection.cursor() as cursor:  # a transaction stays on one connection of PostgreSQL's
        cursor.execute("SELECT 1")
        connection.connection.pgconn.prepare(name.encode(), b"SELECT 1")
        cursor.execute("SELECT NOT EXISTS (SELECT FROM pg_prepared_statements WHERE name = %s)", [name])
        [are_kept] = cursor.fetchone()
        connection.connection.pgconn.close_prepared(name.encode())
    return bool(are_kept)
