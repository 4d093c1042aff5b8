"""Reads the rows of a file: CSV with `,`, `;` or TAB, or JSON lines."""

import codecs
import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

import orjson
from django.core.exceptions import ValidationError

from mentorq_backend.exchange import exports
from mentorq_backend.exchange.cells import REQUIRED, quote

Row = tuple[int, Mapping[str, Any]]  # with its row number in a spreadsheet or an editor

LISTED = 20
LONGEST_CELL = 10_000_000
SEPARATORS = ",;\t"
COLUMNS = exports.columns(history=True, feedback=True)


class Complaints:
    """The errors of a file. It counts all of them and keeps the first LISTED."""

    def __init__(self) -> None:
        self.count, self.first = 0, list[str]()

    def add(self, number: int, text: str, column: str = "") -> None:
        self.count += 1
        if self.count <= LISTED:
            self.first.append(f"Row {number}{column and f', column {column}'}: {text}")

    def check(self) -> None:
        if self.count:
            excerpt = f", the first {LISTED} of them here" if self.count > LISTED else ""
            raise ValidationError([f"Nothing was imported. Complaints: {self.count}{excerpt}.", *self.first])


def csv_rows(file: Iterable[bytes], complaints: Complaints) -> Iterator[Row]:
    """Yield the rows below the header, without the apostrophes that `exports.escaped` adds."""
    csv.field_size_limit(LONGEST_CELL)
    number = 0
    try:
        # Decode line by line, to know which row is not UTF-8.
        lines = (line.decode() for line in _without_mark(file))
        first = next(lines, "")
        rows = enumerate(csv.reader(chain([first], lines), strict=True, delimiter=separator_of(first)), 1)
        number, cells = next(rows, (1, list[str]()))
        header = [name.strip().lower() for name in cells]
        if not _is_header(header, complaints):
            return
        for number, cells in rows:
            if len(cells) == len(header) and any(cells):
                yield number, {name: exports.unescaped(cell) for name, cell in zip(header, cells, strict=True)}
            elif any(cells):  # spreadsheets write blank rows
                complaints.add(number, f"It has {len(cells)} cells, the header {len(header)}.")
    except UnicodeDecodeError:
        complaints.add(number + 1, "It is not UTF-8: save the file as CSV UTF-8.")
    except csv.Error as error:
        complaints.add(number + 1, f"It is no CSV: {error}.")


def separator_of(header: str) -> str:
    """Return the separator of the columns; spreadsheets in half of Europe write `;`."""
    return max(SEPARATORS, key=header.count)


def _is_header(header: Sequence[str], complaints: Complaints) -> bool:
    if len(header) == 1 and header[0] not in COLUMNS:
        complaints.add(1, f"There is one column, {quote(header[0])}: separate columns by a comma, ';' or TAB.")
        return False
    twice = [name for place, name in enumerate(header) if name in header[:place]]
    for name in twice:
        complaints.add(1, "It is there twice.", name)
    return _are_columns(header, 1, complaints) and not twice


def _are_columns(names: Iterable[str], number: int, complaints: Complaints) -> bool:
    given = dict.fromkeys(names)
    unknown = [name for name in given if name not in COLUMNS]
    missing = [name for name in COLUMNS if name in REQUIRED and name not in given]
    for name in unknown:
        complaints.add(number, f"There is no such column. There are {', '.join(COLUMNS)}.", quote(name))
    if missing:
        complaints.add(number, f"These columns are missing: {', '.join(missing)}.")
    return not (unknown or missing)


def jsonl_rows(file: Iterable[bytes], complaints: Complaints) -> Iterator[Row]:
    for number, line in enumerate(_without_mark(file), 1):
        if not line.strip():
            continue
        try:
            row = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            complaints.add(number, f"It is no JSON: {error}.")
            continue
        if not isinstance(row, dict):
            complaints.add(number, "It is no JSON object.")
        elif _are_columns(row, number, complaints):
            yield number, row


def _without_mark(file: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the lines without the byte order mark that some programs write."""
    for number, line in enumerate(file):
        yield line if number else line.removeprefix(codecs.BOM_UTF8)


READERS: dict[str, Callable[[Iterable[bytes], Complaints], Iterator[Row]]] = {"csv": csv_rows, "jsonl": jsonl_rows}
