"""The instants that MentorQ accepts: any in UTC for a search, those of a hackathon to store."""

from datetime import UTC, datetime

FIRST_YEAR, LAST_YEAR = 1970, 2200


def in_utc(at: datetime) -> datetime:
    return at.astimezone(UTC)


def has_a_local_time(instant: datetime) -> bool:
    """Return whether every time zone can show the instant: near the years 1 and 9999 some cannot."""
    return datetime.min.year < instant.year < datetime.max.year


def storable(at: datetime) -> datetime:
    """Return the instant in UTC; raises ValueError or OverflowError if it must not be stored."""
    instant = in_utc(at)
    if not FIRST_YEAR <= instant.year <= LAST_YEAR:
        raise ValueError(f"is not in the years {FIRST_YEAR} to {LAST_YEAR}.")
    return instant
