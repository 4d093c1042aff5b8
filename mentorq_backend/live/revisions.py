"""Counters that show that a ticket has changed, without reading the tickets."""

import secrets

from django.db import connection, connections, models


def step() -> int:
    """Return a random increment of a counter, from 1 to 2**31.

    A restored database continues from old values. With steps of one, a new state would get a number that clients already
    know. A 64-bit counter has room for four thousand million steps.
    """
    return secrets.randbelow(2**31) + 1


class RevisionManager(models.Manager["Revision"]):
    """The counters as one number, or as one for each kind of change."""

    def total(self) -> int:
        """Return a number that every committed change of a ticket raises. Plain SQL, because every poll needs it."""
        with connections[self.db].cursor() as cursor:
            cursor.execute("SELECT SUM(changes) FROM mentorq_backend_revision")
            return int(cursor.fetchone()[0] or 0)

    def by_kind(self) -> dict["Change", int]:
        """Return a number for each kind that every committed change of that kind raises."""
        totals: dict[Change, int] = dict.fromkeys(Change, 0)
        for pk, changes in self.values_list("pk", "changes"):
            totals[Change(pk // self.model.SHARDS)] += changes
        return totals


class Change(models.IntegerChoices):
    """What has changed. Only directors see that a ticket was rated."""

    TICKETS, RATINGS, EVENTS = 0, 1, 2


class Revision(models.Model):
    """A counter of committed changes, in several rows of each kind, so that transactions do not wait for each other."""

    SHARDS = 256

    changes = models.BigIntegerField(default=0)

    objects = RevisionManager()

    def __str__(self) -> str:
        return str(self.changes)


def count_change(kind: Change = Change.TICKETS) -> None:
    """Count a change in the transaction that makes it.

    On PostgreSQL connections rarely share a row, so claims of different tickets do not wait here. SQLite has one writer.
    """
    shard = f"pg_backend_pid() %% {Revision.SHARDS}" if connection.vendor == "postgresql" else "0"
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO mentorq_backend_revision AS counter (id, changes) VALUES (%s + {shard}, %s)"  # noqa: S608
            " ON CONFLICT (id) DO UPDATE SET changes = counter.changes + excluded.changes",
            [kind * Revision.SHARDS, step()],
        )
