"""What the log says of a failed sign-in: from where, why, and a keyed digest of the e-mail; never the e-mail."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest
from django.utils.crypto import salted_hmac
from rest_framework.request import Request
from rest_framework.response import Response

from mentorq.api.request_state import state_of
from mentorq_users.addresses import client_address
from mentorq_users.emails import normalize_email

DIGITS = 16
CRASHED = "internal_server_error"


def email_digest(email: str) -> str:
    """Return 16 hex digits that stand for this address in the log. Nobody without SECRET_KEY can compute them."""
    text = normalize_email(email).encode(errors="backslashreplace")
    return salted_hmac("mentorq_users.failed_signins", text, algorithm="sha256").hexdigest()[:DIGITS]


def note_failure(request: HttpRequest | Request, email: Any, code: str) -> None:
    """Let the log line of this request tell of it. `email` is whatever was sent, also nothing or no text."""
    digest = {"email_digest": email_digest(email)} if isinstance(email, str) and email.strip() else {}
    state_of(request).failed_sign_in = {"address": client_address(request), "code": code, **digest}


def sent_email(request: Request) -> Any:
    """Return what the body has as `email`, None for a body that cannot be read."""
    try:
        data = request.data
    except Exception:  # noqa: BLE001 - this is why the sign-in failed, and the view answers it
        return None
    return data.get("email") if isinstance(data, Mapping) else None


def code_of(response: Response) -> str:
    """Errors of fields have no `code`."""
    return str(response.data.get("code", "invalid"))
