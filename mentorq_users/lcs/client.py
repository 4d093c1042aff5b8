"""The client of LCS, HackRU's account service, which alone knows who somebody is (docs/lcs.md).

LCSError
├── LCSRefused        LCS says no: a wrong password, a bad, expired or revoked token
└── LCSUnavailable    LCS is down, slow, or does not speak its own language
"""

import json
import logging
import re
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

import requests
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator, validate_email
from prometheus_client import Histogram

from mentorq.api.texts import one_line
from mentorq.histograms import observe
from mentorq_users.emails import normalize_email
from mentorq_users.lcs.breaker import Breaker
from mentorq_users.lcs.slots import Slots
from mentorq_users.lcs.transport import DeadlineAdapter

logger = logging.getLogger(__name__)

T = TypeVar("T")

validate_length = MaxLengthValidator(254)  # what the account's column holds
MAX_ANSWER_BYTES = 1024 * 1024
# So many requests of a process may wait for LCS at once, and so many more for their turn; the next ones are refused at
# once, so that a hanging LCS never takes all of the server's threads. Give the server more threads than both.
MAX_CALLS, MAX_PATIENT = 8, 6
# So many of them may be for one address at the door: the people of other addresses, who come at once, get the rest.
MAX_EACH = 3
slots = Slots(MAX_CALLS, MAX_EACH, MAX_PATIENT)
# Only what gets no answer counts: one person's odd profile must not keep the others out.
breaker = Breaker(failures=5, seconds=5)
CALLS = Histogram(
    "mentorq_lcs_call_seconds",
    "Calls of LCS: how many, how long they took, and whether LCS answered, refused, or was unavailable.",
    ["call", "outcome"],
    buckets=[0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
)
# In threads of their own: what hangs there (a name server, too) never holds a request beyond its deadline.
executor = ThreadPoolExecutor(max_workers=MAX_CALLS, thread_name_prefix="lcs")


class LCSError(Exception):
    """Any way in which LCS did not give what was asked for. Nothing of ours in its text is a token or a password."""


class LCSRefused(LCSError):
    """LCS understood and says no; the text is LCS's own words."""


class LCSUnavailable(LCSError):
    """LCS gave no well-formed answer within the deadline, so nothing is known about the person."""


@dataclass(frozen=True)
class LCSProfile:
    """Who LCS says somebody is: a normalized e-mail, names (may be empty) and the roles that are true."""

    email: str
    first_name: str
    last_name: str
    roles: frozenset[str]

    @classmethod
    def from_body(cls, body: Any) -> "LCSProfile":
        """Return the profile in an answer's body; raises LCSUnavailable where it has no valid e-mail or no role object."""
        if not isinstance(body, dict) or not isinstance(body.get("role"), dict):
            raise LCSUnavailable("a profile without a role object")
        return cls(
            email=_email(body.get("email")),
            first_name=_name(body.get("first_name")),
            last_name=_name(body.get("last_name")),
            # Only a JSON true: the string "false" would be true to Python.
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
        if value != value.strip():  # it takes wide spaces for letters of a domain, which would fall away below
            raise ValueError("white space around it")
        value.encode()  # a lone surrogate passes for a letter of a domain, but no database takes it
        validate_length(value)
    except (ValidationError, ValueError) as error:
        raise LCSUnavailable("a profile without a valid e-mail") from error
    return normalize_email(value)


def _storable(text: str) -> str:
    """Return the text without what JSON can say and a database cannot keep: NUL and half a surrogate pair."""
    return text.encode(errors="ignore").decode().replace("\0", "")


def _name(value: Any) -> str:
    """Return a name that fits our columns; anything but a text is no name."""
    # Once more, because what is cut may end in a blank or a joiner.
    return one_line(one_line(_storable(value))[:100]) if isinstance(value, str) else ""


class LCSClient:
    """The calls of LCS that MentorQ makes; every one ends within LCS_TIMEOUT seconds.

    They raise LCSRefused, or LCSUnavailable for everything that is neither a refusal nor a well-formed good answer.
    """

    def __init__(self, address: str = "") -> None:
        """`address` is the client's for whom we ask at the door, where it has its share of the calls; "" inside."""
        self.address = address

    def authorize(self, email: str, password: str) -> str:
        """Return an LCS token for the person's own e-mail and password."""
        return self._call("/authorize", {"email": email, "password": password}, _token)

    def validate(self, email: str, token: str) -> LCSProfile:
        """Return the profile of the token's owner, who need not be `email`: the caller compares."""
        return self._call("/validate", {"email": email, "token": token}, LCSProfile.from_body)

    def read(self, token: str, email: str) -> LCSProfile:
        """Return the profile of `email`, read with an organizer's token; raises LCSRefused also for a stranger."""
        for profile in self._call("/read", {"token": token, "query": {"email": email}}, _profiles):
            if profile.email == email:
                return profile
        raise LCSRefused(f"{email} is not known to LCS")

    def slack_dm(self, token: str, other_email: str) -> str:
        """Return the https link to a Slack conversation of the token's owner with somebody else."""
        return self._call("/slack-dm", {"token": token, "other_email": other_email}, _link)

    def _call(self, path: str, payload: Mapping[str, Any], parse: Callable[[Any], T]) -> T:
        """Return the body of LCS's answer through `parse`, within the deadline."""
        try:
            with _measured(path):
                return parse(_open(*_ask(path, payload, self.address)))
        except LCSUnavailable as error:
            logger.warning("LCS %s is unavailable: %s (%s)", path, error, _where())
            raise LCSUnavailable(f"{path}: {error}") from error


def _where() -> str:
    """Return LCS's URL for the log, without a password in it, and on a laptop how to have LCS's stand-in there."""
    url = re.sub("//.*@", "//…@", settings.LCS_BASE_URL)
    return f"{url}: manage.py runlcs {urlsplit(url).port}" if settings.DEBUG and urlsplit(url).port else url


@contextmanager
def _measured(call: str) -> Iterator[None]:
    """Observe how long the block takes and how it ends."""
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


def _ask(path: str, payload: Mapping[str, Any], address: str) -> tuple[int, bytes]:
    """Return HTTP status and content of LCS's answer; raises LCSUnavailable where there is none within LCS_TIMEOUT."""
    if not breaker.lets_through():
        raise LCSUnavailable("it did not answer the last times, and is left alone for a moment")
    future = _start(path, payload, address)
    try:
        answer = future.result(timeout=settings.LCS_TIMEOUT)
    except (requests.RequestException, TimeoutError) as error:
        future.cancel()
        breaker.failed()
        raise LCSUnavailable(type(error).__name__) from error
    except LCSUnavailable:
        breaker.reset()  # too large, but an answer
        raise
    breaker.reset()
    return answer


class Session(requests.Session):
    """One that does not look where a redirect points: following it would carry the password there."""

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        return None


def _start(path: str, payload: Mapping[str, Any], address: str) -> Future[tuple[int, bytes]]:
    """Begin a call, which holds a place until it ends, also if nobody waits for it any more; raises LCSUnavailable."""
    take_slot(address)
    try:
        future = executor.submit(_post, settings.LCS_BASE_URL.rstrip("/") + path, payload, settings.LCS_TIMEOUT)
    except RuntimeError as error:  # it is shut down, or the system has no thread left
        slots.release(address)
        raise LCSUnavailable("no thread for the call") from error
    future.add_done_callback(lambda _: slots.release(address))
    return future


def take_slot(address: str = "") -> None:
    """Take one of the places in which a request may wait for LCS, to be given back with `slots.release(address)`.

    Raises LCSUnavailable if those for that address stay taken for a moment: LCS hangs, or many knock.
    """
    if not slots.acquire(address):
        raise LCSUnavailable(f"{len(slots.held)} calls wait for it already")


def _post(url: str, payload: Mapping[str, Any], timeout: float) -> tuple[int, bytes]:
    """Return HTTP status and content, at most MAX_ANSWER_BYTES; raises requests.RequestException, LCSUnavailable.

    A session a call keeps no cookie of one person for another, and meets no connection that LCS closed meanwhile.
    """
    with Session() as session:
        session.trust_env = False  # no proxy, .netrc or CA bundle from the environment sees a password
        session.mount(f"{url.partition(':')[0]}://", DeadlineAdapter())
        with session.post(url, json=payload, timeout=timeout, stream=True) as response:
            content = b""
            for chunk in response.iter_content(64 * 1024):
                content += chunk
                if len(content) > MAX_ANSWER_BYTES:
                    raise LCSUnavailable("an answer too large")
            return response.status_code, content


def _open(http_status: int, content: bytes) -> Any:
    """Return the body inside LCS's envelope, whose `statusCode` is the real status; raises LCSRefused, LCSUnavailable."""
    envelope = _json(content)
    if not isinstance(envelope, dict) or type(envelope.get("statusCode")) is not int:
        raise LCSUnavailable(f"HTTP {http_status} without an envelope")
    status, body = envelope["statusCode"], envelope.get("body")
    if status in (400, 403) and http_status in (200, status):
        raise LCSRefused(_reason(body) or f"status {status}")
    if status != 200 or http_status != 200:
        raise LCSUnavailable(f"HTTP {http_status}, status {status}")
    # Older deployments encode the body once more.
    return _json(body) if isinstance(body, str) else body


def _reason(body: Any) -> str:
    """Return LCS's words for a refusal, which older deployments encode once more; "" where there are none."""
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
