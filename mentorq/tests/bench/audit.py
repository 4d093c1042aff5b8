"""Whether a database is sound and has what a server acknowledged. Needs Django set up, as `inside` does it."""

import json
from collections import defaultdict
from pathlib import Path
from typing import Any, NamedTuple

from django.db import connection, transaction

from mentorq_backend.models import Ticket, TicketEvent

# What an acknowledged status says of the move that led there.
BEFORE = {"OPEN": "", "CLAIMED": "OPEN", "CLOSED": "CLAIMED"}
OUR_INDEXES = r"""
    SELECT indexrelid::regclass::text, indrelid::regclass::text, coalesce(pg_get_expr(indpred, indrelid), 'true')
    FROM pg_index JOIN pg_class ON pg_class.oid = indrelid WHERE relname LIKE 'mentorq\_%'
"""
# As if the table had no other one; it is rolled back.
ONLY = "UPDATE pg_index SET indisvalid = false WHERE indrelid = %s::regclass AND indexrelid <> %s::regclass"
BY_INDEX = "SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off"
BY_TABLE = "SET LOCAL enable_indexscan = off; SET LOCAL enable_indexonlyscan = off; SET LOCAL enable_bitmapscan = off"


class Event(NamedTuple):
    """A history row."""

    before: str
    after: str
    by: str
    mentor_email: str
    at: Any


History = list[Event]


def audit(acknowledged: str = "") -> dict[str, int]:
    """Return what is missing of a file of `[ticket, status, by]`, which tickets and histories do not fit, and damage."""
    histories, tickets = read_histories(), {ticket.pk: ticket for ticket in Ticket.objects.all()}
    said = json.loads(Path(acknowledged).read_text()) if acknowledged else []
    return {
        "lost": sum(not is_there(tickets.get(pk), histories[pk], status, by) for pk, status, by in said),
        "half done": sum(not fits(ticket, histories[pk]) for pk, ticket in tickets.items()),
        "history without a ticket": len(histories.keys() - tickets.keys()),
        "damaged": damage(),
    }


def read_histories() -> dict[int, History]:
    """Return the history of each ticket, oldest first."""
    histories: dict[int, History] = defaultdict(list)
    columns = ["from_status", "to_status", "by", "mentor_email", "at"]
    for ticket, *event in TicketEvent.objects.order_by("id").values_list("ticket_id", *columns):
        histories[ticket].append(Event(*event))
    return histories


def is_there(ticket: Ticket | None, history: History, status: str, by: str) -> bool:
    """Return whether a ticket has what such a move of that person left: history row, mentor and instant."""
    mentor = "" if status == "OPEN" else by
    moves = [event for event in history if event[:4] == (BEFORE[status], status, by, mentor)]
    if ticket is None or len(moves) != 1:
        return False
    instant = {"OPEN": ticket.created, "CLAIMED": ticket.claimed_datetime, "CLOSED": ticket.closed_datetime}[status]
    return instant == moves[0].at and (not mentor or ticket.mentor_email == mentor)


def fits(ticket: Ticket, history: History) -> bool:
    """Return whether each move begins where the one before ended, from the creation to what the ticket is now."""
    ends = ["", *(event.after for event in history)]
    return (
        bool(history)
        and [event.before for event in history] == ends[:-1]
        and (history[-1].after, history[-1].mentor_email) == (ticket.status, ticket.mentor_email)
    )


def damage() -> int:
    """Return how much is wrong with SQLite's file; on PostgreSQL how many of our indexes count other than their table."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            return len(complaints(cursor))
        cursor.execute(OUR_INDEXES)
        return sum(counted(cursor, index, BY_INDEX) != counted(cursor, index, BY_TABLE) for index in cursor.fetchall())


def complaints(cursor: Any) -> list[Any]:
    """Return what SQLite's own checks find: pages, indexes and constraints, then foreign keys."""
    cursor.execute("PRAGMA integrity_check")
    found = [row for row in cursor.fetchall() if row != ("ok",)]
    cursor.execute("PRAGMA foreign_key_check")
    return [*found, *cursor.fetchall()]


def counted(cursor: Any, of: tuple[str, str, str], way: str) -> int:
    """Return how many rows that are in the index PostgreSQL finds by it, or in the table; its amcheck is not always there.

    Needs a superuser, because it hides the table's other indexes from the planner.
    """
    index, table, condition = of
    with transaction.atomic():
        cursor.execute(ONLY, [table, index])
        cursor.execute(way)
        cursor.execute(f"SELECT count(*) FROM {table} WHERE {condition}")
        count = int(cursor.fetchone()[0])
        transaction.set_rollback(True)
    return count
