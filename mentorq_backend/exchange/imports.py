"""Imports tickets from a file, as `exports` writes it: all of them, or none if a row is wrong.

docs/exchange.md has the rules. Valid rows wait in a temporary file until the whole file is checked.
"""

import pickle
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, tzinfo
from itertools import islice, pairwise
from tempfile import TemporaryFile
from typing import IO, Any, NamedTuple

import orjson
from django.core.exceptions import ValidationError

from mentorq_backend.exchange import exports
from mentorq_backend.exchange.cells import EVENT, FEEDBACK, TICKET, Column, quote
from mentorq_backend.exchange.rows import READERS, Complaints, Row
from mentorq_backend.exchange.writing import Key, Written, digest, write
from mentorq_backend.models import INSTANTS
from mentorq_backend.moves import HAS, Status, left_queue, waiting_time
from mentorq_backend.waits.positions import Stay

Values = dict[str, Any]

ROWS_AT_ONCE = 2000
ENDS = (Status.CLOSED, Status.CANCELLED)
WAITS = {"time_to_claim": "claimed_datetime", "time_to_close": "closed_datetime"}


def add_tickets(
    file: Iterable[bytes],
    format: str,  # noqa: A002 - as in exports
    say: Callable[[str], object],
    zone: tzinfo | None = None,
) -> tuple[int, int]:
    """Add the tickets of a `csv` or `jsonl` file; return the number of added tickets, and of those that existed.

    `zone` is the time zone of instants without an offset. `say` gets progress messages. Raises ValidationError with the
    errors of the file, and OperationalError if others keep the tickets locked; both change nothing.
    """
    complaints = Complaints()
    rows = exports.reported(READERS[format](file, complaints), lambda number: say(f"Rows read: {number}"))
    with TemporaryFile() as spool:
        keys = _spool(_checked(rows, complaints, zone), spool)
        complaints.check()
        if len(keys) >= exports.REPORTED_EVERY:
            say("All rows are valid: adding the tickets that do not exist yet.")
        spool.seek(0)
        return write(_batches(spool), keys)


def _spool(rows: Iterator["Checked"], spool: IO[bytes]) -> list[Key]:
    keys = list[Key]()
    while batch := list(islice(rows, ROWS_AT_ONCE)):
        keys += [row.key for row in batch]
        pickle.dump([row.written for row in batch], spool)
    return keys


def _batches(spool: IO[bytes]) -> Iterator[list[Written]]:
    while spool.peek(1):  # type: ignore[attr-defined]  # a TemporaryFile is buffered
        yield pickle.load(spool)  # noqa: S301 - this process wrote it


class Checked(NamedTuple):
    """A valid row."""

    ticket: Values
    feedback: Values | None
    history: list[Values]

    @property
    def key(self) -> Key:
        pk, created, owner_email, title = (self.ticket[name] for name in ("id", "created", "owner_email", "title"))
        return Key(pk, created, owner_email, digest(title), self.stay)

    @property
    def stay(self) -> Stay | None:
        return None if self.ticket["recorded"] else (self.ticket["queued"], self.left)

    @property
    def left(self) -> datetime | None:
        return left_queue(*(self.ticket[name] for name in ("status", "claimed_datetime", "closed_datetime", "moved")))

    @property
    def written(self) -> Written:
        feedback = _plain(self.feedback) if self.feedback else None
        return Written(
            _plain({**self.ticket, "left_queue": self.left}), feedback, [_plain(entry) for entry in self.history]
        )


def _plain(values: Values) -> list[Any]:
    """Return the values for `bulk.load`, instants without `+00:00`."""
    return [str(value)[:-6] if isinstance(value, datetime) else value for value in values.values()]


def _checked(rows: Iterable[Row], complaints: Complaints, zone: tzinfo | None) -> Iterator[Checked]:
    for number, row in rows:
        try:
            yield check(row, zone)
        except ValidationError as error:
            for column, [text] in error.message_dict.items():
                complaints.add(number, text, column)


def check(row: Mapping[str, Any], zone: tzinfo | None = None) -> Checked:
    errors: dict[str, str] = {}
    ticket, given = _read(TICKET, row, errors, zone), _read(FEEDBACK, row, errors, zone)
    history = _history(row.get(exports.HISTORY), errors, zone)
    if not errors:
        _fill_in(ticket, row, history or [])
        errors |= _contradictions(ticket, row)
        feedback = _feedback(given, ticket, errors)
    if errors:
        raise ValidationError(errors)
    return Checked(ticket, feedback, _creation(ticket) if history is None else history)


