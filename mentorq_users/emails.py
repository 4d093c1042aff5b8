"""E-mail addresses, which identify people in LCS, accounts and tickets."""

import hashlib
import secrets
import string
from typing import Any

from rest_framework import serializers

from mentorq.api.fields import StringField

ASCII_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)

# Nobody can have an address there (RFC 6761), so no sign-in opens the account of somebody who was erased.
ERASED_DOMAIN = "@erased.invalid"


def normalize_email(email: str) -> str:
    """Return the address as it is stored and compared: ASCII letters in lower case, nothing else changed.

    `str.lower()` would turn the Kelvin sign of `K@b.co` into the `k` of somebody else's address.
    """
    return email.strip().translate(ASCII_LOWER)


def cache_key(use: str, *emails: str) -> str:
    """Return a cache key for these people. It has no account ids: after a restore an id may be another person's."""
    return f"{use}:{hashlib.sha256(chr(0).join(emails).encode()).hexdigest()}"


def erased_address() -> str:
    """Random, because a digest of the person's own address could be guessed."""
    return f"erased-{secrets.token_hex(8)}{ERASED_DOMAIN}"


class EmailField(StringField, serializers.EmailField):
    """An e-mail field of a serializer; the value is normalized."""

    def to_internal_value(self, data: Any) -> str:
        return normalize_email(super().to_internal_value(data))
