"""LCS: whether it answers at that URL as LCS does, and its clock."""

import json
import re
import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from django.conf import settings

from mentorq.environment import LAPTOP_KEY
from mentorq.operations.doctor.asking import Answer, NoAnswer, ask
from mentorq.operations.doctor.clocks import difference
from mentorq.operations.doctor.findings import Finding, amber, green, red
from mentorq_users.checks import is_this_machine
from mentorq_users.lcs.client import open_envelope
from mentorq_users.lcs.exceptions import LCSRefused, LCSUnavailable
from mentorq_users.lcs.standin import PASSWORD, PEOPLE

ABOUT = "LCS"
CHECK_URL = "Correct LCS_BASE_URL, or look whether LCS works. Until then nobody can sign in."
STAGE = "LCS_BASE_URL ends in the stage, for example https://api.hackru.org/prod."
STAND_IN = "Start the stand-in: python manage.py runlcs {port}"
REAL = "Set LCS_BASE_URL to the real LCS, for example https://api.hackru.org/prod."


def lcs() -> Iterator[Finding]:
    """Ask LCS about a token that nobody has, which LCS refuses."""
    before = time.time()
    try:
        answer = call("/validate", {"email": "doctor@mentorq.invalid", "token": "a-token-that-nobody-has"})
    except NoAnswer as error:
        yield red(ABOUT, f"{where()} gives no answer: {error}.", remedy())
        return
    yield judged(answer)
    yield from of_clock(answer, (before + time.time()) / 2)


def call(path: str, payload: dict[str, str]) -> Answer:
    """Raises NoAnswer within LCS_TIMEOUT seconds."""
    return ask("POST", settings.LCS_BASE_URL.rstrip("/") + path, seconds=settings.LCS_TIMEOUT, json=payload)


def judged(answer: Answer) -> Finding:
    try:
        open_envelope(answer.status, answer.content)
    except LCSRefused:
        return green_unless_odd()
    except LCSUnavailable as error:
        if is_gateway(answer):
            return red(ABOUT, f"{where()} is a wrong path: AWS answers instead of LCS.", f"{STAGE} {CHECK_URL}")
        return red(ABOUT, f"{where()} answers, but not as LCS does: {error}, {answer.kind}.", remedy())
    return red(ABOUT, f"{where()} accepts a token that nobody has.", REAL)


def green_unless_odd() -> Finding:
    if not has_stage():
        return amber(ABOUT, f"{where()} answers as LCS does, but has no stage in its path.", STAGE)
    if settings.SECRET_KEY != LAPTOP_KEY and is_stand_in():
        return red(ABOUT, f"{where()} is the stand-in: anybody can sign in as a director.", REAL)
    return green(ABOUT, f"{where()} answers as LCS does.")


def is_stand_in() -> bool:
    """Whether a demo person can sign in. Other machines are not asked: theirs is a real LCS."""
    if not is_this_machine(urlsplit(settings.LCS_BASE_URL).hostname or ""):
        return False
    try:
        answer = call("/authorize", {"email": PEOPLE[0]["email"], "password": PASSWORD})
        open_envelope(answer.status, answer.content)
    except (NoAnswer, LCSRefused, LCSUnavailable):
        return False
    return True


def is_gateway(answer: Answer) -> bool:
    """Return whether AWS refused the path: `{"message": "Missing Authentication Token"}`, or "Forbidden"."""
    try:
        content = json.loads(answer.content)
    except (ValueError, RecursionError):
        return False
    return answer.status == 403 and isinstance(content, dict) and "message" in content


def of_clock(answer: Answer, now: float) -> Iterator[Finding]:
    """Compare `now`, the middle of the call, with the answer's Date, which is cut to whole seconds."""
    try:
        date = parsedate_to_datetime(answer.headers["Date"]).timestamp()
    except (KeyError, ValueError):
        yield amber("clock", "LCS sends no Date to compare with.", CHECK_URL)
        return
    yield difference("LCS", date + 0.5 - now)


def has_stage() -> bool:
    return bool(urlsplit(settings.LCS_BASE_URL).path.strip("/"))


def remedy() -> str:
    url = urlsplit(settings.LCS_BASE_URL)
    if settings.SECRET_KEY == LAPTOP_KEY and is_this_machine(url.hostname or ""):
        return STAND_IN.format(port=url.port or 80)
    return CHECK_URL if has_stage() else f"{STAGE} {CHECK_URL}"


def where() -> str:
    """The URL without a password or a query."""
    return re.sub("//.*@", "//…@", settings.LCS_BASE_URL).partition("?")[0]
