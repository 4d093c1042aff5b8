"""MentorQ's own tokens: SimpleJWT's, with our claims, and with a memory of those logged out."""

import re
from typing import TypeVar

from rest_framework_simplejwt import tokens
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.utils import datetime_from_epoch

from mentorq_users.models import RevokedToken, User

T = TypeVar("T", bound=tokens.Token)
# Anything else is none of our making, whoever has the key: `int()` takes `true`, ` 1` and full-width digits for a
# number, and PostgreSQL takes no NUL.
FORMS = {"user_id": "[1-9][0-9]{0,17}", "jti": "[0-9a-f]{32}"}


def issue(kind: type[T], user: User) -> T:
    """Return a new token of that kind, with the claims that the frontend reads."""
    token = kind()
    token.payload.update({"user_id": str(user.pk), **user.token_claims})
    return token


def check_form(token: tokens.Token) -> None:
    """Raise TokenError unless the claims that we act upon look as `issue` writes them."""
    texts = [(token.get(claim), form) for claim, form in FORMS.items()]
    if type(token["exp"]) is not int or not all(isinstance(text, str) and re.fullmatch(form, text) for text, form in texts):
        raise TokenError("Token is invalid")


class RefreshToken(tokens.RefreshToken):
    """Buys new access tokens until it expires or is logged out; never rotated."""

    @classmethod
    def read(cls, text: str) -> "RefreshToken":
        """Return the refresh token in a request; raises TokenError for one that is malformed, expired or logged out."""
        try:
            return cls(text)  # type: ignore[arg-type]  # SimpleJWT's annotation is wrong: it takes the encoded text
        except (ValueError, TypeError, OverflowError) as error:
            raise TokenError("Token is invalid") from error  # one of ours with an odd claim, such as an endless `exp`

    def verify(self) -> None:
        """Raise TokenError for a token that is malformed, expired or logged out; SimpleJWT calls it on reading."""
        super().verify()
        check_form(self)
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
        except User.DoesNotExist as error:
            raise TokenError("Token belongs to nobody") from error
