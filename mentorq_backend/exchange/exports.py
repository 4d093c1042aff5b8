"""Exports tickets as CSV or JSON lines. It streams: of all tickets it keeps the ids, and of two thousand the rest."""

import csv
import errno
import re
import secrets
import shutil
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import orjson

from mentorq_backend.columns import instant
from mentorq_backend.models import Ticket, TicketEvent
from mentorq_backend.querysets import TicketQuerySet

Item = TypeVar("Item")

COLUMNS = (
    "id", "owner_email", "owner", "title", "comment", "contact", "location", "status", "mentor", "mentor_email", "active",
    "recorded", "created", "queued", "claimed_datetime", "closed_datetime", "moved", "time_to_claim", "time_to_close",
)  # fmt: skip
# Columns of the feedback, and their fields.
FEEDBACK = {
    "rating": "rating", "comments": "comments", "rated_mentor": "mentor", "rated_mentor_email": "mentor_email",
    "rated": "created",
}  # fmt: skip
HISTORY = "history"
# Keys of a history entry, and their fields.
EVENT = {
    "at": "at", "by": "by", "from": "from_status", "to": "to_status", "mentor_email": "mentor_email", "note": "note",
}  # fmt: skip
HEADER_LINES = {"csv": 1, "jsonl": 0}
ROWS_AT_ONCE = 2000
REPORTED_EVERY = 10_000
# Where a spreadsheet may start a cell: it may take `;` and TAB for separators.
_CELL = r"(?:^|(?<=[;\t\r\n]))"
# What starts a formula, and the apostrophe, so that `unescaped` can tell ours from others.
FORMULAS = re.compile(rf"{_CELL}(?=[=+\-@＝＋－＠'])|^(?=[\t\r\n])")
APOSTROPHES = re.compile(rf"{_CELL}'")


def columns(*, history: bool = False, feedback: bool = False) -> tuple[str, ...]:
    return (*COLUMNS, *(FEEDBACK if feedback else ()), *([HISTORY] if history else []))


def lines(
    tickets: TicketQuerySet,
    format: str,  # noqa: A002 - the usual word
    *,
    history: bool = False,
    feedback: bool = False,
) -> Generator[str, None, None]:
    """Yield the tickets as rows of `csv` or `jsonl`, oldest first, with line ends.

    Raises KeyError for any other format.
    """
    rows = _rows(tickets, [*COLUMNS, *(f"feedback__{column}" for column in FEEDBACK.values() if feedback)])
    return FORMATS[format](columns(history=history, feedback=feedback), _with_history(rows) if history else rows)


def format_of(name: str) -> str:
    return "jsonl" if name.endswith(".jsonl") else "csv"


def escaped(text: str) -> str:
    """Put an apostrophe before whatever starts a formula, so that no spreadsheet runs it.

    Source: https://owasp.org/www-community/attacks/CSV_Injection.
    """
    return FORMULAS.sub("'", text)


def unescaped(cell: str) -> str:
    return APOSTROPHES.sub("", cell)


def reported(items: Iterable[Item], report: Callable[[int], object]) -> Iterator[Item]:
    """Yield the items, and call `report` with their number after every REPORTED_EVERY of them."""
    for count, item in enumerate(items, 1):
        yield item
        if count % REPORTED_EVERY == 0:
            report(count)


def write(written: Iterable[str], out: Callable[[str], object]) -> int:
    count = 0
    for count, line in enumerate(written, 1):  # noqa: B007 - the last one is returned
        out(line)
    return count


def save(written: Iterable[str], path: Path) -> int:
    """Write the lines to a file and return their number; raises OSError.

    An existing file stays until all lines are written, and stays for good if anything fails.
    """
    path = path.resolve()  # replace the target of a symbolic link, not the link
    if path.exists() and not path.is_file():
        # Replacing /dev/null would break the whole machine.
        raise OSError(errno.EINVAL, "it is not a regular file", str(path))
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with part.open("x", encoding="utf-8", newline="") as file:
            count = write(written, file.write)
        _replace(path, part)
    finally:
        part.unlink(missing_ok=True)
    return count


def _replace(path: Path, part: Path) -> None:
    if path.exists():
        shutil.copymode(path, part)
    part.replace(path)


def _rows(tickets: TicketQuerySet, paths: Sequence[str]) -> Iterator[list[Any]]:
    """Yield these columns of each ticket, oldest first, with instants as in the API.

    The ids come first: behind a pooler one cursor for all rows would hold 100,000 large tickets in memory (1.8 GB).
    """
    ids = iter(tickets.order_by("created", "id").values_list("pk", flat=True))
    while chunk := list(islice(ids, ROWS_AT_ONCE)):
        for row in Ticket.objects.filter(pk__in=chunk).order_by("created", "id").values_list(*paths):
            yield [_shown(value) for value in row]


def _shown(value: Any) -> Any:
    return instant(value) if isinstance(value, datetime) else value


def _with_history(rows: Iterator[list[Any]]) -> Iterator[list[Any]]:
    while chunk := list(islice(rows, ROWS_AT_ONCE)):
        histories = _histories([row[0] for row in chunk])
        for row in chunk:
            yield [*row, histories[row[0]]]


def _histories(tickets: list[int]) -> dict[int, list[dict[str, Any]]]:
    histories: dict[int, list[dict[str, Any]]] = {ticket: [] for ticket in tickets}
    events = TicketEvent.objects.filter(ticket__in=tickets).order_by("id")
    for ticket, *values in events.values_list("ticket_id", *EVENT.values()):
        histories[ticket].append(dict(zip(EVENT, map(_shown, values), strict=True)))
    return histories


class _Line:
    """A file for csv.writer: `writerow` returns what `write` returns."""

    def write(self, line: str) -> str:
        return line


def _csv(header: Sequence[str], rows: Iterator[list[Any]]) -> Generator[str, None, None]:
    """Yield a header and the rows in the form of RFC 4180."""
    line = csv.writer(_Line(), lineterminator="\r\n", quoting=csv.QUOTE_NONNUMERIC).writerow
    yield str(line(header))
    for row in rows:
        yield str(line([_cell(value) for value in row]))


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return escaped(value)
    if isinstance(value, list):
        return escaped(orjson.dumps(value).decode())
    return str(value).lower() if isinstance(value, bool) else value


def _jsonl(keys: Sequence[str], rows: Iterator[list[Any]]) -> Generator[str, None, None]:
    for row in rows:
        yield orjson.dumps(dict(zip(keys, row, strict=True)), option=orjson.OPT_APPEND_NEWLINE).decode()


FORMATS: dict[str, Callable[[Sequence[str], Iterator[list[Any]]], Generator[str, None, None]]] = {
    "csv": _csv,
    "jsonl": _jsonl,
}
