"""The temporary tables in which imported tickets wait, nobody else's to see, and how they get from there into the queue."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction

from mentorq_backend.exchange import exports
from mentorq_backend.exchange.bulk import load_table, quoted, reset_sequences
from mentorq_backend.live.revisions import count_change, step
from mentorq_backend.models import Ticket

# Made like the tables of the same name; `line` is the row of the file, and so is `ticket_id` in the others.
COLUMNS: dict[str, Sequence[str]] = {
    "ticket": ["line", "known", *exports.COLUMNS],
    "ticketevent": ["ticket_id", "id", *exports.EVENT.values()],
    "feedback": ["ticket_id", *exports.FEEDBACK.values()],
}
# Which are there already? Those of the same id, even where their title was corrected; of the others as many as are alike.
KNOWN_BY_ID = """
    UPDATE imported_ticket AS imported SET known = TRUE
    WHERE EXISTS (
        SELECT 1 FROM mentorq_backend_ticket AS ticket
        WHERE ticket.id = imported.id AND ticket.created = imported.created AND ticket.owner_email = imported.owner_email
            AND (ticket.title = imported.title OR EXISTS (
                SELECT 1 FROM mentorq_backend_ticketevent AS event WHERE event.ticket_id = ticket.id AND event.note <> ''
            ))
    ) AND NOT EXISTS (
        SELECT 1 FROM imported_ticket AS earlier
        WHERE earlier.id = imported.id AND earlier.created = imported.created
            AND earlier.owner_email = imported.owner_email AND earlier.line < imported.line
    )
"""
KNOWN_BY_LIKENESS = """
    UPDATE imported_ticket SET known = TRUE
    WHERE line IN (
        SELECT line FROM (
            SELECT line, created, owner_email, title,
                ROW_NUMBER() OVER (PARTITION BY created, owner_email, title ORDER BY line) AS place
            FROM imported_ticket WHERE NOT known
        ) AS imported
        WHERE place <= (
            SELECT COUNT(*) FROM mentorq_backend_ticket AS ticket
            WHERE ticket.created = imported.created AND ticket.owner_email = imported.owner_email
                AND ticket.title = imported.title
                AND NOT EXISTS (SELECT 1 FROM imported_ticket AS other WHERE other.known AND other.id = ticket.id)
        )
    )
"""
DELETE_KNOWN = "DELETE FROM imported_ticket WHERE known"
GIVE_UP_TAKEN_IDS = """
    UPDATE imported_ticket AS imported SET id = NULL
    WHERE EXISTS (SELECT 1 FROM mentorq_backend_ticket AS ticket WHERE ticket.id = imported.id)
        OR EXISTS (
            SELECT 1 FROM imported_ticket AS earlier WHERE earlier.id = imported.id AND earlier.line < imported.line
        )
"""
LAST_ID = """
    SELECT COALESCE(MAX(id), 0)
    FROM (SELECT id FROM mentorq_backend_ticket UNION ALL SELECT id FROM imported_ticket) AS ids
"""
GIVE_NEW_IDS = """
    UPDATE imported_ticket SET id = %s + place
    FROM (SELECT line, ROW_NUMBER() OVER (ORDER BY line) AS place FROM imported_ticket WHERE id IS NULL) AS fresh
    WHERE fresh.line = imported_ticket.line
"""


@contextmanager
def temporary_tables() -> Iterator[None]:
    """Make the tables, and drop them in the end."""
    with connection.cursor() as cursor:
        for name in COLUMNS:
            more = ", CAST(0 AS BIGINT) AS line, FALSE AS known" if name == "ticket" else ""
            cursor.execute(
                f"CREATE TEMPORARY TABLE imported_{name} AS SELECT *{more} FROM mentorq_backend_{name} WHERE FALSE"  # noqa: S608
            )
        try:
            yield
        finally:
            for name in COLUMNS:
                cursor.execute(f"DROP TABLE imported_{name}")


def put(name: str, rows: Iterable[Sequence[Any]]) -> None:
    """Add rows of plain values, in the order of COLUMNS, to one of the tables."""
    load_table(f"imported_{name}", COLUMNS[name], rows)


@transaction.atomic
def move_in() -> tuple[int, int]:
    """Add the tickets that are not in the queue yet; return how many they were, and how many were there already."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # Nobody opens or moves a ticket now: it could take an id of ours. SQLite lets one writer in anyway.
            cursor.execute("LOCK TABLE mentorq_backend_ticket IN SHARE ROW EXCLUSIVE MODE")
        cursor.execute("CREATE INDEX imported_ids ON imported_ticket (id)")
        for sql in (KNOWN_BY_ID, KNOWN_BY_LIKENESS, DELETE_KNOWN):
            cursor.execute(sql)
        known = cursor.rowcount
        cursor.execute(GIVE_UP_TAKEN_IDS)
        cursor.execute(LAST_ID)
        cursor.execute(GIVE_NEW_IDS, cursor.fetchone())
        added = _insert(cursor)
    if added:
        reset_sequences(Ticket)
        count_change()
    return added, known


def _insert(cursor: Any) -> int:
    """Write the tickets that are left, what happened to them and what was said of the help; return how many tickets."""
    columns = quoted(exports.COLUMNS)
    cursor.execute(
        f"INSERT INTO mentorq_backend_ticket ({columns}, version) SELECT {columns}, %s FROM imported_ticket ORDER BY id",  # noqa: S608
        [step()],
    )
    added = int(cursor.rowcount)
    _insert_parts(cursor, "ticketevent", exports.EVENT.values(), "part.id", counts="FALSE")
    _insert_parts(cursor, "feedback", exports.FEEDBACK.values(), "imported.id")
    return added


def _insert_parts(cursor: Any, name: str, columns: Iterable[str], order: str, **constants: str) -> None:
    """Write what belongs to the tickets that are left, under the ids that these have now."""
    values = ", ".join([*(f"part.{quoted([column])}" for column in columns), *constants.values()])
    cursor.execute(
        f"INSERT INTO mentorq_backend_{name} (ticket_id, {quoted([*columns, *constants])}) SELECT imported.id, {values}"  # noqa: S608
        f" FROM imported_{name} AS part JOIN imported_ticket AS imported ON imported.line = part.ticket_id ORDER BY {order}"
    )
