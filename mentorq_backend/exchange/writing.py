"""Writes imported tickets in one transaction. Existing tickets stay as they are."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import chain, count, islice
from typing import Any, NamedTuple, TypeVar

from django.db import connection, models, transaction
from django.db.models import Exists, OuterRef

from mentorq.db.bulk import load, reset_sequences
from mentorq_backend.exchange import exports
from mentorq_backend.live.revisions import count_change
from mentorq_backend.models import Feedback, Ticket, TicketEvent

Item = TypeVar("Item")
Values = list[Any]
ROWS_AT_ONCE = 2000
# How long an import waits for others on PostgreSQL. On SQLite the settings decide.
PATIENCE = "20s"


class Written(NamedTuple):
    """A row in the form for the database: the ticket's columns in the order of the export, its feedback, its history."""

    ticket: Values
    feedback: Values | None
    history: list[Values]


class Key(NamedTuple):
    """What identifies a row among the existing tickets."""

    id: int | None
    created: datetime
    owner_email: str
    title: bytes

    @property
    def likeness(self) -> tuple[datetime, str, bytes]:
        return self.created, self.owner_email, self.title


def digest(title: str) -> bytes:
    """Shorten a title to 16 bytes, because the keys of the whole file are in memory."""
    return hashlib.blake2b(title.encode(), digest_size=16).digest()


@transaction.atomic
def write(batches: Iterable[list[Written]], keys: Sequence[Key]) -> tuple[int, int]:
    """Add the tickets that do not exist yet; return the number of added tickets, and of those that existed.

    Raises OperationalError if others keep the tickets locked.
    """
    _keep_others_out()
    known = known_places(keys) if keys else set()
    if len(known) < len(keys):
        _add(chain.from_iterable(batches), new_ids(keys, known))
        reset_sequences(Ticket)
        count_change()
    return len(keys) - len(known), len(known)


def _keep_others_out() -> None:
    """Block new tickets and moves until the end: they could take an id of the file. SQLite has one writer anyway."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, TRUE)", [PATIENCE])
            cursor.execute("LOCK TABLE mentorq_backend_ticket IN SHARE ROW EXCLUSIVE MODE")


def known_places(keys: Sequence[Key]) -> set[int]:
    """Return the indexes of the rows whose ticket exists already.

    That is a ticket with the same id, even if its title was corrected since. If several rows are alike and there are n such
    tickets, the first n of these rows exist.
    """
    first, alike = dict[tuple[Any, ...], int](), {key.likeness for key in keys}
    for place, key in enumerate(keys):
        first.setdefault((key.id, key.created, key.owner_email), place)
    known, others = set[int](), Counter[tuple[datetime, str, bytes]]()
    for pk, created, owner_email, title, is_corrected in _candidates(keys):
        place, likeness = first.get((pk, created, owner_email), -1), (created, owner_email, digest(title))
        if place >= 0 and (is_corrected or keys[place].title == likeness[2]):
            known.add(place)
        elif likeness in alike:
            others[likeness] += 1
    for place, key in enumerate(keys):
        if place not in known and others[key.likeness]:
            others[key.likeness] -= 1
            known.add(place)
    return known


def _candidates(keys: Sequence[Key]) -> Iterator[tuple[Any, ...]]:
    """Yield the tickets of the time that the file covers. `IN` with every instant would take seconds."""
    created = [key.created for key in keys]
    corrected = Exists(TicketEvent.objects.filter(ticket=OuterRef("pk")).exclude(note=""))
    tickets = Ticket.objects.filter(created__range=(min(created), max(created)))
    return tickets.values_list("pk", "created", "owner_email", "title", corrected).iterator()


def new_ids(keys: Sequence[Key], known: set[int]) -> list[int | None]:
    """Return the id for each row, None for a known one: the id in the file if it is free, else a new one."""
    wanted = [None if place in known else key.id for place, key in enumerate(keys)]
    taken = set(_ids_between(list(filter(None, wanted))))
    for place, pk in enumerate(wanted):
        if pk in taken:
            wanted[place] = None
        elif pk:
            taken.add(pk)
    highest = Ticket.objects.aggregate(highest=models.Max("pk"))["highest"] or 0
    free = count(max([highest, *filter(None, wanted)]) + 1)
    return [None if place in known else pk or next(free) for place, pk in enumerate(wanted)]


def _ids_between(ids: Sequence[int]) -> Iterable[int]:
    if not ids:
        return []
    return Ticket.objects.filter(pk__range=(min(ids), max(ids))).values_list("pk", flat=True).iterator()


def _add(rows: Iterable[Written], ids: Sequence[int | None]) -> None:
    for chunk in _chunks((pk, row) for pk, row in zip(ids, rows, strict=True) if pk):
        load(Ticket, exports.COLUMNS, ([pk, *row.ticket[1:]] for pk, row in chunk))
        history = ([pk, *entry, False] for pk, row in chunk for entry in row.history)
        load(TicketEvent, ["ticket_id", *exports.EVENT.values(), "counts"], history)
        feedback = ([pk, *row.feedback] for pk, row in chunk if row.feedback)
        load(Feedback, ["ticket_id", *exports.FEEDBACK.values()], feedback)


def _chunks(items: Iterable[Item]) -> Iterator[list[Item]]:
    rest = iter(items)
    return iter(lambda: list(islice(rest, ROWS_AT_ONCE)), [])
