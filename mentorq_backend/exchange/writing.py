"""Writes imported tickets in one transaction. Existing tickets stay as they are."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import chain, count, islice
from typing import Any, NamedTuple, TypeVar

from django.db import models, transaction
from django.db.models import Exists, OuterRef, Q

from mentorq.db.bulk import load, reset_sequences
from mentorq.db.locks import keep_writers_out
from mentorq_backend.exchange import exports
from mentorq_backend.live.revisions import count_change
from mentorq_backend.models import Feedback, Ticket, TicketEvent
from mentorq_backend.waits.positions import PastQueue, Stay

Item = TypeVar("Item")
Values = list[Any]
ROWS_AT_ONCE = 2000


class Written(NamedTuple):
    """A row in the form for the database: the columns of the export, then `left_queue`, the feedback, the history."""

    ticket: Values
    feedback: Values | None
    history: list[Values]


class Key(NamedTuple):
    """What identifies a row among the existing tickets."""

    id: int | None
    created: datetime
    owner_email: str
    title: bytes
    stay: Stay | None  # in the queue; None for recorded help

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
    keep_writers_out(Ticket)  # they could take an id of the file
    known = known_places(keys) if keys else set()
    if len(known) < len(keys):
        _add(chain.from_iterable(batches), new_ids(keys, known), keys)
        reset_sequences(Ticket)
        count_change()
    return len(keys) - len(known), len(known)


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


def _add(rows: Iterable[Written], ids: Sequence[int | None], keys: Sequence[Key]) -> None:
    queue = past_queue(keys)
    for chunk in _chunks((pk, row, key.stay) for pk, row, key in zip(ids, rows, keys, strict=True) if pk):
        tickets = ([pk, *row.ticket[1:], queue.open_before(stay[0]) if stay else 0] for pk, row, stay in chunk)
        load(Ticket, [*exports.COLUMNS, "left_queue", "ahead"], tickets)
        history = ([pk, *entry, False] for pk, row, _ in chunk for entry in row.history)
        load(TicketEvent, ["ticket_id", *exports.EVENT.values(), "counts"], history)
        feedback = ([pk, *row.feedback] for pk, row, _ in chunk if row.feedback)
        load(Feedback, ["ticket_id", *exports.FEEDBACK.values()], feedback)


def past_queue(keys: Sequence[Key]) -> PastQueue:
    """Return the queue in the time of the file, of its tickets and of those that exist already."""
    stays = [key.stay for key in keys if key.stay]
    if not stays:
        return PastQueue([])
    entries = [entry for entry, _ in stays]
    meanwhile = Ticket.objects.filter(
        Q(left_queue=None) | Q(left_queue__gte=min(entries)), queued__lte=max(entries), recorded=False
    )
    return PastQueue(chain(stays, meanwhile.values_list("queued", "left_queue").iterator()))


def _chunks(items: Iterable[Item]) -> Iterator[list[Item]]:
    rest = iter(items)
    return iter(lambda: list(islice(rest, ROWS_AT_ONCE)), [])
