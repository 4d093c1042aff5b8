"""MentorQ's own tokens: SimpleJWT's, with our claims, and with a memory of those logged out."""

import re
import time
from typing import Any, TypeVar

import jwt
from rest_framework_simplejwt import tokens
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.exceptions import TokenBackendError, TokenError
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.utils import datetime_from_epoch

from mentorq_users.models import RevokedToken, User

T = TypeVar("T", bound=tokens.Token)
# Anything else is none of our making, whoever has the key: `int()` takes `true`, ` 1` and full-width digits for a
# number, and PostgreSQL takes no NUL.
FORMS = {
    "user_id": "[1-9][0-9]{0,17}",
    "jti": "[0-9a-f]{32}",
    "email": r"(?=\S)[^A-Z\0\ud800-\udfff]{1,254}(?<=\S)",  # as normalize_email() leaves it
}
IAT_LEEWAY = 30  # seconds that the clock of another server may be ahead, or ours may have stepped back


def issue(kind: type[T], user: User) -> T:
    """Return a new token of that kind, with the claims that the frontend reads."""
    token = kind()
    token.payload.update({"user_id": str(user.pk), **user.token_claims})
    return token


def check_form(token: tokens.Token) -> None:
    """Raise TokenError unless the claims that we act upon look as `issue` writes them."""
    texts = [(token.get(claim), form) for claim, form in FORMS.items()]
    has_form = all(isinstance(text, str) and re.fullmatch(form, text) for text, form in texts)
    has_instants = all(type(token.get(claim)) is int for claim in ("exp", "iat"))
    if not has_form or not has_instants or token["iat"] > time.time() + IAT_LEEWAY:
        raise TokenError("Token is invalid")


class Backend(TokenBackend):
    """SimpleJWT's, which leaves `exp` and `iat` to the tokens: its LEEWAY would be one for both."""

    def decode(self, token: Any, verify: bool = True) -> dict[str, Any]:
        """Return the claims of a token whose signature is good; raises TokenBackendError."""
        try:
            return jwt.decode(
                token,
                self.get_verifying_key(token),
                algorithms=[self.algorithm],
                options={"verify_aud": False, "verify_exp": False, "verify_iat": False, "verify_signature": verify},
            )
        except jwt.InvalidTokenError as error:
            raise TokenBackendError("Token is invalid") from error


BACKEND = Backend(api_settings.ALGORITHM, api_settings.SIGNING_KEY)


class AccessToken(tokens.AccessToken):
    """Lets a request in until it expires, which is for the request's method to say."""

    _token_backend = BACKEND

    def verify(self) -> None:
        """Raise TokenError for a token that is none of ours; SimpleJWT calls it on reading."""
        self.verify_token_type()
        check_form(self)


class RefreshToken(tokens.RefreshToken):
    """Buys new access tokens until it expires or is logged out; never rotated."""

    _token_backend = BACKEND

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
        """Log the token out; raises TokenError if nobody has its e-mail any more, or if somebody was faster."""
        if not User.objects.filter(email=self["email"]).exists():
            raise TokenError("Token belongs to nobody")
        if not RevokedToken.objects.revoke(self["jti"], datetime_from_epoch(self["exp"])):
            raise TokenError("Token is logged out")

    def owner(self) -> User:
        """Return the active account whose token it is; raises TokenError where there is none any more."""
        try:
            return User.objects.get(email=self["email"], is_active=True)
        except User.DoesNotExist as error:
            raise TokenError("Token belongs to nobody") from error
