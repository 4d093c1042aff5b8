"""Tickets from a file, as `exports` writes it: each row checked, all of them or none, what is there already left alone.

The rules are in docs/exchange.md. Until all rows are known to be good they wait in temporary tables: staging.py.
"""

import codecs
import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import count, islice
from typing import Any, NamedTuple

import orjson
from django.core.exceptions import ValidationError

from mentorq_backend.exchange import exports, staging
from mentorq_backend.exchange.bulk import REPORTED_EVERY, reported
from mentorq_backend.exchange.cells import EVENT, FEEDBACK, REQUIRED, TICKET, Column, quote
from mentorq_backend.models import INSTANTS, MICROSECOND
from mentorq_backend.moves import Status

Values = dict[str, Any]
Row = tuple[int, Mapping[str, Any]]  # with its number, as a spreadsheet or an editor shows it

LISTED = 20
LONGEST_CELL = 10_000_000
ROWS_AT_ONCE = 2000
COLUMNS = exports.columns(history=True, feedback=True)
# What a ticket of that status has and has not: as the constraint ticket_status_and_instants_agree says.
HAS: dict[str, dict[str, bool]] = {
    Status.OPEN: {"mentor_email": False, "claimed_datetime": False, "closed_datetime": False},
    Status.CLAIMED: {"mentor_email": True, "claimed_datetime": True, "closed_datetime": False},
    Status.CLOSED: {"closed_datetime": True},
    Status.CANCELLED: {"closed_datetime": False},
}
ENDS = (Status.CLOSED, Status.CANCELLED)
WAITS = {"time_to_claim": "claimed_datetime", "time_to_close": "closed_datetime"}


def add_tickets(file: Iterable[bytes], format: str, say: Callable[[str], object]) -> tuple[int, int]:  # noqa: A002 - as in exports
    """Add the tickets of a `csv` or `jsonl` file; return how many were added, and how many were there already.

    Tells `say` how far it is, where that takes long. Raises ValidationError with what is wrong, and changes nothing then.
    """
    complaints = Complaints()
    rows = reported(READERS[format](file, complaints), lambda number: say(f"Rows read: {number}"))
    with staging.temporary_tables():
        good = _put(_checked(rows, complaints))
        complaints.check()
        if good >= REPORTED_EVERY:
            say("All rows are good: adding the tickets that are not there yet.")
        return staging.move_in()


class Complaints:
    """What is wrong with a file: all of it counted, the beginning kept."""

    def __init__(self) -> None:
        self.count, self.first = 0, list[str]()

    def add(self, number: int, text: str, column: str = "") -> None:
        """Add a complaint of that row and, where it concerns one, column."""
        self.count += 1
        if self.count <= LISTED:
            self.first.append(f"Row {number}{column and f', column {column}'}: {text}")

    def check(self) -> None:
        """Raise ValidationError where there are any."""
        if self.count:
            listed = f", the first {LISTED} of them here" if self.count > LISTED else ""
            raise ValidationError([f"Nothing was imported. Complaints: {self.count}{listed}.", *self.first])


# Reading


def _csv_rows(file: Iterable[bytes], complaints: Complaints) -> Iterator[Row]:
    """Yield the rows below the header, without the apostrophes that `exports.escaped` puts there."""
    csv.field_size_limit(LONGEST_CELL)
    number = 0
    try:
        # Decoded a line at a time, so that the row that is not UTF-8 is known.
        rows = enumerate(csv.reader((line.decode() for line in _without_mark(file)), strict=True), 1)
        number, header = next(rows, (1, list[str]()))
        if not _is_header(header, complaints):
            return
        for number, cells in rows:
            if len(cells) == len(header) and any(cells):
                yield number, {name: cell.removeprefix("'") for name, cell in zip(header, cells, strict=True)}
            elif any(cells):  # spreadsheets leave blank rows
                complaints.add(number, f"It has {len(cells)} cells, the header {len(header)}.")
    except UnicodeDecodeError:
        complaints.add(number + 1, "It is not UTF-8: save the file as CSV UTF-8.")
    except csv.Error as error:
        complaints.add(number + 1, f"It is no CSV: {error}.")


