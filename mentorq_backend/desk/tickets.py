"""The tickets' pages: view, correct and move tickets, with the same verbs as the API."""

import hashlib
import re
from contextlib import suppress
from datetime import datetime
from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ERROR_FLAG, ChangeList
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from mentorq.api.ids import ID
from mentorq.api.instants import has_a_local_time, in_utc
from mentorq_backend import stats
from mentorq_backend.columns import FEEDBACK, ROW
from mentorq_backend.desk.filters import CreatedFilter, EventFilter, MentorFilter, OwnerFilter
from mentorq_backend.desk.moves import REFUSALS, MovesAdmin, organizer, verbs
from mentorq_backend.desk.opening import OpeningAdmin
from mentorq_backend.exchange import exports
from mentorq_backend.models import Feedback, Ticket
from mentorq_backend.moves import Status
from mentorq_backend.querysets import TicketQuerySet
from mentorq_backend.templatetags.desk import ago, exactly, short, waited

COLORS = {Status.OPEN: "warning", Status.CLAIMED: "info", Status.CLOSED: "success", Status.CANCELLED: "default"}
LIVE, ALL = "LIVE", "ALL"
CONTENT_TYPES = {"csv": "text/csv; charset=utf-8", "jsonl": "application/jsonl"}


class StatusFilter(admin.SimpleListFilter):
    """By default the open and the claimed tickets, in a search all."""

    title, parameter_name = "status", "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(status.value, status.label) for status in Status] + [(ALL, "all")]

    def choices(self, changelist: ChangeList) -> Any:
        first, *others = super().choices(changelist)
        return [{**first, "display": "open or claimed"}, *others]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Ticket]) -> QuerySet[Ticket]:
        chosen = chosen_status(request)
        if chosen == LIVE:
            return queryset.filter(status__in=[Status.OPEN, Status.CLAIMED])
        return queryset if chosen == ALL else queryset.filter(status=chosen)


def chosen_status(request: HttpRequest) -> str:
    chosen = request.GET.get(StatusFilter.parameter_name, "")
    return chosen if chosen in [*Status.values, ALL] else ALL if request.GET.get("q") else LIVE


