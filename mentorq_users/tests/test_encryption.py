"""LCS tokens at rest: unreadable without a key, readable through a rotation of keys."""

import pytest

from mentorq_users.encryption import Unreadable, decrypt, encrypt


@pytest.fixture(autouse=True)
def keys(settings):
    settings.LCS_TOKEN_KEYS = ["old key"]


@pytest.mark.parametrize("text", ["a-token", "花", "x" * 4096, " "])
def test_what_is_encrypted_is_read_again(text):
    assert decrypt(encrypt(text)) == text


def test_the_same_text_never_looks_the_same():
    assert encrypt("a-token") != encrypt("a-token")


def test_the_text_is_not_in_what_is_stored():
    assert "a-token" not in encrypt("a-token")


def test_no_token_is_stored_as_none():
    assert (encrypt(""), decrypt("")) == ("", "")


def test_an_old_key_still_reads_behind_a_new_one(settings):
    stored = encrypt("a-token")

    settings.LCS_TOKEN_KEYS = ["new key", "old key"]

    assert decrypt(stored) == "a-token"


def test_the_newest_key_encrypts(settings):
    settings.LCS_TOKEN_KEYS = ["new key", "old key"]
    stored = encrypt("a-token")

    settings.LCS_TOKEN_KEYS = ["new key"]

    assert decrypt(stored) == "a-token"


def test_a_token_under_a_dropped_key_is_unreadable_which_is_not_none(settings):
    stored = encrypt("a-token")

    settings.LCS_TOKEN_KEYS = ["new key"]

    with pytest.raises(Unreadable):
        decrypt(stored)


@pytest.mark.parametrize("stored", ["a-token", "gAAAAA", "花", "\0", " "])
def test_what_was_never_encrypted_is_unreadable(stored):
    with pytest.raises(Unreadable):
        decrypt(stored)


def test_a_changed_letter_makes_it_unreadable():
    stored = encrypt("a-token")

    with pytest.raises(Unreadable):
        decrypt(stored[:-9] + ("A" if stored[-9] != "A" else "B") + stored[-8:])