def _is_header(header: Sequence[str], complaints: Complaints) -> bool:
    """Return whether these can be the columns of a file, and complain of what is wrong with them."""
    twice = [name for place, name in enumerate(header) if name in header[:place]]
    for name in twice:
        complaints.add(1, "It is there twice.", name)
    return _are_columns(header, 1, complaints) and not twice


def _are_columns(names: Iterable[str], number: int, complaints: Complaints) -> bool:
    """Return whether there are such columns, all that are needed among them, and complain of what is wrong with them."""
    given = dict.fromkeys(names)
    unknown = [name for name in given if name not in COLUMNS]
    missing = [name for name in COLUMNS if name in REQUIRED and name not in given]
    for name in unknown:
        complaints.add(number, f"There is no such column. There are {', '.join(COLUMNS)}.", quote(name))
    for name in missing:
        complaints.add(number, "This column is needed.", name)
    return not (unknown or missing)


def _jsonl_rows(file: Iterable[bytes], complaints: Complaints) -> Iterator[Row]:
    """Yield the objects, one of each line."""
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
    """Yield the lines without the mark with which some programs begin UTF-8."""
    for number, line in enumerate(file):
        yield line if number else line.removeprefix(codecs.BOM_UTF8)


READERS: dict[str, Callable[[Iterable[bytes], Complaints], Iterator[Row]]] = {"csv": _csv_rows, "jsonl": _jsonl_rows}


# Checking


class Checked(NamedTuple):
    """A good row."""

    ticket: Values
    feedback: Values | None
    history: list[Values]


def _checked(rows: Iterable[Row], complaints: Complaints) -> Iterator[tuple[int, Checked]]:
    """Yield the good rows, and complain of the others."""
    for number, row in rows:
        try:
            yield number, check(row)
        except ValidationError as error:
            for column, [text] in error.message_dict.items():
                complaints.add(number, text, column)


def check(row: Mapping[str, Any]) -> Checked:
    """Return what a row says, what it leaves out filled in; raises ValidationError with what is wrong by column."""
    errors: dict[str, str] = {}
    ticket, said = _read(TICKET, row, errors), _read(FEEDBACK, row, errors)
    history = _history(row.get(exports.HISTORY), errors)
    if not errors:
        _fill_in(ticket, row, history or [])
        errors |= _contradictions(ticket, row)
        feedback = _feedback(said, ticket, errors)
    if errors:
        raise ValidationError(errors)
    return Checked(ticket, feedback, _creation(ticket) if history is None else history)


def _read(columns: Mapping[str, Column], row: Mapping[str, Any], errors: dict[str, str]) -> Values:
    """Return the good values of these columns, and add to `errors` what is wrong with the others."""
    values = {}
    for name, column in columns.items():
        try:
            values[name] = column.value(row.get(name))
        except ValidationError as error:
            errors[name] = str(error.message)
    return values


def _history(raw: Any, errors: dict[str, str]) -> list[Values] | None:
    """Return the entries of a history, None where there is none, and add to `errors` what is wrong with it."""
    if raw is None or raw == "":
        return None
    try:
        entries = orjson.loads(raw) if isinstance(raw, str) else raw
    except orjson.JSONDecodeError:
        entries = None
    if not isinstance(entries, list):
        errors[exports.HISTORY] = f"{quote(raw)} is no JSON array."
        return None
    return [_entry(entry, place, errors) for place, entry in enumerate(entries, 1)]


def _entry(entry: Any, place: int, errors: dict[str, str]) -> Values:
    """Return one entry of a history, and add to `errors` what is wrong with it, unless there is something already."""
    if not isinstance(entry, dict) or entry.keys() - EVENT.keys():
        errors.setdefault(exports.HISTORY, f"Entry {place} is no JSON object of {', '.join(EVENT)}.")
        return {}
    wrong: dict[str, str] = {}
    values = _read(EVENT, entry, wrong)
    for key, text in wrong.items():
        errors.setdefault(exports.HISTORY, f"Entry {place}, {key}: {text}")
    return values


