"""The moves' buttons: one ticket at one touch, several after a question, and Undo.

They move tickets with the same verbs of `Ticket` as the API.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, NamedTuple, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core import signing
from django.core.exceptions import SuspiciousOperation
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from mentorq_backend.columns import RESTORED
from mentorq_backend.exceptions import LimitReached, MoveNotAllowed, RateExceeded, TicketConflict
from mentorq_backend.models import Ticket
from mentorq_backend.moves import MOVES, Status
from mentorq_users.desk.pages import DeskAdmin
from mentorq_users.emails import normalize_email
from mentorq_users.models import User

UNDO = "undo"  # the salt of its signature
MOST_ASKED = 500  # tickets of one question: Django refuses forms with more than a thousand fields
REFUSALS = (TicketConflict, LimitReached, MoveNotAllowed, RateExceeded)


def claim(ticket: Ticket, by: User, mentor_email: str) -> None:
    if ticket.status == Status.CLAIMED and mentor_email != ticket.mentor_email:
        raise ticket.conflict()
    ticket.claim(by=by, mentor_email=mentor_email)


def hand_over(ticket: Ticket, by: User, mentor_email: str) -> None:
    if not mentor_email:
        raise MoveNotAllowed("Choose the mentor first.")
    ticket.hand_over(by=by, mentor_email=mentor_email)


class Verb(NamedTuple):
    """What the desk says after a move, and how it makes the move: ticket, person, and the chosen mentor's e-mail."""

    past: str
    move: Callable[[Ticket, User, str], None]


# By the verbs of MOVES.
VERBS: dict[str, Verb] = {
    "claim": Verb("claimed", claim),
    "hand over": Verb("handed over", hand_over),
    "release": Verb("released", lambda ticket, by, _: ticket.release(by=by)),
    "close": Verb("closed", lambda ticket, by, _: ticket.close(by=by)),
    "cancel": Verb("cancelled", lambda ticket, by, _: ticket.cancel(by=by)),
    "strike out": Verb("struck out", lambda ticket, by, _: ticket.cancel(by=by)),
    "reopen": Verb("reopened", lambda ticket, by, _: ticket.reopen(by=by)),
}


def verbs(ticket: Ticket) -> list[str]:
    return [move.verb for (status, _), move in MOVES.items() if status == ticket.status]


def organizer(request: HttpRequest) -> User:
    return cast("User", request.user)


class MentorForm(forms.Form):
    """The mentor to give a ticket to. An empty choice means the person who asks."""

    mentor = forms.EmailField(required=False, max_length=254)

    @classmethod
    def chosen(cls, request: HttpRequest) -> str:
        """Return the chosen e-mail, "" for none; raises MoveNotAllowed if it is not an e-mail."""
        form = cls(request.POST)
        if not form.is_valid():
            raise MoveNotAllowed(f"Mentor: {' '.join(map(str, form.errors['mentor']))}")
        return normalize_email(form.cleaned_data["mentor"])


class Way(NamedTuple):
    """The way back from a move: ticket, history row, instant of the move, and the columns before it."""

    pk: int
    event: int
    moved: str
    before: dict[str, Any]  # as `written` returns them


def read(columns: dict[str, Any]) -> dict[str, Any]:
    return {name: cast("Any", Ticket._meta.get_field(name)).to_python(value) for name, value in columns.items()}


def written(ticket: Ticket) -> dict[str, Any]:
    """The columns that Undo gives back, instants as ISO 8601."""
    columns = {name: getattr(ticket, name) for name in RESTORED}
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in columns.items()}


def undo_button(ways: list[Way]) -> SafeString:
    """Return the button that takes these moves back. It is signed: nobody else says how a ticket was."""
    value = signing.dumps(ways, salt=UNDO, compress=True) if ways else ""
    return render_to_string("mentorq_backend/undo.html", {"value": value})


def ways_of(button: str) -> list[Way]:
    """Raises SuspiciousOperation for what `undo_button` did not write."""
    try:
        return [Way(*way) for way in signing.loads(button, salt=UNDO)]
    except signing.BadSignature as error:
        raise SuspiciousOperation("no button sends this") from error


def of_button(value: str) -> tuple[str, Ticket, bool]:
    """Return verb and ticket of `verb|pk|status|mentor_email`, and whether the ticket is still as the button shows it.

    Raises SuspiciousOperation for what no button sends.
    """
    try:
        verb, pk, *shown = value.split("|", 3)
        ticket = Ticket.objects.get(pk=int(pk))
    except (ValueError, Ticket.DoesNotExist) as error:
        raise SuspiciousOperation("no button sends this") from error
    if verb not in VERBS:
        raise SuspiciousOperation("no button sends this")
    return verb, ticket, [ticket.status, ticket.mentor_email] == shown


