"""What people read of a notice, before a format escapes and cuts it."""

import unicodedata
from collections.abc import Callable, Iterator
from typing import NamedTuple

from django.conf import settings

from mentorq_backend.notices.models import TEST, Happening, Notice

PAST = {
    Happening.OPENED: "is new",
    Happening.CLAIMED: "was claimed",
    Happening.RELEASED: "is back in the queue",
    Happening.CLOSED: "was closed",
    Happening.CANCELLED: "was cancelled",
    Happening.REOPENED: "was reopened",
    Happening.RATED: "was rated",
}
JOINER = "\u200d"
SKIN_TONES = range(0x1F3FB, 0x1F400)
FLAG_LETTERS, TAGS = range(0x1F1E6, 0x1F200), range(0xE0020, 0xE0080)


class Message(NamedTuple):
    """Our words, theirs, and short facts by name. `facts` hold people's words, too."""

    heading: str
    text: str
    facts: dict[str, str]

    @classmethod
    def of(cls, notice: Notice) -> "Message":
        if notice.happening == TEST:
            return cls("A test from MentorQ", "Notices arrive here.", {})
        if notice.happening == Happening.MESSAGE:
            event = notice.payload["event"]
            return cls("To everybody", event["message"] or "There is no message any more.", {"Event": event["name"]})
        return cls(_heading(notice), notice.payload["ticket"]["title"], _facts(notice))


def _heading(notice: Notice) -> str:
    number = f"#{notice.payload['ticket']['id']}"
    if notice.happening == Happening.WAITING and notice.since:
        return f"{number} has been waiting for {(notice.at - notice.since).total_seconds() // 60:.0f} min"
    return f"{number} {PAST[Happening(notice.happening)]}"


def _facts(notice: Notice) -> dict[str, str]:
    ticket, waiting = notice.payload["ticket"], notice.payload["waiting"]
    facts = {
        "Location": ticket["location"],
        "Owner": ticket["owner"] or ticket["owner_email"],
        "Mentor": ticket["mentor"] or ticket["mentor_email"],
        "In the queue": f"{waiting} ticket{'' if waiting == 1 else 's'}",
    }
    return {name: fact for name, fact in facts.items() if fact}


def link() -> str:
    """Return where people ask, "" if nobody has said."""
    return str(settings.FRONTEND_URL)


def fitting(text: str, most: int, escape: Callable[[str], str]) -> str:
    """Escape the text and cut it to `most` UTF-16 units, which is how receivers count. Never within a character."""
    if length(escape(text)) <= most:
        return escape(text)
    kept, left = "", most - 1
    for character in characters(text):
        escaped = escape(character)
        left -= length(escaped)
        if left < 0:
            break
        kept += escaped
    return f"{kept}…"


def length(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def characters(text: str) -> Iterator[str]:
    """Yield what people see as one character: marks, skin tones, flags and joined emoji stay with theirs."""
    seen = ""
    for code in text:
        if seen and not _continues(seen, code):
            yield seen
            seen = ""
        seen += code
    if seen:
        yield seen


def _continues(seen: str, code: str) -> bool:
    is_second_of_a_flag = ord(code) in FLAG_LETTERS and ord(seen[-1]) in FLAG_LETTERS and len(seen) == 1
    is_mark = unicodedata.category(code).startswith("M") or ord(code) in SKIN_TONES or ord(code) in TAGS
    return is_mark or is_second_of_a_flag or JOINER in (code, seen[-1])
