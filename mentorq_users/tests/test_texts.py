"""What becomes of texts: nothing invisible, nothing that turns what follows around, one line if they must be one."""

import itertools
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mentorq.api.texts import lines, note, one_line, shortened

INVISIBLE = {
    *"\u00ad\u061c\u180e\u200b\u200e\u200f\ufeff",
    *map(chr, range(0x202A, 0x202F)), *map(chr, range(0x2060, 0x2070)), *map(chr, range(0xFFF9, 0xFFFC)),
}  # fmt: skip
CONTROLS = {chr(code) for code in (*range(1, 0x20), *range(0x7F, 0xA0))} | {"\u2028", "\u2029"}
KEPT_IN_LINES = set("\t\n\v\f\r\x85\u2028\u2029")
JOINERS = set("\u200c\u200d")
BLANK_GLYPHS = set("\u2800\u3164")
FAMILY, WALES = (
    "👩\u200d👩\u200d👧\u200d👦🏳\ufe0f\u200d🌈",
    "🏴\U000e0067\U000e0062\U000e0077\U000e006c\U000e0073\U000e007f",
)

odd = st.sampled_from(sorted(INVISIBLE | CONTROLS | JOINERS | BLANK_GLYPHS | set("a b é\u0301\ufe0f\u3000\0👩")))
texts = st.text(odd | st.characters(exclude_categories=["Cs"]), max_size=30)


def is_seen(character):
    return not (character.isspace() or character in CONTROLS | JOINERS | BLANK_GLYPHS | {"\0"})


def expected(text, one):
    """The rules once more, a character at a time."""
    text = "".join(character for character in text if character not in INVISIBLE)
    dropped, text = CONTROLS if one else CONTROLS - KEPT_IN_LINES, [*text]
    spaced = [" " if character in dropped else character for character in text]
    runs = [
        character for place, character in enumerate(spaced) if not (place and {text[place - 1], text[place]} <= dropped)
    ]
    kept = [
        character
        for before, character, after in zip(["", *runs], runs, [*runs[1:], ""], strict=False)
        if character not in JOINERS or (before and after and is_seen(before) and is_seen(after))
    ]
    text = "".join(kept).strip()
    return text if set(text) - BLANK_GLYPHS - {character for character in text if character.isspace()} else ""


@given(text=texts)
@example(text="a\u200d\u200db")
@example(text="a\n\u200b\nb")
@example(text="\u2800 \u200d\u3164")
def test_texts_are_cleaned_as_the_rules_say(text):
    assert (one_line(text), lines(text)) == (expected(text, one=True), expected(text, one=False))


@given(text=texts)
@pytest.mark.parametrize("clean", [one_line, lines, note])
def test_what_is_clean_stays_as_it_is(text, clean):
    assert clean(clean(text)) == clean(text)


@given(text=texts)
def test_no_forbidden_character_is_left(text):
    assert set(one_line(text)) & (INVISIBLE | CONTROLS) == set()
    assert set(lines(text)) & (INVISIBLE | CONTROLS - KEPT_IN_LINES) == set()


@given(text=st.text(st.characters(exclude_categories=["Cc", "Cf", "Cs", "Zl", "Zp"], exclude_characters="\u2800\u3164")))
def test_what_one_can_see_is_kept(text):
    assert (one_line(text), lines(text)) == (text.strip(), text.strip())


def test_no_character_that_is_cleaned_passes_for_printable():
    cleaned = INVISIBLE | CONTROLS | JOINERS

    assert [character for character in cleaned if character.isprintable()] == []
    # Characters are assigned in these planes alone.
    codes = itertools.chain(range(1, 0x20000), range(0xE0000, 0xE1000))
    assert {character for code in codes if (character := chr(code)) not in JOINERS
            and not re.match("[\ud800-\udfff]", character) and one_line(f"a{character}b") != f"a{character}b"} == (
        INVISIBLE | CONTROLS
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("a\nb", "a b"), ("a\r\n\t\x85\u2028\u2029\v\fb", "a b"), ("a\x1b\x07\x7fb", "a b"), (" a \n b ", "a   b"),
        ("\u202egnp.exe", "gnp.exe"), ("ad\u00admin", "admin"), ("\ufeffa\u200bb", "ab"), ("\u2066a\u2069", "a"),
        (FAMILY, FAMILY), (WALES, WALES), ("نمی\u200cخواهم", "نمی\u200cخواهم"), ("क्\u200dष", "क्\u200dष"),
        ("e\u0301\u0323", "e\u0301\u0323"),
        ("a\u200d", "a"), ("\u200da", "a"), ("a \u200c b", "a  b"), ("a\u200d\u200cb", "ab"), ("a\u200d\nb", "a b"),
        ("a\u200d\u2800b", "a\u2800b"), ("\u2800a", "\u2800a"),
    ],
)  # fmt: skip
def test_a_text_of_one_line(text, cleaned):
    assert ascii(one_line(text)) == ascii(cleaned)


@pytest.mark.parametrize(
    "text", ["", " ", "\u200b", "\u2800", "\u3164", "\u00a0\u3000\u2003", "\u200d\u200c", "\u2800 \u3164\u202e\n"]
)
def test_a_text_that_shows_nothing_is_empty(text):
    assert (one_line(text), lines(text)) == ("", "")


def test_a_text_with_lines_keeps_them_and_tabs():
    assert lines("\r\n1\r\n\t2\n\n3\u20284\x1b[31m\x01\x025\u202e\n") == "1\r\n\t2\n\n3\u20284 [31m 5"


def test_a_note_keeps_the_blanks_around_it():
    assert note("contact: @ada\u202e → ") == "contact: @ada → "


@pytest.mark.parametrize("text", ["a\0b", "\0"])
def test_nul_is_left_for_the_field_to_refuse(text):
    assert (one_line(text), lines(text)) == (text, text)


@pytest.mark.parametrize(
    ("text", "shown"), [("x" * 60, "x" * 60), ("x" * 61, f"{'x' * 59}…"), (f"{'x' * 58} {'y' * 9}", f"{'x' * 58}…")]
)
def test_a_long_text_is_shortened(text, shown):
    assert shortened(text) == shown
