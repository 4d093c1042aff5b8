"""Which instants we accept: to look for, any that exists in UTC; to keep, those of a hackathon."""

from datetime import UTC, datetime

FIRST_YEAR, LAST_YEAR = 1970, 2200


def in_utc(at: datetime) -> datetime:
    """Return the instant in UTC; raises ValueError if it has none, and OverflowError."""
    return at.astimezone(UTC)


def has_a_local_time(instant: datetime) -> bool:
    """Return whether every time zone has that instant: some have no first year and no last."""
    return datetime.min.year < instant.year < datetime.max.year


def storable(at: datetime) -> datetime:
    """Return the instant in UTC, fit to be kept; raises ValueError, and OverflowError."""
    instant = in_utc(at)
    if not FIRST_YEAR <= instant.year <= LAST_YEAR:
        raise ValueError(f"is not in the years {FIRST_YEAR} to {LAST_YEAR}.")
    return instant
