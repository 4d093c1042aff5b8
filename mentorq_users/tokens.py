"""SimpleJWT's tokens with MentorQ's claims, and revocation of refresh tokens."""

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
# The forms that `issue` writes. Others are refused, even with a good signature: `int()` accepts `true`, ` 1` and
# full-width digits, and PostgreSQL refuses NUL.
FORMS = {
    "user_id": "[1-9][0-9]{0,17}",
    "jti": "[0-9a-f]{32}",
    "email": r"(?=\S)[^A-Z\0\ud800-\udfff]{1,254}(?<=\S)",  # as normalize_email() leaves it
}
IAT_LEEWAY = 30  # seconds; the clock of another server may be ahead, and ours may step back


def issue(kind: type[T], user: User) -> T:
    token = kind()
    token.payload.update({"user_id": str(user.pk), **user.token_claims})
    return token


def check_form(token: tokens.Token) -> None:
    texts = [(token.get(claim), form) for claim, form in FORMS.items()]
    has_form = all(isinstance(text, str) and re.fullmatch(form, text) for text, form in texts)
    has_instants = all(type(token.get(claim)) is int for claim in ("exp", "iat"))
    if not has_form or not has_instants or token["iat"] > time.time() + IAT_LEEWAY:
        raise TokenError("Token is invalid")


class Backend(TokenBackend):
    """SimpleJWT's, but the tokens check `exp` and `iat` themselves: its LEEWAY would apply to both."""

    def decode(self, token: Any, verify: bool = True) -> dict[str, Any]:
        """Check the signature and return the claims; raises TokenBackendError."""
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
    """Authenticates a request. The expiry depends on the request's method, so the authentication checks it."""

    _token_backend = BACKEND

    def verify(self) -> None:
        """Raise TokenError for a token that is not MentorQ's. SimpleJWT calls it when it reads one."""
        self.verify_token_type()
        check_form(self)


class RefreshToken(tokens.RefreshToken):
    """Gets new access tokens until it expires or is revoked. It is never rotated."""

    _token_backend = BACKEND

    @classmethod
    def read(cls, text: str) -> "RefreshToken":
        """Raises TokenError for a token that is malformed, expired or revoked."""
        try:
            return cls(text)  # type: ignore[arg-type]  # SimpleJWT's annotation is wrong: it takes the encoded text
        except (ValueError, TypeError, OverflowError) as error:
            raise TokenError(
                "Token is invalid"
            ) from error  # signed by us, but with an odd claim, such as an infinite `exp`

    def verify(self) -> None:
        """Raise TokenError for a token that is malformed, expired or revoked. SimpleJWT calls it when it reads one."""
        super().verify()
        check_form(self)
        if RevokedToken.objects.filter(jti=self["jti"]).exists():
            raise TokenError("Token is logged out")

    def revoke(self) -> None:
        """Raises TokenError if its account no longer exists, or if it is revoked already."""
        if not User.objects.filter(email=self["email"]).exists():
            raise TokenError("Token belongs to nobody")
        if not RevokedToken.objects.revoke(self["jti"], datetime_from_epoch(self["exp"])):
            raise TokenError("Token is logged out")

    def owner(self) -> User:
        try:
            return User.objects.get(email=self["email"], is_active=True)
        except User.DoesNotExist as error:
            raise TokenError("Token belongs to nobody") from error
