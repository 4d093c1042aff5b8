"""When upkeep was last seen."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import models
from django.utils import timezone

from mentorq_backend.events.models import Event
from mentorq_backend.notices.models import Webhook

LATE = timedelta(minutes=1)  # twelve rounds, and time for one that waits for a receiver
REMEDY = "Start it on one of the servers: python manage.py upkeep"


class HeartbeatManager(models.Manager["Heartbeat"]):
    """The one row of upkeep."""

    def beat(self) -> None:
        """Record a round. The row is shared by every upkeep of the database."""
        self.update_or_create(pk=1, defaults={"at": timezone.now()})

    def instant(self) -> datetime | None:
        return self.values_list("at", flat=True).first()


class Heartbeat(models.Model):
    """The instant at which some upkeep last began a round."""

    at = models.DateTimeField()

    objects = HeartbeatManager()

    def __str__(self) -> str:
        return f"{self.at}"


class UpkeepState(NamedTuple):
    """When upkeep was last seen, and in sentences what is wrong with it and with the webhooks."""

    seen: str
    warning: str
    switched_off: list[str]

    @classmethod
    def read(cls, events: Iterable[Event]) -> "UpkeepState":
        at, now, webhooks = Heartbeat.objects.instant(), timezone.now(), list(Webhook.objects.all())
        seen = f"last seen {max(round((now - at).total_seconds()), 0)} s ago" if at else "never seen"
        needs = [] if at and abs(now - at) < LATE else _needs(events, webhooks)
        return cls(
            seen,
            f"Upkeep is not running, and {' and '.join(needs)} need it. {REMEDY}" if needs else "",
            [
                f"Webhook {webhook} is off. {webhook.why_off}"
                for webhook in webhooks
                if webhook.why_off and not webhook.is_on
            ],
        )


def _needs(events: Iterable[Event], webhooks: Iterable[Webhook]) -> list[str]:
    need = {
        "webhooks": any(webhook.is_on for webhook in webhooks),
        "events": any(event.needs_upkeep for event in events),
    }
    return [name for name, needs in need.items() if needs]
