"""People in the admin site. LCS owns who they are and what they may do; we may only deactivate them."""

from django.contrib import admin, messages
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest

from mentorq_users.lcs import LCSClient, LCSRefused, LCSUnavailable
from mentorq_users.models import User

admin.site.unregister(Group)


@admin.register(User)
class UserAdmin(admin.ModelAdmin):
    """People: their roles as LCS said, and whether they may come in."""

    list_display = ["email", "name", "is_mentor", "is_organizer", "is_director", "roles_checked_at", "is_active"]
    list_filter = ["is_mentor", "is_organizer", "is_director", "is_active"]
    search_fields = ["email", "first_name", "last_name"]
    ordering = ["email"]
    actions = ["read_roles"]
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
        """Return whether they may be (de)activated: a local superuser only by another, so that one is always left."""
        return super().has_change_permission(request, obj) and (
            obj is None or not obj.is_superuser or bool(getattr(request.user, "is_superuser", False))
        )

    @admin.action(description="Read roles from LCS again")
    def read_roles(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Bring the chosen people's roles up to date, with the LCS token of the organizer who asks."""
        token = getattr(request.user, "lcs_token", "")
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
