"""Encrypts what the database must not hold in clear: LCS tokens and webhooks. The keys are LCS_TOKEN_KEYS, newest first.

To rotate, put a new key in front. Remove the old one after three days: by then its last LCS token has expired, and upkeep
has encrypted webhooks anew.
"""

import base64
from functools import cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

LCS_TOKENS = "LCS tokens"


class Unreadable(Exception):
    """No key decrypts the stored text: a key is missing or mistyped, or the text was never encrypted."""


def encrypt(text: str, use: str = LCS_TOKENS) -> str:
    return _ring(tuple(settings.LCS_TOKEN_KEYS), use).encrypt(text.encode()).decode() if text else ""


def decrypt(text: str, use: str = LCS_TOKENS) -> str:
    """Decrypt with any of the keys; raises Unreadable if none fits."""
    return _decrypt(text, tuple(settings.LCS_TOKEN_KEYS), use)


def newly_encrypted(text: str, use: str) -> str | None:
    """Return the text under the newest key, None if it is under that key already or no key opens it."""
    try:
        _decrypt(text, (settings.LCS_TOKEN_KEYS[0],), use)
    except Unreadable:
        try:
            return encrypt(decrypt(text, use), use)
        except Unreadable:
            return None
    return None


def _decrypt(text: str, keys: tuple[str, ...], use: str) -> str:
    try:
        return _ring(keys, use).decrypt(text.encode()).decode() if text else ""
    except InvalidToken as error:
        raise Unreadable from error


@cache
def _ring(keys: tuple[str, ...], use: str) -> MultiFernet:
    return MultiFernet([Fernet(_fernet_key(key, use)) for key in keys])


def _fernet_key(key: str, use: str) -> bytes:
    """Derive a Fernet key for this use (HKDF, RFC 5869) from any text, even from SECRET_KEY."""
    derivation = HKDF(algorithm=SHA256(), length=32, salt=None, info=f"mentorq: {use} at rest".encode())
    return base64.urlsafe_b64encode(derivation.derive(key.encode()))
