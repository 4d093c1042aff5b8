"""Connects Django's `authenticate()` to LCS, and refreshes roles later."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest

from mentorq_users.addresses import client_address
from mentorq_users.emails import normalize_email
from mentorq_users.lcs.client import LCSClient, LCSProfile
from mentorq_users.lcs.exceptions import LCSRefused
from mentorq_users.models import User


class LCSBackend(ModelBackend):
    """Signs people in with their LCS token (the API) or with their LCS password (the admin site)."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        email: str = "",
        lcs_token: str = "",
        **kwargs: Any,
    ) -> User | None:
        """Return the account of `email` and `lcs_token`, or of `username` and `password`.

        None if LCS refuses, the token is somebody else's or the account is deactivated; raises LCSUnavailable.
        """
        email = normalize_email(email or username or "")
        try:
            client = LCSClient(client_address(request) if request else "")
            token = lcs_token or client.authorize(email, password or "")
            user = User.objects.from_lcs(own_profile(client, email, token), token)
        except (LCSRefused, User.DoesNotExist):  # or erased in this moment
            return None
        return user if self.user_can_authenticate(user) else None


def own_profile(client: LCSClient, email: str, lcs_token: str) -> LCSProfile:
    """Return the profile of the token's owner; raises LCSUnavailable, and LCSRefused unless the owner is `email`."""
    profile = client.validate(email, lcs_token)
    if profile.email != email:
        raise LCSRefused("the token belongs to someone else")
    return profile


def check_roles(user: User) -> User:
    """Return the account with its current roles from LCS, read with the token of the last sign-in.

    Raises LCSRefused, and then forgets the token; also if the account was erased meanwhile. Raises LCSUnavailable, also
    if no key opens the token, and then changes nothing.
    """
    try:
        token = user.lcs_token
        if not token:
            raise LCSRefused("no LCS token")
        return User.objects.update_from_lcs(own_profile(LCSClient(), user.email, token))
    except User.DoesNotExist as error:
        raise LCSRefused("the account is gone") from error
    except LCSRefused:
        # Forget only the refused token: a sign-in may have stored a new one meanwhile.
        User.objects.filter(pk=user.pk, encrypted_lcs_token=user.encrypted_lcs_token).update(encrypted_lcs_token="")
        raise
