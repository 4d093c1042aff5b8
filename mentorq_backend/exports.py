"""Tickets as text to take away, as CSV or JSON lines: streamed, so that a million of them need no more memory than one."""

import csv
import errno
import secrets
import shutil
from collections.abc import Callable, Generator, Iterable, Iterator
from pathlib import Path
from typing import Any

import orjson

from mentorq_backend.querysets import TicketQuerySet
from mentorq_backend.serializers import instant

# The last five are what _rows() takes apart.
COLUMNS = (
    "id", "owner_email", "owner", "title", "comment", "contact", "location", "status", "mentor", "mentor_email", "active",
    "recorded", "created", "claimed_datetime", "closed_datetime", "time_to_claim", "time_to_close",
)  # fmt: skip
HEADER_LINES = {"csv": 1, "jsonl": 0}
ROWS_AT_ONCE = 2000
# What a spreadsheet takes for the beginning of a formula, and the apostrophe, so that one can tell ours from theirs.
ESCAPED = ("=", "+", "-", "@", "\t", "\r", "'")


def lines(tickets: TicketQuerySet, format: str) -> Generator[str, None, None]:  # noqa: A002 - the word everybody uses for it
    """Yield the tickets as `csv` or `jsonl`, oldest first, each line with its end (CSV's may go over several in a cell).

    Raises KeyError for any other format. Whoever stops before the end closes it, because it holds a cursor.
    """
    return FORMATS[format](_rows(tickets))


def escaped(text: str) -> str:
    """Return a text as a CSV cell that no spreadsheet runs: with an apostrophe before =, +, -, @, TAB, CR or apostrophe.

    To undo it exactly, take one apostrophe off every text that begins with one.
    The source is OWASP, https://owasp.org/www-community/attacks/CSV_Injection.
    """
    return f"'{text}" if text.startswith(ESCAPED) else text


def write(written: Iterable[str], out: Callable[[str], object]) -> int:
    """Hand each line to `out` and return how many there were."""
    count = 0
    for count, line in enumerate(written, 1):  # noqa: B007 - the last one is returned
        out(line)
    return count


def save(written: Iterable[str], path: Path) -> int:
    """Write the lines to a file and return how many there were; raises OSError.

    What was there before stays until all are written, and for good where anything fails.
    """
    path = path.resolve()  # where it is a symbolic link, what it names is replaced, and not the link
    if path.exists() and not path.is_file():
        # To replace /dev/null would take it away from everybody.
        raise OSError(errno.EINVAL, "it is no regular file", str(path))
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with part.open("x", encoding="utf-8", newline="") as file:
            count = write(written, file.write)
        _replace(path, part)
    finally:
        part.unlink(missing_ok=True)
    return count


def _replace(path: Path, part: Path) -> None:
    """Put the new file in the old one's place, for the same people to read."""
    if path.exists():
        shutil.copymode(path, part)
    part.replace(path)


def _rows(tickets: TicketQuerySet) -> Iterator[list[Any]]:
    """Yield COLUMNS of each ticket, oldest first, instants as the API writes them."""
    rows = tickets.order_by("created", "id").values_list(*COLUMNS).iterator(chunk_size=ROWS_AT_ONCE)
    for *others, created, claimed, closed, to_claim, to_close in rows:
        yield [*others, instant(created), instant(claimed), instant(closed), to_claim, to_close]


class _Line:
    """What csv.writer writes to; `writerow` returns what this returns."""

    def write(self, line: str) -> str:
        return line


def _csv(rows: Iterable[list[Any]]) -> Generator[str, None, None]:
    """Yield a header and the rows as RFC 4180 has them."""
    line = csv.writer(_Line(), lineterminator="\r\n").writerow
    yield str(line(COLUMNS))
    for row in rows:
        yield str(line([_cell(value) for value in row]))


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return escaped(value)
    return str(value).lower() if isinstance(value, bool) else value


def _jsonl(rows: Iterable[list[Any]]) -> Generator[str, None, None]:
    """Yield each row as a JSON object."""
    for row in rows:
        yield orjson.dumps(dict(zip(COLUMNS, row, strict=True)), option=orjson.OPT_APPEND_NEWLINE).decode()


FORMATS: dict[str, Callable[[Iterable[list[Any]]], Generator[str, None, None]]] = {"csv": _csv, "jsonl": _jsonl}
