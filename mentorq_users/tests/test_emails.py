"""How addresses are compared: ASCII capitals only, because a letter that looks alike may be somebody else's."""

import pytest
from rest_framework.exceptions import ValidationError

from mentorq_users.emails import EmailField, normalize_email


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("ada@example.edu", "ada@example.edu"),
        ("ADA@Example.EDU", "ada@example.edu"),
        ("  ada@example.edu\n", "ada@example.edu"),
        ("\u212aim@example.edu", "\u212aim@example.edu"),  # the Kelvin sign
        ("İda@example.edu", "İda@example.edu"),  # str.lower() makes two characters of it
        ("ÄDA@example.edu", "Äda@example.edu"),
    ],
)
def test_an_address_is_stored_with_its_ascii_letters_small_and_nothing_else_changed(written, stored):
    assert normalize_email(written) == stored


def test_normalizing_twice_changes_nothing_more():
    once = normalize_email(" ADA@\u212aX.edu ")

    assert normalize_email(once) == once


def test_the_serializer_field_normalizes():
    assert EmailField().run_validation(" Ada@Example.EDU ") == "ada@example.edu"


def test_the_serializer_field_refuses_what_is_no_address():
    with pytest.raises(ValidationError, match=r"Enter a valid email address\."):
        EmailField().run_validation("ada")
