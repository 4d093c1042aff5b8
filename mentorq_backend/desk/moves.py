"""The moves' buttons: one ticket at one touch, several after a question, and Undo.

They move tickets with the same verbs of `Ticket` as the API.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import SuspiciousOperation
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from mentorq_backend.exceptions import LimitReached, MoveNotAllowed, RateExceeded, TicketConflict
from mentorq_backend.models import Ticket
from mentorq_backend.moves import MOVES, Status
from mentorq_users.desk.pages import DeskAdmin
from mentorq_users.emails import normalize_email
from mentorq_users.models import User

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


@dataclass(frozen=True)
class Shown:
    """A ticket with the status and the mentor of a button, so that the button does nothing to a changed ticket."""

    ticket: Ticket
    status: str
    mentor_email: str

    @property
    def is_current(self) -> bool:
        return (self.ticket.status, self.ticket.mentor_email) == (self.status, self.mentor_email)

    @property
    def has_a_way_back(self) -> bool:
        return (self.ticket.status, self.status) != (Status.CANCELLED, Status.CLOSED)  # nobody closes a cancelled ticket


def of_button(value: str) -> tuple[str, Shown]:
    """Return the first part of `what|pk|status|mentor_email`, and the rest; raises SuspiciousOperation for others."""
    try:
        what, pk, status, mentor_email = value.split("|", 3)
        return what, Shown(Ticket.objects.get(pk=int(pk)), Status(status), mentor_email)
    except (ValueError, OverflowError, Ticket.DoesNotExist) as error:
        raise SuspiciousOperation("no button sends this") from error


def undo_button(moved: list[Shown]) -> SafeString:
    """Return the button that takes these moves back, "" if there is no way. It carries each ticket's last move."""
    values = [
        f"{shown.ticket.moved.isoformat()}|{shown.ticket.pk}|{shown.status}|{shown.mentor_email}"
        for shown in moved
        if shown.has_a_way_back
    ]
    return render_to_string("mentorq_backend/undo.html", {"values": values})


def _known(verb: str) -> str:
    if verb not in VERBS:
        raise SuspiciousOperation("no button sends this")
    return verb


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
        if "_undo" in request.POST:
            self._undo_all(request, [of_button(value) for value in request.POST["_undo"].split()])
        elif "_ask" in request.POST:
            verb, shown = of_button(request.POST["_ask"])
            return self.ask(request, [shown.ticket], _known(verb))
        elif "_move" in request.POST:
            self._move_all(request, [of_button(value) for value in request.POST.getlist("_move")])
        else:
            return None
        return redirect(request.get_full_path())

    def _move_all(self, request: HttpRequest, buttons: list[tuple[str, Shown]]) -> None:
        verbs = [_known(verb) for verb, _ in buttons]
        moved = [shown for verb, shown in buttons if self._move(request, shown, verb)]
        if moved:
            self._say(request, moved, VERBS[verbs[0]].past, undo_button(moved))

    def _move(self, request: HttpRequest, shown: Shown, verb: str) -> bool:
        return self._try(
            request,
            shown.ticket,
            lambda: VERBS[verb].move(shown.ticket, organizer(request), MentorForm.chosen(request)),
            is_current=shown.is_current,
        )

    def _undo_all(self, request: HttpRequest, buttons: list[tuple[str, Shown]]) -> None:
        undone = [shown for moved, shown in buttons if self._undo(request, shown, moved)]
        if undone:
            self._say(request, undone, "undone")

    def _undo(self, request: HttpRequest, shown: Shown, moved: str) -> bool:
        ticket = shown.ticket
        return self._try(
            request,
            ticket,
            lambda: ticket.undo(by=organizer(request), status=shown.status, mentor_email=shown.mentor_email),
            is_current=ticket.moved.isoformat() == moved,
        )

    def _try(self, request: HttpRequest, ticket: Ticket, move: Callable[[], None], *, is_current: bool) -> bool:
        try:
            if not is_current:
                raise ticket.conflict()
            move()
        except REFUSALS as refusal:
            self.message_user(request, f"{ticket}: {refusal}", messages.WARNING)
            return False
        return True

    def _say(self, request: HttpRequest, moved: list[Shown], past: str, after: str = "") -> None:
        text = f"{moved[0].ticket}: {past}." if len(moved) == 1 else f"{past.capitalize()}: {len(moved)}."
        self.message_user(request, format_html("{} {}", text, after) if after else text, messages.SUCCESS)