def _creation(ticket: Values) -> list[Values]:
    """Return the history of a ticket of which nothing is known but how it is."""
    at, by, to, mentor_email = (ticket[name] for name in ("created", "owner_email", "status", "mentor_email"))
    return [{"at": at, "by": by, "from": "", "to": to, "mentor_email": mentor_email, "note": ""}]


def _fill_in(ticket: Values, row: Mapping[str, Any], history: list[Values]) -> None:
    """Give the ticket what can be told from the rest of its row: who is shown, its instants, and how long it waited."""
    ticket["owner"] = ticket["owner"] or ticket["owner_email"]
    if "mentor" not in row:
        ticket["mentor"] = ticket["mentor_email"]
    ticket["queued"] = ticket["queued"] or max([ticket["created"], *_reopenings(history)])
    happened = [] if ticket["moved"] else [entry["at"] for entry in history]
    ticket["moved"] = max(filter(None, [ticket["moved"], *(ticket[column] for column in INSTANTS), *happened]))
    for wait, end in WAITS.items():
        if ticket[end] and not ticket["recorded"] and not _is_told(wait, ticket, row):
            ticket[wait] = (ticket[end] - ticket["queued"]) // MICROSECOND


def _reopenings(history: list[Values]) -> list[datetime]:
    """Return when the ticket was put back into the queue; a release left it there."""
    return [entry["at"] for entry in history if entry["from"] in ENDS and entry["to"] == Status.OPEN]


def _is_told(wait: str, ticket: Values, row: Mapping[str, Any]) -> bool:
    """Return whether the row says how long that was; rows without `queued` count it from the creation."""
    return wait in row and ("queued" in row or ticket["queued"] == ticket["created"])


def _contradictions(ticket: Values, row: Mapping[str, Any]) -> dict[str, str]:
    """Return, by column, what cannot be."""
    status = ticket["status"]
    errors = {
        column: f"A ticket that is {status} {'needs one' if has else 'has none'}."
        for column, has in HAS[status].items()
        if bool(ticket[column]) != has
    }
    if status == Status.OPEN and ticket["mentor"] and not ticket["mentor_email"]:
        errors["mentor"] = "A ticket that is OPEN has none."
    for wait, end in WAITS.items():
        if ticket[wait] is not None and (ticket["recorded"] or not ticket[end]):
            errors.setdefault(wait, f"Only a ticket with `{end}` that was not recorded has one.")
        elif ticket[wait] is not None and ticket[wait] < 0:
            told = _is_told(wait, ticket, row)
            errors.setdefault(wait if told else end, "It is negative." if told else "It is before `created`.")
    return errors


def _feedback(said: Values, ticket: Values, errors: dict[str, str]) -> Values | None:
    """Return the feedback, None where there is none, and add to `errors` what is wrong with it."""
    email = said["rated_mentor_email"] or ticket["mentor_email"]
    if said["rating"] is None:
        given = [name for name, value in said.items() if value]
        if given:
            errors["rating"] = f"It is needed where there is `{given[0]}`."
        return None
    if not email:
        errors["rating"] = "There is no mentor whom it could be for: give `rated_mentor_email`."
    name = ticket["mentor"] if email == ticket["mentor_email"] else ""
    return {
        **said,
        "rated_mentor": said["rated_mentor"] or name or email,
        "rated_mentor_email": email,
        "rated": said["rated"] or ticket["closed_datetime"] or ticket["created"],
    }


def _put(rows: Iterator[tuple[int, Checked]]) -> int:
    """Put the rows into the temporary tables and return how many there were."""
    total, places = 0, count()
    while batch := list(islice(rows, ROWS_AT_ONCE)):
        total += len(batch)
        staging.put("ticket", [(line, False, *_plain(row.ticket)) for line, row in batch])
        staging.put("feedback", [(line, *_plain(row.feedback)) for line, row in batch if row.feedback])
        entries = [(line, entry) for line, row in batch for entry in row.history]
        staging.put("ticketevent", [(line, next(places), *_plain(entry)) for line, entry in entries])
    return total


def _plain(values: Values) -> list[Any]:
    """Return the values as `bulk.load` takes them, instants without their `+00:00`."""
    return [str(value)[:-6] if isinstance(value, datetime) else value for value in values.values()]
