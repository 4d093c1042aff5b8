"""How anybody can tell, without reading the tickets, that one of them has changed."""

import secrets

from django.db import connection, connections, models


def step() -> int:
    """By how much a counter of changes goes up, 1 to 2**31.

    It is random, because a restored database counts on from old values: steps of one would give another state a number
    that clients know already. A 64-bit counter has room for four thousand million steps.
    """
    return secrets.randbelow(2**31) + 1


class RevisionManager(models.Manager["Revision"]):
    """The counters together."""

    def total(self) -> int:
        """Return a number that every committed change of a ticket alters; every poll asks it, hence the plain SQL."""
        with connections[self.db].cursor() as cursor:
            cursor.execute("SELECT SUM(changes) FROM mentorq_backend_revision")
            return int(cursor.fetchone()[0] or 0)


class Revision(models.Model):
    """A counter of committed changes to tickets, in several rows, so that transactions do not wait for each other."""

    SHARDS = 256

    changes = models.BigIntegerField(default=0)

    objects = RevisionManager()

    def __str__(self) -> str:
        return str(self.changes)


def count_change() -> None:
    """Count a change to tickets, in the transaction that makes it.

    On PostgreSQL connections seldom share a row, so that claims of different tickets do not wait for each other here;
    SQLite has one writer anyway.
    """
    shard = f"pg_backend_pid() %% {Revision.SHARDS}" if connection.vendor == "postgresql" else "0"
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO mentorq_backend_revision AS counter (id, changes) VALUES ({shard}, %s)"  # noqa: S608
            " ON CONFLICT (id) DO UPDATE SET changes = counter.changes + excluded.changes",
            [step()],
        )
