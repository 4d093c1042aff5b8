"""Querysets of tickets and history: visibility, order, limits, and new tickets."""

from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.conf import settings
from django.db import connection, models, transaction
from django.db.models import Count, F, Max, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from mentorq.db.compiled import CompiledQuery
from mentorq.db.locks import EVENTS, lock
from mentorq_backend.columns import ROW
from mentorq_backend.erasing.person import ERASED_TEXT, Person
from mentorq_backend.events.models import Event
from mentorq_backend.events.schedule import LIVE, Schedule, current, schedule
from mentorq_backend.exceptions import LimitReached, MoveNotAllowed, QueueClosed, RateExceeded
from mentorq_backend.live.revisions import Change, count_change, step
from mentorq_backend.moves import Status, System
from mentorq_backend.waits.positions import OPEN_TICKETS
from mentorq_users.models import User

if TYPE_CHECKING:
    from mentorq_backend.models import Ticket, TicketEvent

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
STAFF_FACTOR = 10  # times the hourly limit
GONE = "This account is gone: sign in again."


class TicketQuerySet(models.QuerySet["Ticket"]):
    """Visibility, order and limit of tickets, and new tickets with their history."""

    def update(self, **columns: Any) -> int:
        """Update the rows, raise the `version` of each and the revision, and return the number of rows."""
        return self._change(Change.TICKETS, **columns)

    def rate(self) -> int:
        """Raise only the versions: the tickets show the URL of their feedback from now on."""
        return self._change(Change.RATINGS)

    def _change(self, kind: Change, **columns: Any) -> int:
        with transaction.atomic(savepoint=False):
            changed = super().update(**{"version": F("version") + step(), **columns})
            if changed:
                count_change(kind)
        return changed

    def bulk_create(self, objs: Any, *args: Any, **kwargs: Any) -> list["Ticket"]:
        tickets = list(objs)
        for ticket in tickets:
            ticket.fill_in_instants()
        with transaction.atomic(savepoint=False):
            count_change()
            return super().bulk_create(tickets, *args, **kwargs)

    def naming(self, person: Person) -> "TicketQuerySet":
        return self.filter(Q(owner_email=person.email) | Q(mentor_email=person.email) | Q(pk__in=self._naming_only(person)))

    def _naming_only(self, person: Person) -> "TicketQuerySet":
        """Return recorded help whose mentor has a name and no address."""
        return self.model.objects.filter(mentor_email="", mentor__in=person.names)

    def erase(self, person: Person) -> None:
        """Replace the person and what they wrote. History and feedback go first: they are found by the owner."""
        self.filter(owner_email=person.email).update(**person.as_owner)
        self.filter(mentor_email=person.email).update(**person.as_mentor)
        self._naming_only(person).update(mentor=person.as_mentor["mentor"])

    def visible_to(self, user: User) -> "TicketQuerySet":
        """Mentors, organizers and directors see every ticket, everyone else their own."""
        return self.all() if user.sees_every_ticket else self.filter(owner_email=user.email)

    def rows(self) -> "models.QuerySet[Ticket, tuple[Any, ...]]":
        return self.values_list(*ROW)

    def with_feedback(self) -> "TicketQuerySet":
        return self.select_related("feedback")

    def newest_first(self) -> "TicketQuerySet":
        return self.order_by("-created", "-id")

    def listed_since(self, opens: Any) -> "TicketQuerySet":
        """Return the tickets of an event and the unfinished older ones, so that an opening loses no ticket.

        With OR instead of the union SQLite reads every ticket: 32 ms instead of 3 among 100,000 (2026-11-27).
        """
        of_event, unfinished = self.model.objects.filter(queued__gte=opens), self.model.objects.filter(status__in=LIVE)
        return self.filter(pk__in=of_event.values("pk").union(unfinished.values("pk"), all=True))

    def waiting(self) -> "TicketQuerySet":
        """Return the open tickets in the order of the queue."""
        return self.filter(status=Status.OPEN).order_by("queued", "id")

    def with_position(self) -> Any:
        """Annotate `position`, from 1, among all open tickets."""
        is_earlier = Q(queued__lt=OuterRef("queued")) | Q(queued=OuterRef("queued"), id__lt=OuterRef("id"))
        earlier = self.model.objects.filter(is_earlier, status=Status.OPEN).order_by().values("status")
        return self.annotate(position=Coalesce(Subquery(earlier.annotate(count=Count("pk")).values("count")), 0) + 1)

    def check_limit(self, owner_email: str, of_event: Q, *, reopened: "Ticket | None" = None) -> None:
        """Raise LimitReached if the owner has too many open tickets in the present event.

        Call it after writing the ticket, in the same transaction and after `one_at_a_time`.
        """
        if self.filter(of_event, owner_email=owner_email, status=Status.OPEN).count() > settings.TICKETS_MAX_OPEN:
            raise LimitReached(
                f"Nobody may have more than {settings.TICKETS_MAX_OPEN} open tickets: cancel one, or wait for a mentor.",
                ticket=reopened,
            )

    @transaction.atomic
    def get_or_open(self, *, by: User, status: str = Status.OPEN, **fields: Any) -> tuple["Ticket", bool]:
        """Return a new ticket and True, or the same ticket from a moment ago and False; raises as `open` does.

        A response may get lost, and people press the button again.
        """
        one_at_a_time(by, fields["owner_email"], enters=True)
        first = self._repeated(**fields) if status == Status.OPEN else None
        return (first, False) if first else (self.open(by=by, status=status, **fields), True)

    def _repeated(
        self, *, owner_email: str, title: str, location: str, comment: str = "", contact: str = "", **other: Any
    ) -> "Ticket | None":
        same = self.filter(owner_email=owner_email, title=title, location=location, comment=comment, contact=contact)
        return same.filter(status=Status.OPEN, created__gt=timezone.now() - MINUTE).order_by("id").first()

    @transaction.atomic
    def open(
        self, *, by: User, status: str = Status.OPEN, mentor_email: str = "", mentor: str = "", **fields: Any
    ) -> "Ticket":
        """Return a new ticket with its first history row; raises MoveNotAllowed, QueueClosed, LimitReached, RateExceeded.

        Any other status than OPEN records help already given: with instants, but without waiting times.
        """
        ticket = self.model(**fields)
        ticket.owner = ticket.owner or User.objects.name_of(ticket.owner_email, by=by)
        one_at_a_time(by, ticket.owner_email, enters=True)
        entry: dict[str, Any] = {"queued": ticket.created, "ahead": OPEN_TICKETS} if status == Status.OPEN else {}
        if entry:
            ticket.ahead = OPEN_TICKETS
        else:
            ticket.set_recorded_status(status, by=by, mentor_email=mentor_email, mentor=mentor)
        ticket.save(force_insert=True)
        ticket.has_feedback = False
        ticket.add_event(by, ticket.created, "", {"status": status, **entry})
        ticket.set_columns(entry)
        return ticket


