"""Writing many rows at once, by what each database does fastest. For seeding and importing, never for a request."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from django.core.management.color import no_style
from django.db import connection, models

REPORTED_EVERY = 10_000
Item = TypeVar("Item")


def load(model: type[models.Model], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Insert rows of plain values, in the order of `columns`; instants are text in UTC, `2026-02-14 23:05:00.125`.

    The caller keeps the transaction, the sequences and the revision.
    """
    load_table(model._meta.db_table, columns, rows)


def load_table(table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Insert rows into a table that need not be a model's; see `load`."""
    names, table = quoted(columns), connection.ops.quote_name(table)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
        else:
            marks = ", ".join(["?"] * len(columns))
            # Django's own cursor would rewrite the marks of a million rows.
            cursor.connection.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", rows)  # noqa: S608


def quoted(columns: Iterable[str]) -> str:
    """Return the columns as SQL lists them."""
    return ", ".join(map(connection.ops.quote_name, columns))


def reset_sequences(*loaded: type[models.Model]) -> None:
    """Let the database give the ids after those that were loaded."""
    with connection.cursor() as cursor:
        for sql in connection.ops.sequence_reset_sql(no_style(), loaded):
            cursor.execute(sql)


def reported(items: Iterable[Item], report: Callable[[int], object]) -> Iterator[Item]:
    """Yield the items, and tell `report` after every REPORTED_EVERY of them how many there were."""
    for count, item in enumerate(items, 1):
        yield item
        if count % REPORTED_EVERY == 0:
            report(count)
