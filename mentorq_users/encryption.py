"""Encrypts the LCS tokens in the database, with the keys in LCS_TOKEN_KEYS, newest first.

To rotate, put a new key in front. Remove the old one after three days, when its last token has expired.
"""

import base64
from functools import cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


class Unreadable(Exception):
    """No key decrypts the stored text: a key is missing or mistyped, or the text was never encrypted."""


def encrypt(text: str) -> str:
    return _ring(tuple(settings.LCS_TOKEN_KEYS)).encrypt(text.encode()).decode() if text else ""


def decrypt(text: str) -> str:
    """Decrypt with any of the keys; raises Unreadable if none fits."""
    try:
        return _ring(tuple(settings.LCS_TOKEN_KEYS)).decrypt(text.encode()).decode() if text else ""
    except InvalidToken as error:
        raise Unreadable from error


@cache
def _ring(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(_fernet_key(key)) for key in keys])


def _fernet_key(key: str) -> bytes:
    """Derive a Fernet key for this use (HKDF, RFC 5869) from any text, even from SECRET_KEY."""
    derivation = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"mentorq: LCS tokens at rest")
    return base64.urlsafe_b64encode(derivation.derive(key.encode()))
