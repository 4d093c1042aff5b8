"""The events of a database in their order: which one is present, and whether the queue is open.

A process remembers them by their version, which requests read along with the account, and moves with the hourly limit. So
events cost no query of their own, and a change of one holds from the next request on.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from django.db.models import Q

from mentorq.api.request_state import state_of
from mentorq_backend.events.models import Event, in_desk_time
from mentorq_backend.moves import Status

LIVE = [Status.OPEN, Status.CLAIMED]


@dataclass(frozen=True)
class Schedule:
    """All events, the first one first. If there are none, the queue is always open and every ticket counts."""

    version: int | None = None
    events: tuple[Event, ...] = ()

    @classmethod
    def of(cls, events: Iterable[Event]) -> "Schedule":
        ordered = tuple(sorted(events, key=lambda event: event.opens))
        for event, following in pairwise(ordered):
            event.next_opens = following.opens
        return cls(sum(event.version for event in ordered) if ordered else None, ordered)

    def present(self, at: datetime) -> Event | None:
        """Return the last event that has opened, None before the first one."""
        return next((event for event in reversed(self.events) if event.opens <= at), None)

    def following(self, at: datetime) -> Event | None:
        return next((event for event in self.events if event.opens > at), None)

    def is_open(self, at: datetime) -> bool:
        event = self.present(at)
        if event is None:
            return not self.events
        return event.phase(at) == "open"

    def why_closed(self, at: datetime) -> str:
        """Return a sentence with the next opening, or with the end."""
        event, following = self.present(at), self.following(at)
        if event and event.phase(at) == "paused":
            return "The queue is paused. An organizer will open it again."
        if following:
            return f"The queue is closed. It opens on {in_desk_time(following.opens)}."
        return f"The queue is closed: {event} is over."

    def tickets(self, at: datetime) -> Q:
        """The tickets of the present event, for statistics."""
        event = self.present(at)
        return Q(queued__gte=event.opens) if event else Q()

    def unfinished(self, at: datetime) -> Q:
        """The tickets from before the present event that are still open or claimed."""
        event = self.present(at)
        return Q(status__in=LIVE, queued__lt=event.opens) if event else Q(pk=None)

    def find(self, pk: int) -> Event | None:
        return next((event for event in self.events if event.pk == pk), None)


def of_event(event: Event) -> Q:
    """The tickets that last entered the queue in this event."""
    entered = Q(queued__gte=event.opens)
    return entered & Q(queued__lt=event.next_opens) if event.next_opens else entered


_remembered: Schedule = Schedule()


def schedule(version: Any) -> Schedule:
    """Return the events of this version. A query is needed only if they have changed."""
    global _remembered
    if version is None:
        return Schedule()
    remembered = _remembered
    if remembered.version != int(version):
        _remembered = remembered = current()
    return remembered


def current() -> Schedule:
    """Read the events."""
    return Schedule.of(Event.objects.all())


def schedule_of(request: Any) -> Schedule:
    """Return the events as this request found them; requests without a token read them."""
    state = state_of(request)
    if state.schedule is None:
        state.schedule = current()
    found: Schedule = state.schedule
    return found


def began(request: Any) -> datetime:
    """Return the instant for which a request asks: one for all its queries, also if an event opens meanwhile."""
    return state_of(request).began
