"""Reads the cells of an imported file. The field of the model checks each value."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime, tzinfo
from functools import lru_cache
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models

from mentorq.api import texts
from mentorq.api.instants import storable
from mentorq_backend.exchange import exports
from mentorq_backend.feedback.models import RATINGS
from mentorq_backend.models import Feedback, Ticket, TicketEvent
from mentorq_users.emails import normalize_email

EXAMPLE = "2026-02-14T23:05:00Z"
# JavaScript is exact up to 2**53; later tickets need ids, too.
LARGEST_ID = 2**53 - 1_000_000
LONGEST_QUOTE = 60
REMEMBERED = 4096
WHOLE = re.compile("-?[0-9]{1,19}")
WORDS = {"true": True, "yes": True, "false": False, "no": False}
STARS = {text: rating for rating in RATINGS for text in (f"{rating:g}", f"{rating:.1f}")}


class Column:
    """A column of a file and its field of a model."""

    def __init__(self, field: Any, *, required: bool = False) -> None:
        self.field, self.required, self.default = field, required, _default_of(field)
        self.read = _reader_of(field)
        self.clean_text = texts.note if isinstance(field, models.TextField) else getattr(field, "clean_text", None)
        # Few values repeat very often, and checking them is most of the work of an import.
        self.repeats = isinstance(field, models.EmailField) or bool(field.choices)
        self.remembered = lru_cache(REMEMBERED)(self._checked)

    def value(self, raw: Any, zone: tzinfo | None = None) -> Any:
        """Return the value for the model; raises ValidationError.

        `zone` is the time zone of instants without an offset.
        """
        if self.clean_text and isinstance(raw, str):
            raw = self.clean_text(raw)
        if raw is None or raw == "":
            if self.required:
                raise ValidationError("A value is needed here.")
            return self.default
        if self.repeats and isinstance(raw, str):
            return self.remembered(raw)
        return self._checked(raw if zone is None or self.read is not _instant else _in_zone(raw, zone))

    def _checked(self, raw: Any) -> Any:
        try:
            return self.field.clean(self.read(raw), None)
        except ValueError as error:
            raise ValidationError(f"{quote(raw)} {error}") from error
        except ValidationError as error:
            raise ValidationError(f"{quote(raw)}: {' '.join(error.messages)}") from error


def quote(raw: Any) -> str:
    text = repr(raw[: LONGEST_QUOTE + 1] if isinstance(raw, str) else raw)
    return text if len(text) <= LONGEST_QUOTE else f"{text[:LONGEST_QUOTE]}…"


def _text(raw: Any) -> str:
    if not isinstance(raw, str):
        raise ValueError("is no text.")
    if "\0" in raw:
        raise ValueError("holds a NUL, which no database keeps.")
    return raw


def _email(raw: Any) -> str:
    return normalize_email(_text(raw))


def _whole(raw: Any) -> int:
    if isinstance(raw, str) and WHOLE.fullmatch(raw):
        return int(raw)
    if isinstance(raw, int) and not isinstance(raw, bool):
        return raw
    raise ValueError("is no whole number.")


def _id(raw: Any) -> int:
    number = _whole(raw)
    if not 1 <= number <= LARGEST_ID:
        raise ValueError(f"is no id: those go from 1 to {LARGEST_ID}.")
    return number


def _flag(raw: Any) -> bool:
    try:
        return WORDS[str(raw).lower()]  # spreadsheets write TRUE
    except KeyError as error:
        raise ValueError("is neither true nor false.") from error


def _stars(raw: Any) -> float:
    try:
        return STARS[str(raw)]
    except KeyError as error:
        raise ValueError("is no rating: those go from 0.5 to 5, in halves.") from error


def _choice(raw: Any) -> str:
    return _text(raw).upper()


def _instant(raw: Any) -> datetime:
    try:
        at = raw if isinstance(raw, datetime) else datetime.fromisoformat(_text(raw))
    except ValueError as error:
        raise ValueError(f"is no instant in ISO 8601 with an offset, such as {EXAMPLE}.") from error
    if at.tzinfo is None:
        raise ValueError("has no offset from UTC: end it with Z or +01:00, or say --time-zone America/New_York.")
    try:
        return storable(at)
    except OverflowError as error:
        raise ValueError("is outside of the calendar.") from error


def _in_zone(raw: Any, zone: tzinfo) -> Any:
    """Put an instant without an offset into the zone. If it occurs twice, the first one counts."""
    try:
        at = datetime.fromisoformat(raw)
    except (TypeError, ValueError):
        return raw
    return raw if at.tzinfo else at.replace(tzinfo=zone)


# The first class that matches wins.
READERS: list[tuple[type, Callable[[Any], Any]]] = [
    (models.BigAutoField, _id),
    (models.IntegerField, _whole),
    (models.BooleanField, _flag),
    (models.DateTimeField, _instant),
    (models.EmailField, _email),
    (models.FloatField, _stars),  # the only one is the rating
    (models.Field, _text),
]


def _reader_of(field: Any) -> Callable[[Any], Any]:
    return _choice if field.choices else next(read for kind, read in READERS if isinstance(field, kind))


def _default_of(field: Any) -> Any:
    """Return the value of an empty or missing cell: the default of the model, else "" or None."""
    if field.has_default() and not callable(field.default):
        return field.default
    return "" if isinstance(field, (models.CharField, models.TextField)) else None


def _columns(model: type[models.Model], fields: Mapping[str, str], required: set[str]) -> dict[str, Column]:
    return {name: Column(model._meta.get_field(path), required=name in required) for name, path in fields.items()}


REQUIRED = {"owner_email", "title", "location", "status", "created"}
TICKET = _columns(Ticket, {name: name for name in exports.COLUMNS}, REQUIRED)
FEEDBACK = _columns(Feedback, exports.FEEDBACK, set())
EVENT = _columns(TicketEvent, exports.EVENT, {"at", "to"})
