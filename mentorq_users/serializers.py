"""Requests and responses of the sign-in endpoints."""

from typing import Any

from django.contrib.auth import authenticate
from rest_framework import serializers
from rest_framework.exceptions import AuthenticationFailed
from rest_framework_simplejwt.exceptions import TokenError

from mentorq.api.fields import StringField
from mentorq.api.request_state import state_of
from mentorq_users.backends import check_roles
from mentorq_users.emails import EmailField
from mentorq_users.lcs.exceptions import LCSRefused, LCSUnavailable
from mentorq_users.tokens import AccessToken, RefreshToken, issue


class LCSCredentialsSerializer(serializers.Serializer[Any]):
    """An e-mail and an LCS token. Only their form is checked here."""

    email = EmailField(write_only=True, max_length=254)
    lcs_token = StringField(write_only=True, max_length=4096)


class TokenObtainSerializer(LCSCredentialsSerializer):
    """Exchanges an LCS token for MentorQ's pair of tokens."""

    access = serializers.CharField(read_only=True)
    refresh = serializers.CharField(read_only=True)

    def validate(self, attrs: dict[str, str]) -> dict[str, str]:
        """Return `{"access", "refresh"}`; raises AuthenticationFailed (401) and LCSUnavailable (503)."""
        user = authenticate(self.context["request"], **attrs)
        if user is None:
            raise AuthenticationFailed("LCS does not accept this token for this e-mail, or the account is deactivated.")
        state_of(self.context["request"]).user = user  # for the log
        user.typed = self.initial_data["email"]
        return {"access": str(issue(AccessToken, user)), "refresh": str(issue(RefreshToken, user))}


class TokenRefreshSerializer(serializers.Serializer[Any]):
    """Exchanges a refresh token for an access token with the current roles."""

    refresh = StringField(write_only=True)
    access = serializers.CharField(read_only=True)

    def validate(self, attrs: dict[str, str]) -> dict[str, str]:
        """Return `{"access"}`; raises TokenError (401) if the token or its owner is no longer valid."""
        token = RefreshToken.read(attrs["refresh"])
        user = token.owner()
        state_of(self.context["request"]).user = user  # for the log
        if user.roles_are_stale:
            try:
                user = check_roles(user)
            except LCSRefused as error:
                raise TokenError("LCS no longer accepts this account's token") from error
            except LCSUnavailable:
                pass  # logged by the client; the last known roles hold
        user.typed = token.get("typed")
        return {"access": str(issue(AccessToken, user))}


class LogoutSerializer(serializers.Serializer[Any]):
    """Revokes a refresh token."""

    refresh = StringField(write_only=True)

    def validate(self, attrs: dict[str, str]) -> dict[str, str]:
        """Return `{}`; raises TokenError (401) for an invalid or revoked token."""
        RefreshToken.read(attrs["refresh"]).revoke()
        return {}
