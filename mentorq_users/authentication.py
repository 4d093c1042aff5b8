"""Who sends a request: the account behind its access token."""

from typing import Any

from django.db import DataError
from drf_spectacular.contrib.rest_framework_simplejwt import SimpleJWTScheme
from rest_framework.request import Request
from rest_framework_simplejwt import authentication
from rest_framework_simplejwt.exceptions import AuthenticationFailed, InvalidToken
from rest_framework_simplejwt.tokens import Token

from mentorq_users.models import User

# What a token of ours raises whose user id is no number, or none that a database can hold.
ODD_TOKEN = (DataError, KeyError, ValueError, TypeError, OverflowError)


class JWTAuthentication(authentication.JWTAuthentication):
    """SimpleJWT's, with one code for every bad token: `token_not_valid` is the one on which the frontend logs out."""

    def authenticate(self, request: Request) -> Any:
        """Return the account and its token, None without a token; raises InvalidToken (401)."""
        try:
            return super().authenticate(request)
        except (AuthenticationFailed, User.DoesNotExist, *ODD_TOKEN) as error:
            raise InvalidToken() from error

    def get_user(self, validated_token: Token) -> Any:
        """Return the active account whose token it is; raises InvalidToken, User.DoesNotExist, or one of ODD_TOKEN."""
        user = User.objects.behind_token(validated_token["user_id"])
        if not user.is_active:
            raise InvalidToken()
        return user


class JWTScheme(SimpleJWTScheme):
    """How the OpenAPI document describes it."""

    target_class = "mentorq_users.authentication.JWTAuthentication"
