"""When upkeep was last seen."""

from datetime import datetime, timedelta

from django.db import models
from django.db.models import Q
from django.utils import timezone

from mentorq_backend.events.models import Event
from mentorq_backend.notices.models import Webhook

LATE = timedelta(minutes=1)  # twelve rounds, and time for one that waits for a receiver
NEEDED = "Start it on one of the servers: python manage.py upkeep"


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


def last_seen() -> str:
    """Return `last seen 7 s ago`, or `never seen`."""
    at = Heartbeat.objects.instant()
    return f"last seen {max(round((timezone.now() - at).total_seconds()), 0)} s ago" if at else "never seen"


def why_needed() -> str:
    """Return what waits for an upkeep that is missing, "" if none is missing or nothing needs it."""
    at = Heartbeat.objects.instant()
    if at and abs(timezone.now() - at) < LATE:
        return ""
    has_minutes = Q(expire_after__isnull=False) | Q(return_claims_after__isnull=False) | Q(cancel_after__isnull=False)
    needs = {
        "webhooks": Webhook.objects.on().exists(),
        "events": Event.objects.filter(has_minutes).exists(),
    }
    waiting = " and ".join(name for name, need in needs.items() if need)
    return f"Upkeep is not running, and {waiting} need it. {NEEDED}" if waiting else ""
