"""An event: when the queue is open, what it says to everybody, and which tickets belong together."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import F, OuterRef, Q, Subquery, Sum, Value
from django.utils import timezone

from mentorq.api.instants import storable
from mentorq.db.fields import MinutesField, OneLineField
from mentorq.db.locks import EVENTS, lock
from mentorq_backend.live.revisions import Change, count_change, step
from mentorq_backend.notices import outbox


class EventQuerySet(models.QuerySet["Event"]):
    """Every change raises versions and the revision, and is made under the lock of the events."""

    def update(self, **columns: Any) -> int:
        with alone():
            count_change(Change.EVENTS)
            return super().update(**{"version": F("version") + step(), **columns})

    def delete(self) -> tuple[int, dict[str, int]]:
        with alone():
            count_change(Change.EVENTS)
            return super().delete()

    def with_next_opening(self) -> "EventQuerySet":
        """Annotate `next_opens`, the opening of the following event."""
        following = self.model.objects.filter(opens__gt=OuterRef("opens")).order_by("opens")
        return self.annotate(next_opens=Subquery(following.values("opens")[:1]))  # type: ignore[no-redef]

    def version(self) -> models.QuerySet["Event", Any]:
        """Return a subquery for a number that every change of an event raises. It is NULL if there are no events."""
        return self.order_by().annotate(all=Value(1)).values("all").annotate(sum=Sum("version")).values("sum")


class Event(models.Model):
    """A ticket belongs to the event in which it last entered the queue: from its opening until the next one opens."""

    name = OneLineField(max_length=200, unique=True)
    opens = models.DateTimeField(unique=True, error_messages={"unique": "Another event opens at this instant."})
    closes = models.DateTimeField(null=True, blank=True, help_text="Empty: until the next event opens.")
    message = OneLineField(blank=True, help_text="To everybody, on the board and in the app.")
    paused = models.BooleanField(default=False, help_text="Nobody but organizers and directors opens tickets meanwhile.")
    expire_after = MinutesField("open tickets expire after", help_text="Minutes.")
    return_claims_after = MinutesField("claims return to the queue after", help_text="Minutes.")
    cancel_after = MinutesField("open tickets are cancelled", help_text="Minutes after the closing.")
    version = models.BigIntegerField(default=step, editable=False)

    objects = EventQuerySet.as_manager()
    next_opens: datetime | None = None  # by `Schedule` or `with_next_opening`

    class Meta:
        ordering = ["opens"]
        constraints = [
            models.CheckConstraint(name="event_closes_after_it_opens", condition=Q(closes=None) | Q(closes__gt=F("opens")))
        ]

    def __str__(self) -> str:
        return str(self.name)

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save under the lock of the events, and raise version and revision; raises ValidationError if it overlaps."""
        with alone():
            self.clean()
            was = Event.objects.filter(pk=self.pk).values_list("message", flat=True).first() or ""
            self.version += step()
            super().save(*args, **kwargs)
            count_change(Change.EVENTS)
            if self.message != was and self._is_present():
                outbox.tell_message(self)

    def clean(self) -> None:
        """Raises ValidationError for the field that makes this event overlap with another one."""
        if not self.opens:
            return  # the field has an error already
        for column in ("opens", "closes"):
            _check_storable(column, getattr(self, column))
        if self.closes and self.closes <= self.opens:
            raise ValidationError({"closes": "It must be after the opening."})
        others = Event.objects.exclude(pk=self.pk)
        before = others.filter(opens__lt=self.opens, closes__gt=self.opens).first()
        if before:
            raise ValidationError(
                {"opens": f"{before} closes later, {in_desk_time(before.closes)}: events do not overlap."}
            )
        after = others.filter(opens__gt=self.opens, opens__lt=self.closes).first() if self.closes else None
        if after:
            raise ValidationError({"closes": f"{after} opens earlier, {in_desk_time(after.opens)}: events do not overlap."})

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Delete the event. Its tickets then belong to the one before."""
        with alone():
            count_change(Change.EVENTS)
            return super().delete(*args, **kwargs)

    def _is_present(self) -> bool:
        now = timezone.now()
        return self.opens <= now and not Event.objects.filter(opens__gt=self.opens, opens__lte=now).exists()

    def phase(self, at: datetime) -> str:
        """Return planned, open, paused or over."""
        if self.opens > at:
            return "planned"
        if any(end and end <= at for end in (self.closes, self.next_opens)):
            return "over"
        return "paused" if self.paused else "open"

    @property
    def needs_upkeep(self) -> bool:
        return any((self.expire_after, self.return_claims_after, self.cancel_after))

    # What the desk and the command do

    def start(self) -> None:
        self._change("opens", lambda now: self.opens > now, "It has opened already.")

    def close(self) -> None:
        self._change("closes", lambda now: self.closes is None or self.closes > now, "It is closed already.")

    def pause(self) -> None:
        self._switch(paused=True)

    def resume(self) -> None:
        self._switch(paused=False)

    def _change(self, column: str, is_due: Any, otherwise: str) -> None:
        """Set the instant to now, under the lock: no ticket that enters the queue meanwhile is newer."""
        with alone():
            self.refresh_from_db()
            now = timezone.now()
            if not is_due(now):
                raise ValidationError({column: otherwise})
            setattr(self, column, now)
            self.save()

    def _switch(self, *, paused: bool) -> None:
        with alone():
            self.refresh_from_db()
            self.paused = paused
            self.save()


def _check_storable(column: str, at: datetime | None) -> None:
    try:
        storable(at or timezone.now())
    except (ValueError, OverflowError) as error:
        raise ValidationError({column: f"{at} {error}"}) from error


@contextmanager
def alone() -> Iterator[None]:
    """Change events in one transaction. Tickets enter the queue before it or after it, never meanwhile."""
    with transaction.atomic():
        lock(EVENTS)
        yield


def in_desk_time(at: datetime | None) -> str:
    """Return `Sat 17 Oct 2026, 10:00 (America/New_York)`."""
    return f"{timezone.localtime(at, settings.DESK_TIME_ZONE):%a %d %b %Y, %H:%M} ({settings.DESK_TIME_ZONE})"
