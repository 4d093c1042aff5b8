"""MentorQ's own tokens: SimpleJWT's, with our claims, and with a memory of those logged out."""

from typing import Any

from rest_framework_simplejwt import tokens
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.utils import datetime_from_epoch

from mentorq_users.models import RevokedToken, User


class AccessToken(tokens.AccessToken):
    """Short-lived proof of who sends a request, with the claims that the frontend reads."""

    @classmethod
    def for_user(cls, user: Any) -> "AccessToken":
        """Return a new access token with the user's claims."""
        token = super().for_user(user)
        token.payload.update(user.token_claims)
        return token


class RefreshToken(tokens.RefreshToken):
    """What new access tokens are had for, until it expires or is logged out. It stays the same: no rotation."""

    @classmethod
    def for_user(cls, user: Any) -> "RefreshToken":
        """Return a new refresh token with the user's claims."""
        token = super().for_user(user)
        token.payload.update(user.token_claims)
        return token

    def verify(self) -> None:
        """Raise TokenError for a token that is malformed, expired or logged out."""
        super().verify()
        if RevokedToken.objects.filter(jti=self["jti"]).exists():
            raise TokenError("Token is logged out")

    def revoke(self) -> None:
        """Log the token out; raises TokenError where somebody was faster."""
        if not RevokedToken.objects.revoke(self["jti"], datetime_from_epoch(self["exp"])):
            raise TokenError("Token is logged out")

    def owner(self) -> User:
        """Return the active account whose token it is; raises TokenError where there is none any more."""
        try:
            return User.objects.get(pk=self["user_id"], is_active=True)
        except (User.DoesNotExist, KeyError, ValueError, TypeError, OverflowError) as error:
            raise TokenError("Token belongs to nobody") from error