class TicketEventQuerySet(models.QuerySet["TicketEvent"]):
    """The history of tickets, and the hourly limits."""

    def naming(self, person: Person) -> "TicketEventQuerySet":
        return self.filter(Q(by=person.email) | Q(mentor_email=person.email)) | self._noted(person)

    def _noted(self, person: Person) -> "TicketEventQuerySet":
        """Return the corrections of their tickets and those that they made. The server's own notes are nobody's words."""
        noted = self.exclude(note="").exclude(by="")
        return noted.filter(Q(by=person.email) | Q(ticket__owner_email=person.email))

    def erase(self, person: Person) -> None:
        self._noted(person).update(note=ERASED_TEXT)
        self.filter(by=person.email).update(by=person.placeholder)
        self.filter(mentor_email=person.email).update(mentor_email=person.placeholder)

    def check_account(self, by: User) -> None:
        """Raise MoveNotAllowed if the person was erased since the request began."""
        if not User.objects.filter(email=by.email).exists():
            raise MoveNotAllowed(GONE)

    def check_allowance(self, ticket: "Ticket", by: User, *, opening: bool, enters: bool) -> None:
        """Raise MoveNotAllowed, QueueClosed, LimitReached or RateExceeded if the person may not do now what they did.

        `enters` means that the ticket entered the queue. Call it after writing the history row, in the same transaction
        and after `one_at_a_time`.
        """
        since = timezone.now() - HOUR
        rows = ACTION_COUNTS[opening](by.email, connection.ops.adapt_datetimefield_value(since))
        if rows and rows[0][2] is None:
            raise MoveNotAllowed(GONE)
        if enters:
            _check_entry(ticket, by, schedule(rows[0][1]) if rows else current(), opening=opening)
        self._check_rate(by, rows[0][0] if rows else 0, since, opening=opening)

    def _check_rate(self, by: User, count: int, since: datetime, *, opening: bool) -> None:
        most = (settings.TICKETS_PER_HOUR if opening else settings.MOVES_PER_HOUR) * (STAFF_FACTOR if by.is_staff else 1)
        if count > most:
            # The oldest row that counts. `most` later ones follow; the last of them is undone now.
            oldest: TicketEvent = self.done_by(by.email, opening).order_by("-at")[most]
            raise RateExceeded(most, opening=opening, wait=(oldest.at - since).total_seconds())

    def done_by(self, email: Any, opening: bool) -> "TicketEventQuerySet":
        """Return the person's openings, or moves, without corrections and imports."""
        done = self.filter(by=email, counts=True)
        return done.filter(from_status="") if opening else done.exclude(from_status="")


def one_at_a_time(by: User | System, owner_email: str = "", *, enters: bool = False) -> None:
    """Let this person open or move one ticket at a time, until the transaction ends.

    With `owner_email` that owner's tickets enter the queue one at a time, too. `enters` keeps the events as they are. Call
    it before writing any row: otherwise two requests could each hold the row that the other one waits for.
    """
    lock(f"work of {by.email}", shared=EVENTS if enters else "")
    if owner_email:
        lock(f"open tickets of {owner_email}")


def _check_entry(ticket: "Ticket", by: User, events: Schedule, *, opening: bool) -> None:
    now, reopened = timezone.now(), None if opening else ticket
    if not by.is_staff and not events.is_open(now):
        raise QueueClosed(events.why_closed(now), ticket=reopened)
    if opening or ticket.is_reopened_by_owner(by):
        type(ticket).objects.check_limit(ticket.owner_email, events.tickets(now), reopened=reopened)


def _count_actions(opening: bool, email: Any, since: Any) -> "models.QuerySet[TicketEvent, Any]":
    events: TicketEventQuerySet = apps.get_model("mentorq_backend", "TicketEvent").objects.all()
    done = events.done_by(email, opening).filter(at__gt=since).values("by")
    account = User.objects.filter(email=email).values("pk")
    counts = done.annotate(count=Count("pk"), events=Max(Subquery(Event.objects.version())), account=Max(Subquery(account)))
    return counts.values_list("count", "events", "account")


# Compiled, because every move needs it: uncompiled it takes a sixth of a claim (November 2026).
ACTION_COUNTS = {opening: CompiledQuery(partial(_count_actions, opening), 2) for opening in (True, False)}
