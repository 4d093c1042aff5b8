"""Who sends a request: the account behind its access token."""

from datetime import timedelta
from functools import lru_cache
from typing import Any

from drf_spectacular.contrib.rest_framework_simplejwt import SimpleJWTScheme
from rest_framework.request import Request
from rest_framework_simplejwt import authentication
from rest_framework_simplejwt.exceptions import AuthenticationFailed, InvalidToken, TokenError
from rest_framework_simplejwt.tokens import Token
from rest_framework_simplejwt.utils import aware_utcnow

from mentorq_users.models import User
from mentorq_users.tokens import AccessToken

# What a header that is no Latin-1 raises, and a token of ours whose expiry is no instant.
ODD_TOKEN = (ValueError, TypeError, OverflowError)
# The frontend shows "Ticket Claimed!" without looking at the answer, and only its next poll brings it a new token.
WRITES, GRACE = {"POST", "PUT", "PATCH", "DELETE"}, timedelta(seconds=60)


@lru_cache(maxsize=4096)
def verified(raw_token: bytes) -> AccessToken:
    """Return the access token whose signature is good; raises TokenError, or one of ODD_TOKEN.

    It is remembered, because everybody sends the same one for half an hour; the caller asks whether it has expired.
    """
    return AccessToken(raw_token)  # type: ignore[arg-type]  # SimpleJWT's annotation is wrong: it takes the encoded text


class JWTAuthentication(authentication.JWTAuthentication):
    """SimpleJWT's, with one code for every bad token: `token_not_valid` is the one on which the frontend logs out."""

    def authenticate(self, request: Request) -> Any:
        """Return the account and its token, None without a token; raises InvalidToken (401).

        What it found stays with the request, so that a middleware and a view can both ask.
        """
        asked: Any = getattr(request, "_request", request)  # Django's, inside REST framework's
        try:
            asked.signed_in = getattr(asked, "signed_in", None) or self._account_and_token(request)
            return asked.signed_in
        except (AuthenticationFailed, TokenError, User.DoesNotExist, *ODD_TOKEN) as error:
            raise InvalidToken() from error

    def _account_and_token(self, request: Request) -> tuple[User, Token] | None:
        raw_token = self.get_raw_token(self.get_header(request) or b"")
        if raw_token is None:
            return None
        token = verified(raw_token)
        token.check_exp(current_time=aware_utcnow() - (GRACE if request.method in WRITES else timedelta()))
        return self.get_user(token), token

    def get_raw_token(self, header: bytes) -> bytes | None:
        """Return the token in the header, None for another scheme, whose case does not matter (RFC 9110)."""
        scheme, *rest = header.split() or [b""]
        return super().get_raw_token(b" ".join([scheme.capitalize(), *rest]))

    def get_user(self, validated_token: Token) -> Any:
        """Return the active account whose token it is, by its e-mail; raises InvalidToken or User.DoesNotExist."""
        user = User.objects.behind_token(validated_token["email"])
        if not user.is_active:
            raise InvalidToken()
        user.typed = validated_token.get("typed")  # older tokens have none
        return user


class JWTScheme(SimpleJWTScheme):
    """How the OpenAPI document describes it."""

    target_class = "mentorq_users.authentication.JWTAuthentication"
