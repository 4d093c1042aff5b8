"""Tickets with their moves."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.functional import cached_property

from mentorq.api.texts import shortened
from mentorq.db.fields import LinesField, OneLineField
from mentorq_backend.columns import FEEDBACK, ROW
from mentorq_backend.events.models import Event
from mentorq_backend.exceptions import MoveNotAllowed, TicketConflict
from mentorq_backend.feedback.models import Feedback
from mentorq_backend.history import TicketEvent
from mentorq_backend.live.revisions import Revision, count_change, step
from mentorq_backend.moves import MOVES, RENAME_MENTOR, Move, Status, System, Who, status_and_instants_agree, waiting_time
from mentorq_backend.notices import outbox
from mentorq_backend.notices.models import Notice, Webhook
from mentorq_backend.querysets import TicketQuerySet, one_at_a_time
from mentorq_backend.upkeep.models import Heartbeat
from mentorq_backend.waits.positions import OPEN_TICKETS
from mentorq_users.models import User

__all__ = ["Event", "Feedback", "Heartbeat", "Notice", "Revision", "Ticket", "TicketEvent", "Webhook"]  # for Django

INSTANTS = ("created", "queued", "claimed_datetime", "closed_datetime")


class Ticket(models.Model):
    """A request for help. Its status changes only through `move` and the verbs around it, which decide who may do what."""

    Status = Status

    owner_email = models.EmailField()
    owner = OneLineField(help_text="The name to show; not always the owner's own.")
    title = OneLineField()
    comment = LinesField(blank=True)
    contact = OneLineField(blank=True)
    location = OneLineField()
    status = models.CharField(max_length=9, choices=Status.choices, default=Status.OPEN)
    mentor = OneLineField(blank=True)
    mentor_email = models.EmailField(blank=True)
    active = models.BooleanField(default=True, help_text="Whether the owner is still around, as mentors see it.")
    created = models.DateTimeField(default=timezone.now)
    queued = models.DateTimeField(editable=False, help_text="When it entered the queue: its creation or last reopening.")
    ahead = models.PositiveIntegerField(default=0, db_default=0, editable=False, help_text="How many were open then.")
    left_queue = models.DateTimeField(null=True, editable=False, help_text="The claim that holds, or the end without one.")
    claimed_datetime = models.DateTimeField(null=True, blank=True)
    closed_datetime = models.DateTimeField(null=True, blank=True)
    moved = models.DateTimeField(editable=False, help_text="Its last move. No move is earlier than the one before.")
    # Microseconds from `queued`. Integers, because SQLite runs Python for date arithmetic, row by row.
    time_to_claim = models.BigIntegerField(null=True, blank=True, editable=False)
    time_to_close = models.BigIntegerField(null=True, blank=True, editable=False)
    recorded = models.BooleanField(
        default=False, editable=False, help_text="Whether it began as a record of help already given: nobody waited for it."
    )
    version = models.BigIntegerField(default=step, editable=False)

    objects = TicketQuerySet.as_manager()

    last_event: TicketEvent | None = None  # the last one that this object wrote

    class Meta:
        indexes = [
            models.Index(fields=["-created", "-id"], name="ticket_newest"),
            models.Index(fields=["owner_email", "-created", "-id"], name="ticket_owner_newest"),
            models.Index(fields=["owner_email"], condition=Q(status=Status.OPEN), name="ticket_owner_open"),
            models.Index(fields=["status", "-created", "-id"], name="ticket_status_newest"),
            # For the events and the forecast.
            models.Index(fields=["queued", "id"], name="ticket_queue_entry"),
            # For the percentiles.
            models.Index(fields=["time_to_claim"], condition=Q(time_to_claim__isnull=False), name="ticket_claim_times"),
            models.Index(
                fields=["status", "time_to_close"],
                condition=Q(active=True, time_to_close__isnull=False),
                name="ticket_close_times",
            ),
        ]
        constraints = [
            models.CheckConstraint(name="ticket_status_and_instants_agree", condition=status_and_instants_agree()),
            models.CheckConstraint(
                name="ticket_waits_are_not_negative",
                condition=(Q(time_to_claim=None) | Q(time_to_claim__gte=0))
                & (Q(time_to_close=None) | Q(time_to_close__gte=0)),
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {shortened(self.title)}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Insert a new ticket; raises TypeError for an existing one: saving it would undo concurrent changes."""
        if not self._state.adding:
            raise TypeError("A ticket changes through its verbs or Ticket.objects.update(), never through save().")
        self.fill_in_instants()
        with transaction.atomic(savepoint=False):
            super().save(*args, **kwargs)
            count_change()

    def fill_in_instants(self) -> None:
        """Set the missing `queued` and `moved` of a new ticket."""
        self.queued = self.queued or self.created
        self.moved = self.moved or max(filter(None, (getattr(self, column) for column in INSTANTS)))

    @cached_property
    def has_feedback(self) -> bool:
        return hasattr(self, "feedback")

    @property
    def row(self) -> tuple[Any, ...]:
        """The same tuple as `TicketQuerySet.rows()` reads."""
        return tuple(self.has_feedback or None if column == FEEDBACK else getattr(self, column) for column in ROW)

    def claim(self, *, by: User, mentor_email: str = "", mentor: str = "") -> None:
        """Give an open ticket to `by`, or to the mentor that an organizer names. A claimed one is handed over."""
        self.move(Status.CLAIMED, by=by, mentor_email=mentor_email, mentor=mentor)

    def release(self, *, by: User) -> None:
        if self.status in (Status.CLOSED, Status.CANCELLED):
            raise self._not_possible("released")
        self.move(Status.OPEN, by=by)

    def close(self, *, by: User, mentor_email: str = "", mentor: str = "") -> None:
        """Close the ticket. A mentor who closes an open one becomes its mentor."""
        self.move(Status.CLOSED, by=by, mentor_email=mentor_email, mentor=mentor)

    def cancel(self, *, by: User, mentor_email: str | None = None) -> None:
        """Cancel the ticket. An empty `mentor_email` removes the mentor, None keeps them."""
        self.move(Status.CANCELLED, by=by, mentor_email=mentor_email)

    def reopen(self, *, by: User) -> None:
        if self.status == Status.CLAIMED:
            raise self._not_possible("reopened")
        self.move(Status.OPEN, by=by)

    def undo(self, *, by: User, event: int, before: Mapping[str, Any]) -> None:
        """Take back the move of this history row. `before` has the columns of RESTORED as they were.

        It makes moves of the table, which the history shows. Raises what `move` raises, or TicketConflict if anything has
        happened since; both change nothing.
        """
        status, mentor_email = before["status"], before["mentor_email"]
        self._check_nothing_since(event, mentor_email)
        via = [] if (self.status, status) in MOVES and mentor_email != by.email else [Status.OPEN]
        with transaction.atomic():
            moves = sum(self.move(to, by=by, mentor_email=mentor_email or None) for to in [*via, status])
            self._check_nothing_since(event, mentor_email, moves)  # again, now that nobody else can move it
            Ticket.objects.filter(pk=self.pk).update(**before)
        self.set_columns(dict(before))

    def move(
        self, to: str, *, by: User | System, mentor_email: str | None = None, mentor: str = "", note: str = ""
    ) -> bool:
        """Move the ticket for `by` and write its history row, or raise and change nothing. Return whether it has moved.

        Raises, in this order: TicketConflict `not_possible`, MoveNotAllowed, TicketConflict `conflict`, QueueClosed,
        LimitReached, RateExceeded. The current status again does nothing. `mentor` is the name to show, by default the
        account's. `note` says why the server moves it; it gives way to any move since the ticket was read.
        """
        named = self._new_mentor_email(to, by, mentor_email)
        if self._is_already(to, named):
            return False
        # Somebody else has claimed it: this is a claim of an open ticket that came too late, not a hand-over.
        is_late_claim = self.status == to == Status.CLAIMED and named == by.email
        move = MOVES.get((Status.OPEN if is_late_claim else self.status, to))
        if move is None:
            raise self._not_possible("reopened" if to == Status.OPEN else Status(to).label)
        self._check_may(move, by)
        self._check_may_name(named, by)
        if is_late_claim:
            raise self.conflict()
        at = self._now()
        return self._make(by, at, {**self._changes(to, named, mentor, by, at), "moved": at}, note)

    def set_recorded_status(self, status: str, *, by: User, mentor_email: str, mentor: str) -> None:
        """Set the status of a new, unsaved ticket as a move would, but without waiting times; raises MoveNotAllowed."""
        named = self._new_mentor_email(status, by, mentor_email or None)
        self._check_may_name(named, by)
        self.recorded = True
        self.queued = self.created
        self.mentor = mentor  # also if the e-mail is unknown
        self.set_columns(self._changes(status, named, mentor, by, at=self.created))
        if named and status == Status.CLOSED:
            self.claimed_datetime = self.created

    def hand_over(self, *, by: User, mentor_email: str, mentor: str = "") -> None:
        if self.status != Status.CLAIMED:
            raise self._not_possible("given another mentor")
        self.claim(by=by, mentor_email=mentor_email, mentor=mentor)

    def rename_mentor(self, mentor: str, *, by: User) -> None:
        """Change the shown name of the mentor, for this mentor or an organizer; raises as `move` does."""
        if self.status != Status.CLAIMED:
            raise self._not_possible("given another mentor")
        self._check_may(RENAME_MENTOR, by)
        if mentor != self.mentor:
            changes = {"status": Status.CLAIMED, "mentor": mentor, "mentor_email": self.mentor_email}
            self._make(by, self._now(), changes)

    def mark_active(self, active: bool, *, by: User) -> None:
        """Set whether the owner is still around; raises MoveNotAllowed except for mentors and organizers."""
        if not (by.is_mentor or by.is_staff):
            raise MoveNotAllowed("Only mentors, organizers and directors may set whether the owner is still around.")
        Ticket.objects.filter(pk=self.pk).update(active=active)
        self.active = active

    def correct(self, *, by: User, **texts: str) -> None:
        """Correct title, location or contact, for an organizer. The history keeps the old texts.

        Raises MoveNotAllowed, or TicketConflict if the ticket was changed meanwhile; both change nothing.
        """
        if not by.is_staff:
            raise MoveNotAllowed("Only organizers and directors may correct a ticket.")
        was = {column: getattr(self, column) for column, text in texts.items() if text != getattr(self, column)}
        if not was:
            return
        note = "\n".join(f"{column}: {old} → {texts[column]}" for column, old in was.items())
        changes = {"status": self.status, **{column: texts[column] for column in was}}
        with transaction.atomic():
            corrected = self._write(by, self._now(), changes, note=note, **was)
        if not corrected:
            self._reread()
            raise self.changed_meanwhile()
        self.set_columns(changes)

    def conflict(self) -> TicketConflict:
        detail = {
            Status.OPEN: "Somebody has put it back into the queue already.",
            Status.CLAIMED: f"{shortened(self.mentor or self.mentor_email)} has claimed it already.",
            Status.CLOSED: "It has been closed already.",
            Status.CANCELLED: "It has been cancelled already.",
        }
        return TicketConflict(detail[Status(self.status)], code="conflict", ticket=self)

    def other_party(self, user: User) -> str:
        """Return the e-mail of the person to talk to: for the owner the mentor, for everyone else the owner.

        Raises MoveNotAllowed for people without a part in it, TicketConflict for the owner if there is no mentor.
        """
        roles = self.roles_of(user)
        if Who.OWNER in roles:
            if not self.mentor_email:
                raise TicketConflict("Nobody has claimed it yet.", code="not_possible", ticket=self)
            return self.mentor_email
        if not roles & {Who.ITS_MENTOR, Who.STAFF}:
            raise MoveNotAllowed("Only its owner, its mentor, an organizer or a director may do this.")
        return self.owner_email

    def roles_of(self, user: User | System) -> set[Who]:
        if isinstance(user, System):
            return {Who.SERVER}
        is_owner = user.email == self.owner_email
        return {
            who
            for who, holds in {
                Who.MENTOR: user.is_mentor and not is_owner,
                Who.ITS_MENTOR: user.email == self.mentor_email,
                Who.OWNER: is_owner,
                Who.STAFF: user.is_staff,
            }.items()
            if holds
        }

    def add_event(self, by: User | System, at: datetime, from_status: str, changes: dict[str, Any], note: str = "") -> None:
        """Write history row and notices of these changes. Raises what `check_allowance` raises, unless there is a note."""
        event = TicketEvent.objects.create(
            ticket=self,
            at=at,
            by=by.email,
            from_status=from_status,
            to_status=changes["status"],
            mentor_email=changes.get("mentor_email", self.mentor_email),
            note=note,
            counts=not note,
        )
        if note and isinstance(by, User):
            TicketEvent.objects.check_account(by)
        elif isinstance(by, User):
            TicketEvent.objects.check_allowance(self, by, opening=not from_status, enters="queued" in changes)
        outbox.tell_of_move(self, by.email, at, from_status, changes)
        self.last_event = event

    def is_reopened_by_owner(self, by: User | System) -> bool:
        """Return whether a reopening by this person counts for the limit. One by a mentor or an organizer may exceed it."""
        return by.email == self.owner_email and not by.is_staff

    def _new_mentor_email(self, to: str, by: User | System, mentor_email: str | None) -> str | None:
        """Return the e-mail of the mentor after the move, "" for none, None for no change."""
        if to == Status.OPEN:
            return ""
        if to == Status.CLAIMED:
            return mentor_email or by.email
        if to == Status.CANCELLED:
            return mentor_email
        # A close. The frontend always names the person who closes. If that is an organizer, the mentor who helped stays,
        # and nobody becomes the mentor of their own ticket.
        keeps_its_mentor = self.status != Status.OPEN or by.email == self.owner_email
        if by.is_staff and mentor_email == by.email and keeps_its_mentor:
            return None
        becomes_mentor = self.status == Status.OPEN and Who.MENTOR in self.roles_of(by)
        return mentor_email or (by.email if becomes_mentor else None)

    def _is_already(self, to: str, named: str | None) -> bool:
        return self.status == to and (not named or named == self.mentor_email)

    def _check_may(self, move: Move, by: User | System) -> None:
        if not move.who & self.roles_of(by):
            raise MoveNotAllowed(move.rule)

    def _check_may_name(self, named: str | None, by: User | System) -> None:
        if not named or named == self.mentor_email:
            return
        if named == self.owner_email:
            raise MoveNotAllowed("Nobody may be the mentor of their own ticket.")
        if named != by.email and not by.is_staff:
            raise MoveNotAllowed("Only an organizer or director may name somebody else as the mentor.")

    def _changes(self, to: str, named: str | None, mentor: str, by: User | System, at: datetime) -> dict[str, Any]:
        waited = None if self.recorded else waiting_time(self.queued, at)
        changes: dict[str, Any] = {"status": to}
        if named is not None and named != self.mentor_email:
            changes |= {"mentor_email": named, "mentor": named and (mentor or User.objects.name_of(named, by=by))}
        elif mentor and to == Status.CLOSED and self.mentor_email in (named, by.email):
            changes["mentor"] = mentor
        if to in (Status.OPEN, Status.CANCELLED):
            changes |= {"closed_datetime": None, "time_to_close": None}
        if to == Status.OPEN:
            changes |= {"claimed_datetime": None, "time_to_claim": None, "left_queue": None}
            # A release keeps the place in the queue: the owner is still waiting.
            changes |= {} if self.status == Status.CLAIMED else {"queued": at, "ahead": OPEN_TICKETS}
        elif self.status == Status.OPEN:
            changes["left_queue"] = at
        # An organizer may name who helped, but does not know since when.
        is_claim = to == Status.CLAIMED or (to == Status.CLOSED and named == by.email and by.is_mentor)
        if self.status == Status.OPEN and is_claim:
            changes |= {"claimed_datetime": at, "time_to_claim": waited}
        if to == Status.CLOSED:
            changes |= {"closed_datetime": at, "time_to_close": waited}
        return changes

    def _check_nothing_since(self, event: int, mentor_email: str, moves: int = 0) -> None:
        """Raises TicketConflict unless so many moves came after this one, or if the mentor was erased."""
        is_erased = bool(mentor_email) and not self.events.filter(mentor_email=mentor_email).exists()
        if is_erased or self.events.filter(pk__gt=event).count() != moves:
            raise self.changed_meanwhile()

    def changed_meanwhile(self) -> TicketConflict:
        return TicketConflict("The ticket has changed meanwhile: look at it again.", code="conflict", ticket=self)

    def _make(self, by: User | System, at: datetime, changes: dict[str, Any], note: str = "") -> bool:
        # Since the server looked at its age, the ticket may have been claimed and released again.
        still = {"moved": self.moved} if isinstance(by, System) else {}
        with transaction.atomic():
            enters = "queued" in changes
            one_at_a_time(by, self.owner_email if enters and self.is_reopened_by_owner(by) else "", enters=enters)
            moved = self._write(by, at, changes, note=note, **still)
        if moved:
            self.set_columns(changes)
            return True
        self._reread()
        if self._is_already(changes["status"], changes.get("mentor_email")):
            return False
        raise self.conflict()

    def _write(self, by: User | System, at: datetime, changes: dict[str, Any], *, note: str = "", **still: Any) -> bool:
        """Write changes and history row in the caller's transaction, if the ticket is `still` as it was read.

        Its owner may have been erased meanwhile, and notices tell the ticket as it was read.
        """
        as_read = {column: getattr(self, column) for column in ("pk", "status", "mentor_email", "owner_email")}
        if not Ticket.objects.filter(**as_read, **still).update(**changes):
            return False
        self.add_event(by, at, self.status, changes, note)
        return True

    def _now(self) -> datetime:
        """Return now, but never an instant before the last move: clocks differ and step back."""
        return max(timezone.now(), self.moved)

    def _reread(self) -> None:
        self.refresh_from_db()
        self.__dict__.pop("has_feedback", None)  # a cached property

    def set_columns(self, changes: dict[str, Any]) -> None:
        for column, value in changes.items():
            if hasattr(value, "resolve_expression"):
                self.__dict__.pop(column, None)  # the database has computed it
            else:
                setattr(self, column, value)

    def _not_possible(self, participle: str) -> TicketConflict:
        remedy = ": reopen it first" if self.status in (Status.CLOSED, Status.CANCELLED) else ""
        return TicketConflict(
            f"A ticket that is {self.status} cannot be {participle}{remedy}.", code="not_possible", ticket=self
        )
