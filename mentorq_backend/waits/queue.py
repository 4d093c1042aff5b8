"""The queue in figures, computed at most once a second in each process."""

import threading
import time
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from django.db.models import Count, Q
from django.utils import timezone

from mentorq_backend.columns import instant
from mentorq_backend.events.models import Event
from mentorq_backend.events.schedule import Schedule, current
from mentorq_backend.live.etags import digest_of
from mentorq_backend.models import Ticket
from mentorq_backend.moves import Status
from mentorq_backend.renderers import QueueRenderer
from mentorq_backend.waits.forecast import Forecast, Wait, forecast
from mentorq_backend.waits.sample import Row, rows, wait

LASTS = 1.0  # seconds
DRIFTS = 30.0  # seconds after which forecasts are computed again, although no ticket has changed


@dataclass
class Forecasts:
    """The forecasts by position, from a sample at an instant (`time.monotonic()`)."""

    sample: list[Row] = field(default_factory=list)
    event: int | None = None
    begun: float = -DRIFTS
    waits: list[Wait] = field(default_factory=list)
    known: dict[int, Forecast | None] = field(default_factory=dict)

    def at(self, position: int) -> Forecast | None:
        if position not in self.known:
            self.known[position] = forecast(self.waits, position)
        return self.known[position]


@dataclass(frozen=True)
class Queue:
    """The queue at an instant."""

    at: datetime
    events: Schedule
    counts: dict[str, int]
    forecasts: Forecasts

    @property
    def event(self) -> Event | None:
        return self.events.present(self.at)

    @property
    def is_open(self) -> bool:
        return self.events.is_open(self.at)

    @property
    def opens(self) -> datetime | None:
        """The next opening of a queue that is closed."""
        following = None if self.is_open else self.events.following(self.at)
        return following.opens if following else None

    @cached_property
    def figures(self) -> dict[str, Any]:
        """The public part of `GET /api/queue/`. The forecast is that of a newcomer."""
        event = self.event
        return {
            "open": self.is_open,
            "event": event and event.name,
            "event_id": event and event.pk,
            "opens": instant(self.opens),
            "closes": instant(event.closes) if event else None,
            "message": event.message if event else "",
            **self.counts,
            "wait": self.forecasts.at(self.counts["waiting"] + 1),
        }

    @property
    def state(self) -> str:
        """A text that changes with tickets and events, and not with time alone, as the forecast does."""
        waiting = list(Ticket.objects.waiting().values_list("pk", flat=True))
        return digest_of(repr(({**self.figures, "wait": None}, self.forecasts.sample, waiting)).encode())

    @cached_property
    def content(self) -> bytes:
        """The figures as JSON, which most requests get as they are."""
        return QueueRenderer().render(self.figures)

    @cached_property
    def digest(self) -> str:
        return digest_of(self.content)


class CurrentQueue:
    """The queue of this second."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.clear()

    def clear(self) -> None:
        self.read: tuple[float, Queue] | None = None  # at `time.monotonic()`
        self.forecasts = Forecasts()

    def get(self) -> Queue:
        with self.lock:
            if self.read is None or time.monotonic() - self.read[0] >= LASTS:
                self.read = time.monotonic(), self._read()
            return self.read[1]

    def _read(self) -> Queue:
        now, events = timezone.now(), current()
        self.forecasts = self._forecasts(events, now)
        return Queue(now, events, counts(), self.forecasts)

    def _forecasts(self, events: Schedule, now: datetime) -> Forecasts:
        """Return the last forecasts, if no ticket of the sample has changed since and they are new enough."""
        event, sample = events.present(now), rows(Ticket.objects.filter(events.tickets(now)))
        version = event.version if event else None
        is_same = (self.forecasts.sample, self.forecasts.event) == (sample, version)
        if is_same and time.monotonic() - self.forecasts.begun < DRIFTS:
            return self.forecasts
        return Forecasts(sample, version, time.monotonic(), [wait(row, now) for row in sample])


def counts() -> dict[str, int]:
    live = Ticket.objects.filter(status__in=[Status.OPEN, Status.CLAIMED])
    return live.aggregate(
        waiting=Count("pk", filter=Q(status=Status.OPEN)),
        claimed=Count("pk", filter=Q(status=Status.CLAIMED)),
        mentors_at_work=Count("mentor_email", filter=Q(status=Status.CLAIMED), distinct=True),
    )


QUEUE = CurrentQueue()