@admin.register(Ticket)
class TicketAdmin(MovesAdmin, OpeningAdmin):
    """The queue."""

    list_display = ["status_label", "ticket", "since", "owner_label", "mentor_label", "moves"]
    list_display_links = ["ticket"]
    list_filter = [StatusFilter, OwnerFilter, MentorFilter, EventFilter, "active", ("created", CreatedFilter)]
    search_fields = ["title", "comment", "location", "owner_email", "owner", "mentor_email", "mentor"]
    search_help_text = "Number, words or person."
    filtered_by = ("status", "owner_email", "mentor_email", "event", "active__exact", "created__gte", "created__lt")
    list_before_template = "mentorq_backend/queue.html"
    # The moves have a form of their own: Enter in a field saves it and moves nothing.
    change_form_outer_before_template = "mentorq_backend/ticket.html"
    change_form_outer_after_template = "mentorq_backend/around.html"
    change_form_before_template = "mentorq_backend/state.html"
    fieldsets = [
        ("Ticket", {"fields": [("location", "contact"), "comment", "title"]}),
        (
            "Who and when",
            {"fields": [("owner_email", "owner"), ("mentor_email", "mentor"), ("opened", "active")]},
        ),
    ]
    correctable = ["title", "location", "contact"]

    def has_delete_permission(self, request: HttpRequest, obj: Ticket | None = None) -> bool:
        """A cancelled ticket stays, with its history."""
        return False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Check the instants of a filter by `created`, because Django does not."""
        return super().lookup_allowed(lookup, value, request) and (not lookup.startswith("created") or is_instant(value))

    def get_readonly_fields(self, request: HttpRequest, obj: Ticket | None = None) -> list[str]:
        return ["opened", *(field.name for field in Ticket._meta.fields if field.name not in self.correctable)]

    def get_ordering(self, request: HttpRequest) -> list[str]:
        """The queue: open before claimed, the longest wait first. Other lists: newest first."""
        return ["-status", "queued", "id"] if chosen_status(request) in (LIVE, Status.OPEN) else ["-created", "-id"]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Search for the words, and for the number of a ticket: `12` or `#12`."""
        found, has_duplicates = super().get_search_results(request, queryset, search_term)
        number = re.fullmatch(rf"#?({ID})", search_term.strip())
        return (found | queryset.filter(pk=number[1]) if number else found), has_duplicates

    def get_custom_urls(self) -> tuple[Any, ...]:
        return (*super().get_custom_urls(), ("export/<slug:format>/", "mentorq_backend_ticket_export", self.export))

    @display(description="Opened")
    def opened(self, ticket: Ticket) -> SafeString | str:
        return exactly(ticket.created)

    # The columns

    @display(description="Status", ordering="status", label={status.value: color for status, color in COLORS.items()})
    def status_label(self, ticket: Ticket) -> str:
        return ticket.status

    @display(description="Ticket", ordering="title", header=True)
    def ticket(self, ticket: Ticket) -> list[SafeString | str]:
        return [format_html("#{} {}", ticket.pk, short(ticket.title)), short(ticket.location)]

    @display(description="Since", ordering="queued")
    def since(self, ticket: Ticket) -> SafeString:
        if ticket.status == Status.OPEN:
            return format_html('<strong class="desk-waits">waits {}</strong>', waited(ticket.queued))
        is_cancelled = ticket.status == Status.CANCELLED
        instant = ticket.moved if is_cancelled else ticket.closed_datetime or ticket.claimed_datetime or ticket.created
        return format_html("{} {}", ticket.get_status_display(), ago(instant))

    @display(description="Owner", ordering="owner", header=True)
    def owner_label(self, ticket: Ticket) -> list[SafeString | str]:
        return [short(ticket.owner), short(ticket.owner_email)]

    @display(description="Mentor", ordering="mentor", header=True)
    def mentor_label(self, ticket: Ticket) -> list[SafeString | str]:
        return [short(ticket.mentor) or "–", short(ticket.mentor_email)]

    @display(description="Moves")
    def moves(self, ticket: Ticket) -> SafeString:
        """Return a button for each move. It carries the ticket's state, so that it does nothing to a changed ticket."""
        return render_to_string("mentorq_backend/moves.html", {"ticket": ticket, "verbs": verbs(ticket)})

    # The pages

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if response := self.press(request):
            return response
        context = {"mentors": stats.mentors(), "sees_statistics": organizer(request).sees_statistics}
        return super().changelist_view(request, {**context, **(extra_context or {})})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if response := self.press(request):
            return response
        try:
            context = {**self._around(request, object_id), **(extra_context or {})}
            return cast("HttpResponse", super().change_view(request, object_id, form_url, context))
        except REFUSALS as refusal:
            self.message_user(request, str(refusal), messages.WARNING)
            return redirect(request.get_full_path())

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponseRedirect:
        """The history stands on the ticket's page. Django's own knows nothing of moves."""
        return redirect("admin:mentorq_backend_ticket_change", object_id)

    def save_model(self, request: HttpRequest, obj: Ticket, form: Any, change: bool) -> None:
        """Raises TicketConflict if the ticket has changed since the page was shown."""
        ticket = Ticket.objects.get(pk=obj.pk)
        if request.POST.get("_state") != state_digest(ticket):
            raise ticket.changed_meanwhile()
        ticket.correct(by=organizer(request), **{name: form.cleaned_data[name] for name in self.correctable})

    def export(self, request: HttpRequest, format: str, **kwargs: Any) -> HttpResponse | StreamingHttpResponse:  # noqa: A002
        if format not in exports.FORMATS:
            raise Http404(f"Tickets are exported as {' or '.join(exports.FORMATS)}.")
        wanted = {name: bool(request.GET.get(f"_{name}")) for name in ("history", "feedback")}
        wanted["feedback"] &= organizer(request).sees_statistics
        filters = request.GET.copy()
        for name in wanted:
            filters.pop(f"_{name}", None)
        request.GET = cast("Any", filters)
        try:
            tickets = cast("TicketQuerySet", self.get_changelist_instance(request).queryset)
        except IncorrectLookupParameters:
            return redirect(f"{reverse('admin:mentorq_backend_ticket_changelist')}?{ERROR_FLAG}=1")
        name = f"tickets-{timezone.now():%Y-%m-%d-%H%M}.{format}"
        return StreamingHttpResponse(
            exports.lines(tickets, format, **wanted),
            content_type=CONTENT_TYPES[format],
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )

    def _around(self, request: HttpRequest, object_id: str) -> dict[str, Any]:
        """Return what the page shows besides the fields; nothing if the ticket does not exist."""
        with suppress(Ticket.DoesNotExist, ValueError, OverflowError):
            ticket = Ticket.objects.get(pk=object_id)
            sees_feedback = organizer(request).sees_statistics
            return {
                "subtitle": str(ticket),
                "show_history": False,
                "state": state_digest(ticket),
                "verbs": verbs(ticket),
                "mentors": stats.mentors(),
                "events": ticket.events.all(),
                "feedback": Feedback.objects.filter(pk=ticket.pk).first() if sees_feedback else None,
                "sees_statistics": sees_feedback,
            }
        return {}


def state_digest(ticket: Ticket) -> str:
    """Identify the ticket as its page shows it. Its `version` would reveal that it was rated."""
    state = [getattr(ticket, column) for column in ROW if column != FEEDBACK]
    return hashlib.sha256(repr(state).encode()).hexdigest()


def is_instant(text: str) -> bool:
    try:
        instant = parse_datetime(text) or datetime.fromisoformat(text)
        return has_a_local_time(in_utc(instant))
    except (ValueError, OverflowError):
        return False
