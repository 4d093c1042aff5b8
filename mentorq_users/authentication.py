"""Who sends a request: the account behind its access token."""

from functools import lru_cache
from typing import Any

from drf_spectacular.contrib.rest_framework_simplejwt import SimpleJWTScheme
from rest_framework.request import Request
from rest_framework_simplejwt import authentication
from rest_framework_simplejwt.exceptions import AuthenticationFailed, InvalidToken, TokenError
from rest_framework_simplejwt.tokens import AccessToken, Token
from rest_framework_simplejwt.utils import aware_utcnow

from mentorq_users.models import User
from mentorq_users.tokens import check_form

# What a header that is no Latin-1 raises, and a token of ours whose expiry is no instant.
ODD_TOKEN = (ValueError, TypeError, OverflowError)


@lru_cache(maxsize=4096)
def verified(raw_token: bytes) -> AccessToken:
    """Return the access token whose signature is good; raises TokenError, or one of ODD_TOKEN.

    It is remembered, because everybody sends the same one for half an hour; the caller asks whether it has expired.
    """
    token = AccessToken(raw_token)  # type: ignore[arg-type]  # SimpleJWT's annotation is wrong: it takes the encoded text
    check_form(token)
    return token


class JWTAuthentication(authentication.JWTAuthentication):
    """SimpleJWT's, with one code for every bad token: `token_not_valid` is the one on which the frontend logs out."""

    def authenticate(self, request: Request) -> Any:
        """Return the account and its token, None without a token; raises InvalidToken (401).

        What it found stays with the request, so that a middleware and a view can both ask.
        """
        asked: Any = getattr(request, "_request", request)  # Django's, inside REST framework's
        try:
            asked.signed_in = getattr(asked, "signed_in", None) or super().authenticate(request)
            return asked.signed_in
        except (AuthenticationFailed, TokenError, User.DoesNotExist, *ODD_TOKEN) as error:
            raise InvalidToken() from error

    def get_validated_token(self, raw_token: bytes) -> Token:
        """Return the token while it is good; raises TokenError, or one of ODD_TOKEN."""
        token = verified(raw_token)
        token.check_exp(current_time=aware_utcnow())
        return token

    def get_user(self, validated_token: Token) -> Any:
        """Return the active account whose token it is; raises InvalidToken or User.DoesNotExist."""
        user = User.objects.behind_token(int(validated_token["user_id"]))
        if not user.is_active:
            raise InvalidToken()
        return user


class JWTScheme(SimpleJWTScheme):
    """How the OpenAPI document describes it."""

    target_class = "mentorq_users.authentication.JWTAuthentication"
