"""The client of LCS, HackRU's account service, which identifies people (docs/lcs.md)."""

import json
import logging
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator, validate_email
from prometheus_client import Histogram

from mentorq.api.texts import one_line
from mentorq.histograms import observe
from mentorq_users.emails import normalize_email
from mentorq_users.lcs.exceptions import LCSRefused, LCSUnavailable
from mentorq_users.lcs.transport import post

logger = logging.getLogger(__name__)

T = TypeVar("T")

validate_length = MaxLengthValidator(254)  # the length of the column
CALLS = Histogram(
    "mentorq_lcs_call_seconds",
    "Calls of LCS: how many, how long they took, and whether LCS answered, refused, or was unavailable.",
    ["call", "outcome"],
    buckets=[0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
)


@dataclass(frozen=True)
class LCSProfile:
    """A person in LCS: a normalized e-mail, names (possibly empty) and the roles they have."""

    email: str
    first_name: str
    last_name: str
    roles: frozenset[str]

    @classmethod
    def from_body(cls, body: Any) -> "LCSProfile":
        """Raises LCSUnavailable if the body has no valid e-mail or no role object."""
        if not isinstance(body, dict) or not isinstance(body.get("role"), dict):
            raise LCSUnavailable("a profile without a role object")
        return cls(
            email=_email(body.get("email")),
            first_name=_name(body.get("first_name")),
            last_name=_name(body.get("last_name")),
            # Only a JSON true counts: Python takes the string "false" for true.
            roles=frozenset(role for role, held in body["role"].items() if held is True),
        )


def _token(body: Any) -> str:
    if not isinstance(body, dict) or not isinstance(body.get("token"), str) or not body["token"]:
        raise LCSUnavailable("no token")
    return _storable(body["token"])


def _profiles(body: Any) -> list[LCSProfile]:
    if not isinstance(body, list):
        raise LCSUnavailable("no list of profiles")
    return [LCSProfile.from_body(profile) for profile in body]


def _link(body: Any) -> str:
    link = body.get("slack_dm_link") if isinstance(body, dict) else None
    if not isinstance(link, str) or not link.startswith("https://"):
        raise LCSUnavailable("no https link")
    return _storable(link)


def _email(value: Any) -> str:
    try:
        if not isinstance(value, str):
            raise ValueError("not a text")
        validate_email(value)
        if value != value.strip():  # the validator accepts wide spaces in a domain, and normalizing would remove them
            raise ValueError("white space around it")
        value.encode()  # the validator accepts a lone surrogate in a domain, and no database does
        validate_length(value)
    except (ValidationError, ValueError) as error:
        raise LCSUnavailable("a profile without a valid e-mail") from error
    return normalize_email(value)


def _storable(text: str) -> str:
    """Remove what JSON can hold and a database cannot: NUL and half a surrogate pair."""
    return text.encode(errors="ignore").decode().replace("\0", "")


def _name(value: Any) -> str:
    """Return a name that fits the column, "" for anything but a text."""
    # Twice, because the cut text may end in a blank or a joiner.
    return one_line(one_line(_storable(value))[:100]) if isinstance(value, str) else ""


class LCSClient:
    """The calls of LCS that MentorQ makes. Each ends within LCS_TIMEOUT seconds.

    They raise LCSRefused, or LCSUnavailable if there is neither a refusal nor a well-formed answer.
    """

    def __init__(self, address: str = "") -> None:
        """`address` is the client's at sign-in, which limits its share of the calls; "" for people who have signed in."""
        self.address = address

    def authorize(self, email: str, password: str) -> str:
        return self._call("/authorize", {"email": email, "password": password}, _token)

    def validate(self, email: str, token: str) -> LCSProfile:
        """Return the profile of the token's owner. The caller must compare it with `email`: newer LCS ignores that."""
        return self._call("/validate", {"email": email, "token": token}, LCSProfile.from_body)

    def read(self, token: str, email: str) -> LCSProfile:
        """Return the profile of `email`, read with an organizer's token; raises LCSRefused also for an unknown person."""
        for profile in self._call("/read", {"token": token, "query": {"email": email}}, _profiles):
            if profile.email == email:
                return profile
        raise LCSRefused(f"{email} is not known to LCS")

    def slack_dm(self, token: str, other_email: str) -> str:
        return self._call("/slack-dm", {"token": token, "other_email": other_email}, _link)

    def _call(self, path: str, payload: Mapping[str, Any], parse: Callable[[Any], T]) -> T:
        try:
            with _measured(path):
                return parse(open_envelope(*post(path, payload, self.address)))
        except LCSUnavailable as error:
            logger.warning("LCS %s is unavailable: %s (%s)", path, error, _where())
            raise LCSUnavailable(f"{path}: {error}") from error


def _where() -> str:
    """Return the URL of LCS for the log, without a password; on a laptop with the command for the stand-in."""
    url = re.sub("//.*@", "//…@", settings.LCS_BASE_URL)
    return f"{url}: manage.py runlcs {urlsplit(url).port}" if settings.DEBUG and urlsplit(url).port else url


@contextmanager
def _measured(call: str) -> Iterator[None]:
    start, outcome = time.perf_counter(), "answered"
    try:
        yield
    except LCSRefused:
        outcome = "refused"
        raise
    except LCSUnavailable:
        outcome = "unavailable"
        raise
    finally:
        observe(CALLS, time.perf_counter() - start, call, outcome)


def open_envelope(http_status: int, content: bytes) -> Any:
    """Return the body in the envelope, whose `statusCode` is the real status; raises LCSRefused, LCSUnavailable."""
    envelope = _json(content)
    if not isinstance(envelope, dict) or type(envelope.get("statusCode")) is not int:
        raise LCSUnavailable(f"HTTP {http_status} without an envelope")
    status, body = envelope["statusCode"], envelope.get("body")
    if status in (400, 403) and http_status in (200, status):
        raise LCSRefused(_reason(body) or f"status {status}")
    if status != 200 or http_status != 200:
        raise LCSUnavailable(f"HTTP {http_status}, status {status}")
    # Older deployments encode the body twice.
    return _json(body) if isinstance(body, str) else body


def _reason(body: Any) -> str:
    """Return the reason of a refusal, which older deployments encode twice; "" if there is none."""
    try:
        words = json.loads(body)
    except (ValueError, TypeError, RecursionError):
        words = body
    return words if isinstance(words, str) else ""


def _json(text: bytes | str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise LCSUnavailable("not JSON") from error
