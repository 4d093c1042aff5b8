"""Finds the account behind the access token of a request."""

from datetime import timedelta
from functools import lru_cache
from typing import Any

from drf_spectacular.contrib.rest_framework_simplejwt import SimpleJWTScheme
from rest_framework.request import Request
from rest_framework_simplejwt import authentication
from rest_framework_simplejwt.exceptions import AuthenticationFailed, InvalidToken, TokenError
from rest_framework_simplejwt.tokens import Token
from rest_framework_simplejwt.utils import aware_utcnow

from mentorq.api.request_state import state_of
from mentorq_users.models import User
from mentorq_users.tokens import AccessToken

# Raised by a header that is not Latin-1, and by a signed token whose expiry is not an instant.
ODD_TOKEN = (ValueError, TypeError, OverflowError)
# The frontend shows "Ticket Claimed!" without reading the response, and gets a new token only with its next poll.
WRITES, GRACE = {"POST", "PUT", "PATCH", "DELETE"}, timedelta(seconds=60)


@lru_cache(maxsize=4096)
def verified(raw_token: bytes) -> AccessToken:
    """Return the token after checking its signature; raises TokenError, or one of ODD_TOKEN.

    The caller checks the expiry: this result is remembered, because a client sends the same token for half an hour.
    """
    return AccessToken(raw_token)  # type: ignore[arg-type]  # SimpleJWT's annotation is wrong: it takes the encoded text


class JWTAuthentication(authentication.JWTAuthentication):
    """SimpleJWT's authentication, with one code for every bad token: the frontend logs out on `token_not_valid`."""

    def authenticate(self, request: Request) -> Any:
        """Return the account and its token, None without a token; raises InvalidToken (401).

        The state of the request keeps both, so that a middleware and a view can ask for one query.
        """
        state = state_of(request)
        if state.user:
            return state.user, state.token
        try:
            found = self._account_and_token(request)
            state.user, state.token = found or (None, None)
            return found
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
        """Return the token in the header, None for another scheme. Its case does not matter (RFC 9110)."""
        scheme, *rest = header.split() or [b""]
        return super().get_raw_token(b" ".join([scheme.capitalize(), *rest]))

    def get_user(self, validated_token: Token) -> Any:
        user = self.get_account(validated_token["email"])
        if not user.is_active:
            raise InvalidToken()
        user.typed = validated_token.get("typed")  # older tokens have none
        return user

    def get_account(self, email: str) -> User:
        """Raises User.DoesNotExist. Subclasses may read more in the same query."""
        return User.objects.behind_token(email)


class JWTScheme(SimpleJWTScheme):
    """Describes it in the OpenAPI document."""

    target_class = "mentorq_users.authentication.JWTAuthentication"
    match_subclasses = True

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        definition: dict[str, Any] = super().get_security_definition(auto_schema)
        return {**definition, "description": "Paste `access`, without the word Bearer."}