def _read(columns: Mapping[str, Column], row: Mapping[str, Any], errors: dict[str, str], zone: tzinfo | None) -> Values:
    """Return the valid values of these columns, and put the errors of the others into `errors`."""
    values = {}
    for name, column in columns.items():
        try:
            values[name] = column.value(row.get(name), zone)
        except ValidationError as error:
            errors[name] = str(error.message)
    return values


def _history(raw: Any, errors: dict[str, str], zone: tzinfo | None) -> list[Values] | None:
    if raw is None or raw == "":
        return None
    try:
        entries = orjson.loads(raw) if isinstance(raw, str) else raw
    except orjson.JSONDecodeError:
        entries = None
    if not isinstance(entries, list):
        errors[exports.HISTORY] = f"{quote(raw)} is no JSON array."
        return None
    return [_entry(entry, place, errors, zone) for place, entry in enumerate(entries, 1)]


def _entry(entry: Any, place: int, errors: dict[str, str], zone: tzinfo | None) -> Values:
    """Return one entry of a history, and put its first error into `errors`, unless the history has one."""
    if not isinstance(entry, dict) or entry.keys() - EVENT.keys():
        errors.setdefault(exports.HISTORY, f"Entry {place} is no JSON object of {', '.join(EVENT)}.")
        return {}
    wrong: dict[str, str] = {}
    values = _read(EVENT, entry, wrong, zone)
    for key, text in wrong.items():
        errors.setdefault(exports.HISTORY, f"Entry {place}, {key}: {text}")
    return values


def _creation(ticket: Values) -> list[Values]:
    at, by, to, mentor_email = (ticket[name] for name in ("created", "owner_email", "status", "mentor_email"))
    return [{"at": at, "by": by, "from": "", "to": to, "mentor_email": mentor_email, "note": ""}]


def _fill_in(ticket: Values, row: Mapping[str, Any], history: list[Values]) -> None:
    """Derive missing values from the rest of the row: names, instants and waiting times."""
    ticket["owner"] = ticket["owner"] or ticket["owner_email"]
    if "mentor" not in row:
        ticket["mentor"] = ticket["mentor_email"]
    ticket["queued"] = ticket["queued"] or max([ticket["created"], *_reopenings(history)])
    happened = [] if ticket["moved"] else [entry["at"] for entry in history]
    ticket["moved"] = max(filter(None, [ticket["moved"], *(ticket[column] for column in INSTANTS), *happened]))
    for wait, end in WAITS.items():
        if ticket[end] and not ticket["recorded"] and not _is_told(wait, ticket, row):
            ticket[wait] = waiting_time(ticket["queued"], ticket[end])


def _reopenings(history: list[Values]) -> list[datetime]:
    """Return when the ticket was reopened. A release is not a reopening."""
    return [entry["at"] for entry in history if entry["from"] in ENDS and entry["to"] == Status.OPEN]


def _is_told(wait: str, ticket: Values, row: Mapping[str, Any]) -> bool:
    """Return whether the row has this waiting time. Rows without `queued` count it from the creation."""
    return wait in row and ("queued" in row or ticket["queued"] == ticket["created"])


def _contradictions(ticket: Values, row: Mapping[str, Any]) -> dict[str, str]:
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
    return {**_disorder(ticket), **errors}


def _disorder(ticket: Values) -> dict[str, str]:
    """Return, by column, instants that are out of order, and a mentor who is the owner."""
    errors = {}
    if ticket["mentor_email"] == ticket["owner_email"]:
        errors["mentor_email"] = "It is `owner_email`: nobody is the mentor of their own ticket."
    happened = [column for column in ("created", "claimed_datetime", "closed_datetime") if ticket[column]]
    for earlier, later in pairwise(happened):
        if ticket[later] < ticket[earlier]:
            errors[later] = f"It is before `{earlier}`."
    return errors


def _feedback(given: Values, ticket: Values, errors: dict[str, str]) -> Values | None:
    """Return the feedback, None if there is none, and put its errors into `errors`."""
    email = given["rated_mentor_email"] or ticket["mentor_email"]
    if given["rating"] is None:
        others = [name for name, value in given.items() if value]
        if others:
            errors["rating"] = f"It is needed where there is `{others[0]}`."
        return None
    if email == ticket["owner_email"]:
        errors["rated_mentor_email"] = "It is `owner_email`: nobody rates themselves."
    if not email:
        errors["rating"] = "There is no mentor to rate: give `rated_mentor_email`."
    name = ticket["mentor"] if email == ticket["mentor_email"] else ""
    return {
        **given,
        "rated_mentor": given["rated_mentor"] or name or email,
        "rated_mentor_email": email,
        "rated": given["rated"] or ticket["closed_datetime"] or ticket["created"],
    }
