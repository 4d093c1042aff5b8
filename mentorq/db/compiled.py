"""The few statements that nearly every request makes, for which the ORM's way costs more than running them.

Querysets are compiled once, and PostgreSQL keeps their plans per connection: planning takes longer than running.
An INSERT and a conditional UPDATE of one row are written as SQL, from the model's fields.
"""

from collections.abc import Callable, Sequence
from functools import cache, cached_property
from typing import Any, cast

from django.db import connection, connections
from django.db.backends.utils import CursorWrapper
from django.db.models import Model, QuerySet
from django.db.models.expressions import RawSQL
from psycopg import Cursor


class Prepared:
    """The rows of a `values_list()` queryset whose conditions hold values that differ from call to call.

    `build` makes the queryset with placeholders for these values: `Prepared(lambda pk: Ticket.objects.filter(pk=pk)…)`.
    """

    def __init__(self, build: Callable[..., QuerySet[Any, Any]], values: int) -> None:
        self.build, self.values = build, values

    def __call__(self, *values: Any) -> list[tuple[Any, ...]]:
        """Return the rows for these values, which must be what the database itself takes: numbers and texts."""
        sql, params, converters = self._compiled
        with _cursor(connections[self._compiler.using]) as cursor:
            cursor.execute(sql, [values[param] if isinstance(param, Placeholder) else param for param in params])
            return [tuple(row) for row in self._compiler.apply_converters(cursor.fetchall(), converters)]

    @cached_property
    def _compiler(self) -> Any:
        queryset = self.build(*(RawSQL("%s", [Placeholder(number)]) for number in range(self.values)))
        return queryset.query.get_compiler(queryset.db)

    @cached_property
    def _compiled(self) -> tuple[str, tuple[Any, ...], Any]:
        sql, params = self._compiler.as_sql()
        return sql, params, self._compiler.get_converters([column for column, _, _ in self._compiler.select])


class Placeholder(int):
    """Which of the values comes here."""


def insert(model: type[Model], **columns: Any) -> None:
    """Insert one row with these columns, which must be all that have no default in the database."""
    names = ", ".join(map(_quoted, columns))
    marks = ", ".join(["%s"] * len(columns))
    sql = f"INSERT INTO {_quoted(model._meta.db_table)} ({names}) VALUES ({marks})"  # noqa: S608 - names of our own models
    with connection.cursor() as cursor:
        cursor.execute(sql, _values(model, columns))


def update(
    model: type[Model],
    still: dict[str, Any],
    changes: dict[str, Any],
    *,
    counters: dict[str, int] | None = None,
    returning: Sequence[str] = ("id",),
) -> tuple[Any, ...] | None:
    """Change the row whose columns are `still` as given, and raise each of its `counters` by so much.

    Returns that row's columns `returning` as the database itself gives them, None where there was no such row.
    """
    sets = [f"{_quoted(column)} = %s" for column in changes]
    sets += [f"{_quoted(column)} = {_quoted(column)} + %s" for column in counters or {}]
    conditions = " AND ".join(f"{_quoted(column)} = %s" for column in still)
    sql = (
        f"UPDATE {_quoted(model._meta.db_table)} SET {', '.join(sets)} WHERE {conditions}"  # noqa: S608 - as above
        f" RETURNING {', '.join(map(_quoted, returning))}"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [*_values(model, changes), *(counters or {}).values(), *_values(model, still)])
        row: tuple[Any, ...] | None = cursor.fetchone()
    return row


def _cursor(wrapper: Any) -> CursorWrapper:
    """Return a cursor whose statements PostgreSQL keeps.

    Django's own writes the values into the text, so that no two statements are alike and none is kept.
    """
    if wrapper.vendor != "postgresql" or wrapper.queries_logged:  # Django's own fills connection.queries
        return cast("CursorWrapper", wrapper.cursor())
    wrapper.close_if_health_check_failed()  # as Django's own does, or a restarted PostgreSQL would be a 503
    wrapper.ensure_connection()
    return cast("CursorWrapper", wrapper._prepare_cursor(Cursor(wrapper.connection)))


@cache
def _quoted(name: str) -> str:
    return connection.ops.quote_name(name)


def _values(model: type[Model], columns: dict[str, Any]) -> list[Any]:
    """Return the values as the database takes them."""
    fields = {field.attname: field for field in model._meta.concrete_fields}
    return [fields[column].get_db_prep_save(value, connection) for column, value in columns.items()]
