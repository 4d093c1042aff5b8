"""The people's pages. Roles come from LCS; the desk deactivates people and links to their tickets."""

from typing import Any, cast

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from mentorq_backend.desk.filters import tickets_at
from mentorq_backend.desk.tickets import ALL
from mentorq_backend.erasing.erasure import Erasure, NobodyToErase
from mentorq_backend.models import Ticket
from mentorq_backend.moves import Status
from mentorq_backend.querysets import TicketQuerySet
from mentorq_backend.templatetags.desk import ago, exactly
from mentorq_users.desk.pages import DeskAdmin
from mentorq_users.lcs.client import LCSClient
from mentorq_users.lcs.exceptions import LCSRefused, LCSUnavailable
from mentorq_users.models import User


def counted(tickets: TicketQuerySet, column: str) -> Coalesce:
    """Count the tickets that have a person's e-mail in this column, as an annotation of people."""
    of_person = tickets.filter(**{column: OuterRef("email")}).order_by().values(column)
    return Coalesce(Subquery(of_person.annotate(count=Count("pk")).values("count")), 0)


@admin.register(User)
class UserAdmin(DeskAdmin):
    """People with their roles from LCS, whether they may sign in, and their tickets."""

    list_display = ["person", "roles", "roles_checked", "is_active", "tickets"]
    list_filter = ["is_mentor", "is_organizer", "is_director", "is_active"]
    search_fields = ["email", "first_name", "last_name"]
    search_help_text = "Name or e-mail."
    ordering = ["email"]
    filtered_by = ("is_mentor__exact", "is_organizer__exact", "is_director__exact", "is_active__exact")
    actions = ["read_roles", "deactivate", "activate", "erase"]
    readonly_fields = ["email", "name", "has_roles", "roles_checked", "first_seen", "last_signed_in"]
    fields = [*readonly_fields, "is_active"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Accounts come from LCS, or from `createsuperuser`."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Deactivating is enough, and keeps the history readable."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        may_change = bool(super().has_change_permission(request, obj))
        return may_change and (obj is None or not cast("User", request.user).why_not_deactivate(obj))

    def has_erase_permission(self, request: HttpRequest) -> bool:
        return cast("User", request.user).erases_people

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """Save what the page changes: the person may have been erased since it was read."""
        obj.save(update_fields=["is_active"])

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """Annotate people with their open tickets (`waiting`) and the tickets they have claimed (`claimed`)."""
        people = cast("QuerySet[User]", super().get_queryset(request))
        return people.annotate(
            waiting=counted(Ticket.objects.filter(status=Status.OPEN), "owner_email"),
            claimed=counted(Ticket.objects.filter(status=Status.CLAIMED), "mentor_email"),
        )

    @display(description="Person", ordering="email", header=True)
    def person(self, user: User) -> list[str]:
        return [user.name or user.email, user.email]

    @display(description="Roles", label=True)
    def roles(self, user: User) -> list[str]:
        flags = {
            "mentor": user.is_mentor,
            "organizer": user.is_organizer,
            "director": user.is_director,
            "local superuser": user.is_superuser,
        }
        return [role for role, has_it in flags.items() if has_it] or ["hacker"]

    @display(description="Roles")
    def has_roles(self, user: User) -> str:
        return ", ".join(self.roles(user))

    @display(description="Roles read from LCS", ordering="roles_checked_at")
    def roles_checked(self, user: User) -> SafeString | str:
        return ago(user.roles_checked_at)

    @display(description="First seen")
    def first_seen(self, user: User) -> SafeString | str:
        return exactly(user.date_joined)

    @display(description="Last signed in at the desk")
    def last_signed_in(self, user: User) -> SafeString | str:
        return exactly(user.last_login)

    @display(description="Tickets")
    def tickets(self, user: Any) -> SafeString:
        """Return links to what each number counts, and to all tickets that name the person."""
        return format_html(
            '<span><a href="{}" class="desk-link">{} open</a>, <a href="{}" class="desk-link">{} claimed</a>, '
            '<a href="{}" class="desk-link">all</a></span>',
            tickets_at(status=Status.OPEN, owner_email=user.email),
            user.waiting,
            tickets_at(status=Status.CLAIMED, mentor_email=user.email),
            user.claimed,
            tickets_at(status=ALL, q=user.email),
        )

    @admin.action(description="Deactivate: sign them out at once")
    def deactivate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self._activate(request, queryset, False)

    @admin.action(description="Activate: they may sign in again")
    def activate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self._activate(request, queryset, True)

    def _activate(self, request: HttpRequest, queryset: QuerySet[User], active: bool) -> None:
        reasons = {user: cast("User", request.user).why_not_deactivate(user) for user in queryset}
        people = [user for user, reason in reasons.items() if not reason]
        User.objects.filter(pk__in=[user.pk for user in people]).update(is_active=active)
        for user in people:
            self.log_change(request, user, "Activated." if active else "Deactivated.")
        done = f"{'Activated' if active else 'Deactivated'}: {len(people)}."
        self.message_user(request, done, messages.SUCCESS if people else messages.WARNING)
        self._say_who_was_left_out(request, reasons)

    def _say_who_was_left_out(self, request: HttpRequest, reasons: dict[User, str]) -> None:
        for user, reason in reasons.items():
            if reason:
                self.message_user(request, f"{user} was left out: {reason}.", messages.WARNING)

    @admin.action(description="Erase: replace who they are and what they wrote", permissions=["erase"])
    def erase(self, request: HttpRequest, queryset: QuerySet[User]) -> HttpResponse | None:
        """Show what there is of these people; with the button of that page, erase them."""
        reasons = {user: cast("User", request.user).why_not_erase(user) for user in queryset}
        people = [user for user, reason in reasons.items() if not reason]
        self._say_who_was_left_out(request, reasons)
        if people and "_erase" not in request.POST:
            erasures = [Erasure(user.email) for user in people]
            context = {**self.admin_site.each_context(request), "title": "Erase", "erasures": erasures}
            return TemplateResponse(request, "mentorq_backend/erase.html", context)
        for user in people:
            self._erase(request, user)
        return None

    def _erase(self, request: HttpRequest, user: User) -> None:
        by = f"account {cast('User', request.user).pk}"
        try:
            with transaction.atomic():
                erased = Erasure.make(user.email, by=by)
                user.refresh_from_db()
                self.log_change(request, user, "Erased.")
        except NobodyToErase:
            self.message_user(request, "Somebody else has erased them already.", messages.WARNING)
        else:
            self.message_user(request, f"Erased: {erased}", messages.SUCCESS)

    @admin.action(description="Read roles from LCS again")
    def read_roles(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Update the roles of the selected people with the LCS token of the organizer who asks."""
        try:
            token = cast("User", request.user).lcs_token
        except LCSUnavailable:
            message = (
                "No key of this server opens your LCS token: sign in again, and ask the operator to check LCS_TOKEN_KEYS."
            )
            self.message_user(request, message, messages.ERROR)
            return
        if not token:
            self.message_user(request, "Sign in with your LCS account: only LCS accounts may read roles.", messages.ERROR)
            return
        read = 0
        for user in queryset:
            try:
                User.objects.update_from_lcs(LCSClient().read(token, user.email))
                read += 1
            except User.DoesNotExist:
                self.message_user(request, "Somebody was erased meanwhile.", messages.WARNING)
            except LCSRefused as refusal:
                self.message_user(request, f"{user}: LCS says “{refusal}”.", messages.WARNING)
            except LCSUnavailable:
                self.message_user(request, "LCS does not answer: the last known roles stay.", messages.ERROR)
                break
        self.message_user(request, f"Roles read: {read}.")
