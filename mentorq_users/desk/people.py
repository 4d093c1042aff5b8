"""People in the admin site. LCS owns who they are and what they may do; we may only deactivate them."""

import re
from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.auth.models import Group
from django.contrib.humanize.templatetags.humanize import naturaltime
from django.core.exceptions import SuspiciousOperation
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import smart_split
from django.utils.timezone import localtime
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.paginator import InfinitePaginator

from mentorq_users.lcs import LCSClient, LCSRefused, LCSUnavailable
from mentorq_users.models import User
from mentorq_users.texts import SEARCH_LENGTH, SEARCH_WORDS

admin.site.unregister(Group)


class DeskAdmin(ModelAdmin):
    """A list on the desk that never counts its table, and is asked only by the columns in `filtered_by`."""

    show_full_result_count = False
    paginator = InfinitePaginator
    list_per_page = 50
    list_disable_select_all = True
    filtered_by: tuple[str, ...] = ()

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Return whether a query string may ask for that: by any other column one could guess a password's hash."""
        return lookup in self.filtered_by

    def to_field_allowed(self, request: HttpRequest, to_field: str) -> bool:
        """Return whether a page may name a row by that column: nothing of ours is chosen by another than the id."""
        return to_field == str(self.opts.pk.name)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Return what the words find; nothing, with a message, if there are too many of them."""
        if len(search_term) > SEARCH_LENGTH or len(list(smart_split(search_term))) > SEARCH_WORDS:
            text = f"Search for at most {SEARCH_WORDS} words and {SEARCH_LENGTH} characters."
            self.message_user(request, text, messages.ERROR)
            return queryset.none(), False
        return cast("tuple[QuerySet[Any], bool]", super().get_search_results(request, queryset, search_term))

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Answer with the list; raises SuspiciousOperation (400) for a choice of rows that no list of ours offers."""
        chosen = request.POST.getlist(ACTION_CHECKBOX_NAME)
        if request.POST.get("select_across", "0") != "0" or not all(re.fullmatch("[0-9]{1,18}", pk) for pk in chosen):
            raise SuspiciousOperation("no list of ours offers that")
        title = str(self.model._meta.verbose_name_plural).capitalize()
        return cast("HttpResponse", super().changelist_view(request, {"title": title, **(extra_context or {})}))


class UserAdmin(DeskAdmin):
    """People: their roles as LCS said, and whether they may come in; registered by mentorq_backend, with their tickets."""

    list_display = ["person", "roles", "said", "is_active"]
    list_filter = ["is_mentor", "is_organizer", "is_director", "is_active"]
    search_fields = ["email", "first_name", "last_name"]
    search_help_text = "Name or e-mail."
    ordering = ["email"]
    filtered_by = ("is_mentor__exact", "is_organizer__exact", "is_director__exact", "is_active__exact")
    actions = ["read_roles", "deactivate", "activate"]
    readonly_fields = [
        "email", "name", "is_mentor", "is_organizer", "is_director", "roles_checked_at", "is_superuser", "date_joined",
        "last_login",
    ]  # fmt: skip
    fields = [*readonly_fields, "is_active"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Return False: accounts come from LCS, or from `createsuperuser`."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Return False: deactivating is enough, and keeps what they did readable."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Return whether they may be (de)activated by who asks."""
        may_change = bool(super().has_change_permission(request, obj))
        return may_change and (obj is None or not cast("User", request.user).why_not_admit(obj))

    @display(description="Person", ordering="email", header=True)
    def person(self, user: User) -> list[str]:
        """Return name and e-mail."""
        return [user.name or user.email, user.email]

    @display(description="Roles", label=True)
    def roles(self, user: User) -> list[str]:
        """Return what they are, as LCS said."""
        held = {
            "mentor": user.is_mentor,
            "organizer": user.is_organizer,
            "director": user.is_director,
            "local superuser": user.is_superuser,
        }
        return [role for role, holds in held.items() if holds] or ["hacker"]

    @display(description="LCS said so", ordering="roles_checked_at")
    def said(self, user: User) -> SafeString | str:
        """Return how long ago LCS was asked for them."""
        instant = user.roles_checked_at
        return format_html('<time title="{}">{}</time>', localtime(instant), naturaltime(instant)) if instant else "never"

    @admin.action(description="Deactivate: their tokens stop at once")
    def deactivate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Keep these people out."""
        self._activate(request, queryset, False)

    @admin.action(description="Let in again")
    def activate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Let these people sign in again."""
        self._activate(request, queryset, True)

    def _activate(self, request: HttpRequest, queryset: QuerySet[User], active: bool) -> None:
        """Do it to those of the chosen people whom one may, and say who is left out and why."""
        reasons = {user: cast("User", request.user).why_not_admit(user) for user in queryset}
        people = [user for user, reason in reasons.items() if not reason]
        User.objects.filter(pk__in=[user.pk for user in people]).update(is_active=active)
        for user in people:
            self.log_change(request, user, "Let in again." if active else "Deactivated.")
        done = f"{'Let in again' if active else 'Deactivated'}: {len(people)} people."
        self.message_user(request, done, messages.SUCCESS if people else messages.WARNING)
        for user, reason in reasons.items():
            if reason:
                self.message_user(request, f"{user} was left out: {reason}.", messages.WARNING)

    @admin.action(description="Read roles from LCS again")
    def read_roles(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Bring the chosen people's roles up to date, with the LCS token of the organizer who asks."""
        try:
            token = cast("User", request.user).lcs_token
        except LCSUnavailable:
            words = "No key of this server opens your LCS token: sign in again, and have LCS_TOKEN_KEYS looked at."
            self.message_user(request, words, messages.ERROR)
            return
        if not token:
            self.message_user(request, "Sign in with your LCS account: LCS tells roles to it alone.", messages.ERROR)
            return
        read = 0
        for user in queryset:
            try:
                User.objects.from_lcs(LCSClient().read(token, user.email))
                read += 1
            except LCSRefused as refusal:
                self.message_user(request, f"{user}: LCS says “{refusal}”.", messages.WARNING)
            except LCSUnavailable:
                self.message_user(request, "LCS does not answer: the last known roles stay.", messages.ERROR)
                break
        self.message_user(request, f"Read the roles of {read} people.")
