"""Tickets in the admin site: to look at, and to move through the same verbs as the API."""

from collections.abc import Callable

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from mentorq_backend.exceptions import LimitReached, MoveNotAllowed, TicketConflict
from mentorq_backend.models import Ticket, TicketEvent


class ReadOnly:
    """Mixed into an admin class whose rows change only through the model's verbs."""

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


class TicketEventInline(ReadOnly, admin.TabularInline):
    """A ticket's history."""

    model = TicketEvent
    fields = ["at", "by", "from_status", "to_status", "mentor_email"]
    verbose_name_plural = "history"


@admin.register(Ticket)
class TicketAdmin(ReadOnly, admin.ModelAdmin):
    """The queue."""

    list_display = [
        "id",
        "title",
        "status",
        "owner",
        "mentor",
        "location",
        "created",
        "claimed_datetime",
        "closed_datetime",
    ]
    list_display_links = ["id", "title"]
    list_filter = ["status", "active", "created"]
    search_fields = ["title", "comment", "location", "owner_email", "owner", "mentor_email", "mentor"]
    ordering = ["-created", "-id"]
    show_full_result_count = False
    inlines = [TicketEventInline]
    actions = ["claim", "release", "close", "cancel", "reopen"]

    @admin.action(description="Claim for me")
    def claim(self, request: HttpRequest, queryset: QuerySet[Ticket]) -> None:
        """Claim the chosen tickets."""
        self._move(request, queryset, Ticket.claim)

    @admin.action(description="Release")
    def release(self, request: HttpRequest, queryset: QuerySet[Ticket]) -> None:
        """Put the chosen claimed tickets back into the queue."""
        self._move(request, queryset, Ticket.release)

    @admin.action(description="Close")
    def close(self, request: HttpRequest, queryset: QuerySet[Ticket]) -> None:
        """Close the chosen tickets."""
        self._move(request, queryset, Ticket.close)

    @admin.action(description="Cancel")
    def cancel(self, request: HttpRequest, queryset: QuerySet[Ticket]) -> None:
        """Cancel the chosen tickets."""
        self._move(request, queryset, Ticket.cancel)

    @admin.action(description="Reopen")
    def reopen(self, request: HttpRequest, queryset: QuerySet[Ticket]) -> None:
        """Put the chosen closed or cancelled tickets back into the queue."""
        self._move(request, queryset, Ticket.reopen)

    def _move(self, request: HttpRequest, queryset: QuerySet[Ticket], verb: Callable[..., None]) -> None:
        """Apply the verb to each ticket and say of each one that refused why."""
        moved = 0
        for ticket in queryset:
            try:
                verb(ticket, by=request.user)
                moved += 1
            except (TicketConflict, LimitReached, MoveNotAllowed) as refusal:
                self.message_user(request, f"{ticket}: {refusal}", messages.WARNING)
        if moved:
            self.message_user(request, f"{verb.__name__.capitalize()}: {moved} done.", messages.SUCCESS)
