"""Who sends a request: the account behind its access token."""

from typing import Any

from drf_spectacular.contrib.rest_framework_simplejwt import SimpleJWTScheme
from rest_framework.request import Request
from rest_framework_simplejwt import authentication
from rest_framework_simplejwt.exceptions import AuthenticationFailed, InvalidToken


class JWTAuthentication(authentication.JWTAuthentication):
    """SimpleJWT's, with one code for every bad token: `token_not_valid` is the one on which the frontend logs out."""

    def authenticate(self, request: Request) -> Any:
        """Return the account and its token, None without a token; raises InvalidToken (401)."""
        try:
            return super().authenticate(request)
        except (AuthenticationFailed, ValueError, TypeError, OverflowError) as error:
            # The last three: a token of ours whose user id is no number.
            raise InvalidToken() from error


class JWTScheme(SimpleJWTScheme):
    """How the OpenAPI document describes it."""

    target_class = "mentorq_users.authentication.JWTAuthentication"
