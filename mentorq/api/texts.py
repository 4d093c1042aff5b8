"""Cleans the texts that people write, in JSON, forms and files. docs/api.md has the rules.

Invisible characters and those that change the text direction are removed. A text without visible characters is empty.
"""

import re

LONGEST = 2000  # of every text; the frontend clears its form before it knows of a refusal
SEARCH_LENGTH, SEARCH_WORDS = 255, 8  # each word scans the texts of every ticket
SHOWN = 60

# Without NUL, which is refused and not cleaned.
INVISIBLE = re.compile("[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]+")
LINES_AND_CONTROLS = re.compile("[\x01-\x1f\x7f-\x9f\u2028\u2029]+")
CONTROLS = re.compile("[\x01-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]+")  # without tabs and line breaks
# Emoji and several scripts need joiners, but only between two visible characters.
JOINER, VISIBLE = "[\u200c\u200d]", r"[^\s\x00-\x1f\x7f-\x9f\u2800\u3164\u200c\u200d]"
LOOSE_JOINERS = re.compile(f"{JOINER}(?:(?<!{VISIBLE}{JOINER})|(?!{VISIBLE}))")
BLANK = re.compile(r"[\s\u2800\u3164]*")


def one_line(text: str) -> str:
    """Replace each run of line breaks, tabs and control characters with a space."""
    return _without_blanks(_visible(text, LINES_AND_CONTROLS))


def lines(text: str) -> str:
    """Keep line breaks and tabs; replace each run of other control characters with a space."""
    return _without_blanks(_visible(text, CONTROLS))


def note(text: str) -> str:
    """Clean a text of the server's own as `lines` does, but keep the blanks around it."""
    return _visible(text, CONTROLS)


def shortened(text: str, length: int = SHOWN) -> str:
    """Cut the text to so many characters, with an ellipsis, for where there is little room."""
    return text if len(text) <= length else f"{text[: length - 1].rstrip()}…"


def _visible(text: str, controls: re.Pattern[str]) -> str:
    # Python calls all of these characters unprintable, and its check takes a tenth of the time.
    if text.isprintable():
        return text
    if text.isascii():
        return controls.sub(" ", text)
    return LOOSE_JOINERS.sub("", controls.sub(" ", INVISIBLE.sub("", text)))


def _without_blanks(text: str) -> str:
    text = text.strip()
    return "" if BLANK.fullmatch(text) else text
