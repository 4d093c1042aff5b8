"""Querysets that are compiled once: for the few that every request asks, compiling costs more than running them."""

from collections.abc import Callable
from functools import cached_property
from typing import Any

from django.db import connections
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL


class Prepared:
    """The rows of a `values_list()` queryset whose conditions hold values that differ from call to call.

    `build` makes the queryset with placeholders for these values: `Prepared(lambda pk: Ticket.objects.filter(pk=pk)…)`.
    """

    def __init__(self, build: Callable[..., QuerySet[Any, Any]], values: int) -> None:
        self.build, self.values = build, values

    def __call__(self, *values: Any) -> list[tuple[Any, ...]]:
        """Return the rows for these values, which must be what the database itself takes: numbers and texts."""
        sql, params, converters = self._compiled
        with connections[self._compiler.using].cursor() as cursor:
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
