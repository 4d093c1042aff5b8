"""The organizers' desk: the admin site, with sign-in through LCS."""

import math
from collections.abc import Callable
from functools import update_wrapper
from typing import Any, cast

from django.conf import settings
from django.contrib.admin.forms import AdminAuthenticationForm
from django.core.cache import cache
from django.core.exceptions import SuspiciousOperation, ValidationError
from django.core.paginator import InvalidPage
from django.http import HttpRequest, HttpResponse
from django.template.response import SimpleTemplateResponse
from django.utils import timezone
from unfold.forms import AuthenticationForm
from unfold.sites import UnfoldAdminSite

from mentorq.api.request_state import state_of
from mentorq_users.backends import check_roles
from mentorq_users.emails import cache_key, normalize_email
from mentorq_users.failed_signins import CRASHED, note_failure
from mentorq_users.lcs.exceptions import LCSRefused, LCSUnavailable
from mentorq_users.throttles import DeskThrottle


class LCSAuthenticationForm(AuthenticationForm):
    """Accepts the e-mail and password of an LCS account, or of a local superuser while LCS is down."""

    error_messages = {
        **AdminAuthenticationForm.error_messages,
        "invalid_login": "Please enter the e-mail and LCS password of an organizer or director.",
        "throttled": "Too many attempts with this e-mail. Please wait %(seconds)d seconds.",
        "unavailable": "LCS does not answer. Please try again in a moment; a local superuser can sign in meanwhile.",
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password"].label = "LCS password"
        self.fields["password"].help_text = "The password of your HackRU account. A local superuser has one of their own."

    def is_valid(self) -> bool:
        email = self.data.get("username")
        note_failure(self.request, email, CRASHED)  # if the database does not answer
        if super().is_valid():
            state_of(self.request).failed_sign_in = {}
            return True
        *_, errors = self.errors.as_data().values()  # those of the whole form come last
        note_failure(self.request, self.cleaned_data.get("username", email), errors[0].code)
        return False

    def clean(self) -> dict[str, Any]:
        """Raises ValidationError, also if LCS does not answer or there were too many attempts."""
        throttle = DeskThrottle()
        email, password = (self.cleaned_data.get(name) for name in ("username", "password"))
        if email and password and not throttle.allow(self.request, normalize_email(email)):
            seconds = math.ceil(throttle.wait())
            raise ValidationError(self.error_messages["throttled"], code="throttled", params={"seconds": seconds})
        try:
            return dict(super().clean())
        except LCSUnavailable as error:
            raise ValidationError(self.error_messages["unavailable"], code="unavailable") from error


class DeskSite(UnfoldAdminSite):
    """For organizers, directors and local superusers, as long as they have that role in LCS."""

    login_form = LCSAuthenticationForm
    index_title = "The organizers' desk"

    def has_permission(self, request: HttpRequest) -> bool:
        """Return whether the person may use the desk, by roles as fresh as in the API."""
        is_allowed = bool(super().has_permission(request))
        # For the log, which would otherwise be the first to ask for the account, and fail if the database does not answer.
        state_of(request).user = request.user
        return is_allowed and self.is_still_staff(request)

    def admin_view(self, view: Callable[..., HttpResponse], cacheable: bool = False) -> Callable[..., HttpResponse]:
        """Return the view for staff only, with times in DESK_TIME_ZONE. The API stays in UTC."""
        guarded = super().admin_view(view, cacheable)

        def in_desk_time(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            with timezone.override(settings.DESK_TIME_ZONE):
                response = guarded(request, *args, **kwargs)
                response["X-Frame-Options"] = "DENY"  # unfold for Django 6 lets its own pages frame each other
                if isinstance(response, SimpleTemplateResponse):
                    response.render()  # now, because afterwards the zone is UTC again
                return cast("HttpResponse", response)

        return update_wrapper(in_desk_time, guarded)

    def search(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Raises SuspiciousOperation (400) for a page that does not exist."""
        try:
            return cast("HttpResponse", super().search(request, extra_context))
        except (ValueError, InvalidPage) as error:
            raise SuspiciousOperation("no page of the search") from error

    def is_still_staff(self, request: HttpRequest) -> bool:
        """Return whether they are still staff in LCS. While LCS does not answer, the last known roles hold."""
        user: Any = request.user
        if user.is_superuser:
            return True
        # At most one call a minute, so that a hanging LCS does not delay every page.
        if (
            user.encrypted_lcs_token
            and user.roles_are_stale
            and cache.add(cache_key("roles", user.email), True, timeout=60)
        ):
            try:
                request.user = check_roles(user)  # this page already uses the new roles
                return request.user.is_staff
            except LCSRefused:
                return False
            except LCSUnavailable:
                return True
        return bool(user.encrypted_lcs_token)  # no token: LCS has refused it
