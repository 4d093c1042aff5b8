"""A signed question on `/readyz`: how the server sees whoever asks. Only a holder of SECRET_KEY can ask."""

from typing import Any

from django.core.signing import BadSignature, TimestampSigner
from django.http import HttpRequest
from rest_framework.settings import api_settings

HEADER = "X-MentorQ-Doctor"
MAX_AGE = 120  # seconds; clocks may differ
# Of a network that is for documentation only (RFC 5737), so nobody has it.
FORGED = "203.0.113.7"


def headers_of_question() -> dict[str, str]:
    """Return the question, and a forged address that a server must not believe."""
    return {HEADER: signer().sign("how do you see me?"), "X-Forwarded-For": FORGED}


def answer_to(request: HttpRequest) -> dict[str, Any]:
    """Return what to add to the answer: nothing for a stranger."""
    try:
        signer().unsign(request.headers.get(HEADER, ""), max_age=MAX_AGE)
    except BadSignature:
        return {}
    forwarded = request.headers.get("X-Forwarded-For", "")
    seen = {
        "forwarded": [address.strip() for address in forwarded.split(",") if address.strip()],
        "num_proxies": api_settings.NUM_PROXIES,
        "proto": request.headers.get("X-Forwarded-Proto", ""),
    }
    return {"doctor": seen}


def signer() -> TimestampSigner:
    return TimestampSigner(salt="mentorq.doctor")
