"""The organizers' desk: the admin site, with LCS at its door."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.forms import AdminAuthenticationForm
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from mentorq_users.backends import check_roles
from mentorq_users.lcs import LCSRefused, LCSUnavailable


class LCSAuthenticationForm(AdminAuthenticationForm):
    """Takes the e-mail and password of an LCS account, or of a local superuser while LCS is down."""

    error_messages = {
        **AdminAuthenticationForm.error_messages,
        "invalid_login": "Please enter the e-mail and LCS password of an organizer or director.",
        "unavailable": "LCS does not answer. Please try again in a moment; a local superuser can sign in meanwhile.",
    }

    def clean(self) -> dict[str, Any]:
        """Return the cleaned data; raises ValidationError, also where LCS cannot be asked."""
        try:
            return super().clean()
        except LCSUnavailable as error:
            raise ValidationError(self.error_messages["unavailable"], code="unavailable") from error


class DeskSite(admin.AdminSite):
    """Open to organizers, directors and local superusers, for as long as LCS says that they are that."""

    login_form = LCSAuthenticationForm
    site_header = site_title = "MentorQ"
    index_title = "The organizers' desk"

    def has_permission(self, request: HttpRequest) -> bool:
        """Return whether the desk is open to them, by roles that are as fresh as in the API."""
        return super().has_permission(request) and self.still_holds(request.user)

    def still_holds(self, user: Any) -> bool:
        """Return whether LCS still makes them an organizer; the last known roles hold while it does not answer."""
        if user.is_superuser:
            return True
        # Asked at most once a minute, so that a hanging LCS does not make every page wait.
        if user.encrypted_lcs_token and user.roles_are_stale and cache.add(f"roles:{user.pk}", True, timeout=60):
            try:
                return check_roles(user).is_staff
            except LCSRefused:
                return False
            except LCSUnavailable:
                return True
        return bool(user.encrypted_lcs_token)  # without one LCS has refused them
