"""The events' pages: plan them, and open, pause and close the queue with one click."""

import re
from contextlib import nullcontext
from typing import Any, cast

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString
from unfold.decorators import display

from mentorq.api.ids import ID
from mentorq_backend.desk.filters import tickets_at
from mentorq_backend.desk.moves import MOST_ASKED, MovesAdmin
from mentorq_backend.events.models import Event, EventQuerySet, alone, in_desk_time
from mentorq_backend.events.schedule import current
from mentorq_backend.models import Ticket
from mentorq_backend.templatetags.desk import short, zone
from mentorq_users.desk.pages import Click, DeskAdmin, clicked

CLICKS = {
    "start": Click("Start now", "has opened", Event.start),
    "pause": Click("Pause", "is paused", Event.pause),
    "resume": Click("Resume", "is open again", Event.resume),
    "close": Click("Close", "is closed", Event.close),
}
COLORS = {"open": "success", "paused": "warning", "planned": "info", "over": "default"}


def buttons(event: Event) -> dict[str, Any]:
    """Return the event with its phase and what can be done now."""
    phase = event.phase(timezone.now())
    names = {"planned": ["start"], "open": ["pause", "close"], "paused": ["resume", "close"], "over": []}[phase]
    return {"row": event, "event": event, "phase": phase, "buttons": {name: CLICKS[name] for name in names}}


@admin.register(Event)
class EventAdmin(DeskAdmin):
    """The events, the latest first."""

    list_display = ["state", "event", "when", "message_label", "clicks"]
    list_display_links = ["event"]
    search_fields = ["name", "message"]
    ordering = ["-opens"]
    change_form_outer_before_template = "mentorq_backend/event.html"
    change_form_before_template = "mentorq_backend/version.html"
    fieldsets = [
        ("Event", {"fields": ["name", "opens", "closes", "message", "paused"]}),
        ("Upkeep", {"fields": ["expire_after", "return_claims_after", "cancel_after"]}),
    ]

    def get_fieldsets(self, request: HttpRequest, obj: Event | None = None) -> Any:
        (title, first), *others = super().get_fieldsets(request, obj)
        return [(title, {**first, "description": f"Times are in {zone()}."}), *others]

    def has_delete_permission(self, request: HttpRequest, obj: Event | None = None) -> bool:
        """Only an event that has not opened: the tickets of another one would change to the event before it."""
        return obj is not None and obj.opens > timezone.now() and bool(super().has_delete_permission(request, obj))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Event]:
        return cast("EventQuerySet", super().get_queryset(request)).with_next_opening()

    def get_custom_urls(self) -> tuple[Any, ...]:
        return (("cancel-unfinished/", "mentorq_backend_event_cancel_unfinished", self.cancel_unfinished),)

    @display(description="State", label=COLORS)
    def state(self, event: Event) -> str:
        return event.phase(timezone.now())

    @display(description="Event", ordering="name")
    def event(self, event: Event) -> SafeString | str:
        return short(event.name)

    @display(description="Opens and closes", ordering="opens", header=True)
    def when(self, event: Event) -> list[str]:
        return [in_desk_time(event.opens), in_desk_time(event.closes) if event.closes else "until the next one opens"]

    @display(description="Message")
    def message_label(self, event: Event) -> SafeString | str:
        return short(event.message) or "–"

    @display(description="Now")
    def clicks(self, event: Event) -> SafeString:
        return render_to_string("mentorq_backend/clicks.html", buttons(event))

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if "_click" in request.POST:
            return self._clicked(request)
        return super().changelist_view(request, extra_context)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Validate and save under the lock of the events, so that two organizers cannot enter events that overlap."""
        if "_click" in request.POST:
            return self._clicked(request)
        with alone() if request.method == "POST" else nullcontext():
            event = self.get_object(request, object_id) if object_id and re.fullmatch(ID, object_id) else None
            if event and request.method == "POST" and request.POST.get("_version") != str(event.version):
                self.message_user(request, "It has changed meanwhile: look at it again.", messages.WARNING)
                return redirect(request.get_full_path())
            around = buttons(event) if event else {}
            return super().changeform_view(request, object_id, form_url, {**around, **(extra_context or {})})

    def _clicked(self, request: HttpRequest) -> HttpResponseRedirect:
        """Do what a button says, unless the event has changed since the page was shown."""
        event, click, version = clicked(request, Event.objects.all(), CLICKS)
        if str(event.version) != version:
            self.message_user(request, f"{event} has changed meanwhile: look at it again.", messages.WARNING)
        else:
            self._do(request, event, click)
        return redirect(request.get_full_path())

    def _do(self, request: HttpRequest, event: Event, click: Click) -> None:
        try:
            click.verb(event)
        except ValidationError as error:
            self.message_user(request, f"{event}: {' '.join(error.messages)}", messages.WARNING)
            return
        self.log_change(request, event, f"It {click.past}.")
        self.message_user(request, f"{event} {click.past}.", messages.SUCCESS)

    def cancel_unfinished(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Ask whether to cancel the tickets of earlier events that are still open or claimed."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        tickets = Ticket.objects.filter(current().unfinished(timezone.now()))[:MOST_ASKED]
        pages = cast("MovesAdmin", self.admin_site.get_model_admin(Ticket))
        return pages.ask(request, tickets, "cancel", page=tickets_at())
