"""Every look of the doctor, in the order of its lines."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial

from django.db import Error

from mentorq.operations.doctor import configuration, database, outside, upkeep
from mentorq.operations.doctor.asking import NoAnswer
from mentorq.operations.doctor.findings import Finding, Level, red
from mentorq.operations.doctor.lcs import lcs
from mentorq.operations.doctor.tls import Target, tls

Look = Callable[[], Iterable[Finding]]
RUN_AGAIN = "Put the other red lines right, then run this again."
# These fail without our tables.
OF_TABLES: dict[str, Look] = {
    "clock": database.clock,
    "keys": configuration.stored_secrets,
    "upkeep": upkeep.upkeep,
}


def inside() -> Iterator[Finding]:
    """Yield what can be seen on this machine."""
    found = list(guarded("database", database.answers))
    works = not any(finding.level is Level.RED for finding in found)
    yield from found
    looks: dict[str, Look] = {
        "disk": database.disk,
        "LCS": lcs,
        "settings": partial(configuration.checked, database=works),
        "hosts": configuration.hosts,
        "keys": configuration.secret_key,
        "metrics": configuration.metrics,
    }
    for about, look in [*looks.items(), *(OF_TABLES.items() if works else [])]:
        yield from guarded(about, look)


def from_outside(target: Target) -> Iterator[Finding]:
    """Yield what can be seen at that URL. Without TLS nothing else can be."""
    found = list(guarded("TLS", partial(tls, target)))
    yield from found
    if any(finding.level is Level.RED for finding in found):
        return
    for about, look in outside.LOOKS.items():
        yield from guarded(about, partial(look, target))


def guarded(about: str, look: Look) -> Iterator[Finding]:
    """Yield what the look finds. If it fails, its line is red, and the others go on."""
    try:
        yield from look()
    except NoAnswer as error:
        yield red(about, f"No answer: {error}.", RUN_AGAIN)
    except (Error, OSError, ValueError) as error:
        why = str(error).strip().partition("\n")[0]
        yield red(about, f"This look failed: {type(error).__name__}: {why}", RUN_AGAIN)
