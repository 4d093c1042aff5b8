"""Links to Slack conversations, which LCS knows. The frontend asks every 30 seconds for every ticket, we ask LCS seldom."""

import time

from django.conf import settings
from django.core.cache import cache

from mentorq_users.emails import cache_key
from mentorq_users.lcs.client import LCSClient
from mentorq_users.lcs.exceptions import LCSRefused, LCSUnavailable
from mentorq_users.lcs.transport import slots, take_slot
from mentorq_users.models import User

# What the frontend knows how to show, word for word.
REFUSALS = frozenset({"Slack ID not present within LCS for the given user(s)", "Other user not found within LCS"})
# For how many seconds an answer is remembered.
LINK_AGE, REFUSAL_AGE, FAILURE_AGE = 600, 60, 10

Answer = tuple[str, str]  # "link", "refused" or "unavailable", and the text that goes with it


def dm_link(user: User, other_email: str) -> str:
    """Return the link from one person to the other; raises LCSRefused with a text for the frontend, and LCSUnavailable.

    Answers are remembered across processes, refusals and failures more briefly; a pair is never asked for twice at once.
    """
    key = cache_key("slack", user.email, other_email)
    kind, text = cache.get(key) or _ask_once(key, user, other_email)
    if kind == "refused":
        raise LCSRefused(text)
    if kind == "unavailable":
        raise LCSUnavailable(text)
    return text


def _ask_once(key: str, user: User, other_email: str) -> Answer:
    """Return LCS's answer, asked for here, or by whoever is asking for that pair already."""
    asking = f"{key}:asking"
    # It outlives the longest call, and is forgotten by itself where the asking process died.
    if not cache.add(asking, True, timeout=settings.LCS_TIMEOUT + 1):
        return _wait(key)
    try:
        # Somebody may have asked and finished since the caller looked.
        return cache.get(key) or _ask(key, user, other_email)
    finally:
        cache.delete(asking)


def _ask(key: str, user: User, other_email: str) -> Answer:
    answer, age = _answer(user, other_email)
    cache.set(key, answer, timeout=age)
    return answer


def _answer(user: User, other_email: str) -> tuple[Answer, int]:
    """Return LCS's answer and for how many seconds to remember it."""
    try:
        token = user.lcs_token
        if not token:
            raise LCSRefused("no LCS token")
        return ("link", LCSClient().slack_dm(token, other_email)), LINK_AGE
    except LCSUnavailable:
        return ("unavailable", "LCS does not answer."), FAILURE_AGE
    except LCSRefused as refusal:
        if str(refusal) in REFUSALS:
            return ("refused", str(refusal)), REFUSAL_AGE
        return ("refused", "error: LCS does not accept your sign-in any more: sign in again."), FAILURE_AGE


def _wait(key: str) -> Answer:
    """Return the answer that another request is waiting for; it takes a place among those who wait for LCS."""
    take_slot()
    try:
        deadline = time.monotonic() + settings.LCS_TIMEOUT
        while time.monotonic() < deadline:
            time.sleep(0.05)
            answer: Answer | None = cache.get(key)
            if answer:
                return answer
    finally:
        slots.release()
    raise LCSUnavailable("LCS does not answer.")
