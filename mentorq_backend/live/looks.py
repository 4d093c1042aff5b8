"""What decides whether somebody's view of the tickets or of the queue has changed."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils import timezone

from mentorq_backend.events.schedule import Schedule, current
from mentorq_backend.live import reads
from mentorq_backend.live.etags import digest_of
from mentorq_backend.live.revisions import Change, Revision
from mentorq_backend.waits.queue import CurrentQueue
from mentorq_users.models import User


@dataclass(frozen=True)
class Look:
    """What a look at the database found.

    Counters are compared, never "ids greater than the last one": ids commit out of order. Random steps keep a counter
    from repeating after a restore.
    """

    changes: dict[Change, int] = field(default_factory=dict)
    events: Schedule = field(default_factory=Schedule)
    moment: tuple[Any, ...] = ()
    queue: str = ""
    own: dict[str, str] = field(default_factory=dict)

    def tickets(self, user: User) -> str:
        """Return a text that changes with what this person may see of the tickets."""
        seen = (
            self.changes[Change.TICKETS] if user.sees_every_ticket else None,
            self.changes[Change.RATINGS] if user.sees_all_feedback else None,
            # Mentors and organizers see whether they rated their own tickets.
            None if user.sees_all_feedback else self.own.get(user.email),
            self.moment[:1],
        )
        return digest_of(repr(seen).encode())


def look(last: Look, owners: Collection[str]) -> Look:
    """Read what has changed since the last look. Without a change it takes one query, with `owners` sometimes two."""
    # The counters first: what changes meanwhile is then found by the next look.
    changes, now = Revision.objects.by_kind(), timezone.now()
    events = last.events if is_same(last, changes, Change.EVENTS) else current()
    moment = moment_of(events, now)
    is_same_queue = is_same(last, changes, Change.TICKETS, Change.EVENTS) and moment == last.moment
    is_same_own = is_same(last, changes, Change.TICKETS, Change.RATINGS) and last.own.keys() >= set(owners)
    queue = last.queue if is_same_queue else CurrentQueue().get().state
    own = last.own if is_same_own else {**dict.fromkeys(owners, ""), **reads.own_changes(owners)}
    return Look(changes, events, moment, queue, own)


def is_same(last: Look, changes: dict[Change, int], *kinds: Change) -> bool:
    return all(last.changes.get(kind) == changes[kind] for kind in kinds)


def moment_of(events: Schedule, now: datetime) -> tuple[Any, ...]:
    """Return what changes when an event opens or closes, although nobody changes anything."""
    event, following = events.present(now), events.following(now)
    return event and (event.pk, event.opens), events.is_open(now), following and following.pk
