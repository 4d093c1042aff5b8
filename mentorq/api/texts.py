"""What becomes of the texts that people write, whichever way they come in: docs/api.md has the rules.

A text never holds a character that is invisible, or that turns the direction of what follows. A text that shows nothing
is the empty text.
"""

import re

LONGEST = 2000  # every text; the frontend clears its form before it hears of a refusal
SEARCH_LENGTH, SEARCH_WORDS = 255, 8  # each word looks through the texts of every ticket
SHOWN = 60

# NUL is in none of them: it is refused, not cleaned.
INVISIBLE = re.compile("[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]+")
LINES_AND_CONTROLS = re.compile("[\x01-\x1f\x7f-\x9f\u2028\u2029]+")
CONTROLS = re.compile("[\x01-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]+")  # but for tabs and what ends a line
# Emoji and several scripts need joiners, but only between two characters that one can see.
JOINER, SEEN = "[\u200c\u200d]", r"[^\s\x00-\x1f\x7f-\x9f\u2800\u3164\u200c\u200d]"
LOOSE_JOINERS = re.compile(f"{JOINER}(?:(?<!{SEEN}{JOINER})|(?!{SEEN}))")
BLANK = re.compile(r"[\s\u2800\u3164]*")


def one_line(text: str) -> str:
    """Return the text as one line: a run of line breaks, tabs and control characters becomes a space."""
    return _without_blanks(_visible(text, LINES_AND_CONTROLS))


def lines(text: str) -> str:
    """Return the text with its lines and tabs: a run of other control characters becomes a space."""
    return _without_blanks(_visible(text, CONTROLS))


def note(text: str) -> str:
    """Return what the server wrote about texts as `lines` does, but with the blanks around it."""
    return _visible(text, CONTROLS)


def shortened(text: str, length: int = SHOWN) -> str:
    """Return the text for where there is little room: with an ellipsis if it is longer than that."""
    return text if len(text) <= length else f"{text[: length - 1].rstrip()}…"


def _visible(text: str, controls: re.Pattern[str]) -> str:
    # Python counts all that is looked for as unprintable, and can tell in a tenth of the time.
    if text.isprintable():
        return text
    if text.isascii():
        return controls.sub(" ", text)
    return LOOSE_JOINERS.sub("", controls.sub(" ", INVISIBLE.sub("", text)))


def _without_blanks(text: str) -> str:
    text = text.strip()
    return "" if BLANK.fullmatch(text) else text