def on_chosen(verb: str, description: str) -> Any:

    @admin.action(description=description)
    def apply(model_admin: "MovesAdmin", request: HttpRequest, queryset: QuerySet[Ticket]) -> HttpResponse | None:
        # Not the queryset: a ticket that no longer suits the list's filters would be left out without a word.
        return model_admin.ask(request, Ticket.objects.filter(pk__in=request.POST.getlist(ACTION_CHECKBOX_NAME)), verb)

    apply.__name__ = verb  # the name in the form
    return apply


class MovesAdmin(DeskAdmin):
    """A page whose buttons move tickets."""

    actions = [
        on_chosen("claim", "Claim for the mentor chosen above"), on_chosen("release", "Release"),
        on_chosen("close", "Close"), on_chosen("cancel", "Cancel"), on_chosen("reopen", "Reopen"),
    ]  # fmt: skip

    def ask(self, request: HttpRequest, tickets: Iterable[Ticket], verb: str, page: str = "") -> HttpResponse:
        """Show the tickets, with one button that moves them all on `page`, by default the one that asks."""
        try:
            mentor = MentorForm.chosen(request)
        except MoveNotAllowed as refusal:
            self.message_user(request, str(refusal), messages.WARNING)
            return redirect(request.get_full_path())
        context = {"title": verb.capitalize(), "verb": verb, "tickets": list(tickets), "mentor": mentor}
        context["page"] = page or request.get_full_path()
        context |= {"for_whom": User.objects.name_of(mentor, by=organizer(request)) if verb == "claim" else ""}
        return TemplateResponse(request, "mentorq_backend/ask.html", {**self.admin_site.each_context(request), **context})

    def press(self, request: HttpRequest) -> HttpResponse | None:
        """Do what a button of the page says, and show the page again; None if no button was pressed."""
        if "_ask" in request.POST:
            verb, ticket, _ = of_button(request.POST["_ask"])
            return self.ask(request, [ticket], verb)
        if "_undo" in request.POST:
            self._undo_all(request, ways_of(request.POST["_undo"]))
        elif "_move" in request.POST:
            self._move_all(request, [of_button(value) for value in dict.fromkeys(request.POST.getlist("_move"))])
        else:
            return None
        return redirect(request.get_full_path())

    def _move_all(self, request: HttpRequest, buttons: list[tuple[str, Ticket, bool]]) -> None:
        befores = {ticket: written(ticket) for _, ticket, _ in buttons}
        for verb, ticket, is_current in buttons:
            self._move(request, ticket, verb, is_current)
        moved = [(ticket, ticket.last_event) for _, ticket, _ in buttons if ticket.last_event]
        # Nobody closes a cancelled ticket, so a ticket that was struck out has no way back.
        ways = [
            Way(ticket.pk, event.pk, ticket.moved.isoformat(), befores[ticket])
            for ticket, event in moved
            if (befores[ticket]["status"], ticket.status) != (Status.CLOSED, Status.CANCELLED)
        ]
        if moved:
            self._say(request, [ticket for ticket, _ in moved], VERBS[buttons[0][0]].past, undo_button(ways))

    def _move(self, request: HttpRequest, ticket: Ticket, verb: str, is_current: bool) -> None:
        try:
            if not is_current:
                raise ticket.conflict()
            VERBS[verb].move(ticket, organizer(request), MentorForm.chosen(request))
        except REFUSALS as refusal:
            self.message_user(request, f"{ticket}: {refusal}", messages.WARNING)
        else:
            if not ticket.last_event:
                self.message_user(request, f"{ticket}: It is {ticket.get_status_display()} already.", messages.WARNING)

    def _undo_all(self, request: HttpRequest, ways: list[Way]) -> None:
        tickets = {ticket.pk: ticket for ticket in Ticket.objects.filter(pk__in=[way.pk for way in ways])}
        undone = [tickets[way.pk] for way in ways if way.pk in tickets and self._undo(request, tickets[way.pk], way)]
        if undone:
            self._say(request, undone, "undone")

    def _undo(self, request: HttpRequest, ticket: Ticket, way: Way) -> bool:
        try:
            # Without the instant, a restored backup could have another history row with this id.
            event = way.event if ticket.moved.isoformat() == way.moved else 0
            ticket.undo(by=organizer(request), event=event, before=read(way.before))
        except REFUSALS as refusal:
            self.message_user(request, f"{ticket}: {refusal}", messages.WARNING)
            return False
        return True

    def _say(self, request: HttpRequest, moved: list[Ticket], past: str, after: str = "") -> None:
        text = f"{moved[0]}: {past}." if len(moved) == 1 else f"{past.capitalize()}: {len(moved)}."
        self.message_user(request, format_html("{} {}", text, after) if after else text, messages.SUCCESS)
