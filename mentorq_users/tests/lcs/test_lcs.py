"""What LCS's answers mean: envelopes, profiles, refusals, and everything else."""

from typing import Any

import pytest
import responses

from mentorq_users.lcs.client import LCSClient, LCSProfile
from mentorq_users.lcs.exceptions import LCSRefused, LCSUnavailable
from mentorq_users.tests.lcs.wire import PROFILE

ADA = LCSProfile("ada@example.edu", "Ada", "Lovelace", frozenset({"hacker"}))
BASE = "https://lcs.test/dev"


@pytest.fixture
def answering(settings):
    """Let LCS answer any one call with that envelope."""
    settings.LCS_BASE_URL = BASE
    with responses.RequestsMock() as mock:
        yield lambda envelope, http=200, path="/validate": mock.post(BASE + path, json=envelope, status=http)


def validate() -> LCSProfile:
    return LCSClient().validate("ada@example.edu", "a-token")


def profile_of(**fields: Any) -> LCSProfile:
    return LCSProfile.from_body({**PROFILE, **fields})


def test_validate_sends_email_and_token_and_returns_the_owners_profile(lcs):
    token = lcs.sign_in("ada@example.edu")

    profile = LCSClient().validate("grace@example.edu", token)

    assert profile == ADA
    assert lcs.calls == [("validate", {"email": "grace@example.edu", "token": token})]


def test_authorize_sends_email_and_password_and_returns_a_token(lcs):
    token = LCSClient().authorize("ada@example.edu", "hackru")

    assert lcs.owners == {token: "ada@example.edu"}
    assert lcs.calls == [("authorize", {"email": "ada@example.edu", "password": "hackru"})]


def test_read_sends_token_and_query_and_returns_the_profile_asked_for(lcs):
    token = lcs.sign_in("olga@example.edu")

    profile = LCSClient().read(token, "ada@example.edu")

    assert profile == ADA
    assert lcs.calls == [("read", {"token": token, "query": {"email": "ada@example.edu"}})]


def test_a_slash_at_the_end_of_the_base_url_does_not_matter(lcs, settings):
    settings.LCS_BASE_URL = lcs.url + "/"

    assert LCSClient().validate("ada@example.edu", lcs.sign_in("ada@example.edu")) == ADA


def test_a_body_that_is_encoded_json_is_read_as_json(answering):
    answering({"statusCode": 200, "body": '{"email": "ada@example.edu", "role": {"mentor": true}}'})

    assert validate() == LCSProfile("ada@example.edu", "", "", frozenset({"mentor"}))


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        (None, ""),
        (7, ""),
        (["Ada"], ""),
        ({"first": "Ada"}, ""),
        ("  Ada ", "Ada"),
        ("花", "花"),
        ("A\0d\0a", "Ada"),
        ("A\ud800da", "Ada"),
        ("x" * 300, "x" * 100),
    ],
)
def test_a_name_becomes_text_that_every_database_takes(name, kept):
    profile = profile_of(first_name=name, last_name=name)

    assert (profile.first_name, profile.last_name) == (kept, kept)


def test_missing_names_are_empty():
    assert LCSProfile.from_body({"email": "ada@example.edu", "role": {}}) == LCSProfile(
        "ada@example.edu", "", "", frozenset()
    )


@pytest.mark.parametrize("held", [False, None, "true", "false", 1, 1.0, [True], {"director": True}])
def test_only_a_json_true_is_a_role(held):
    assert profile_of(role={"mentor": True, "director": held}).roles == {"mentor"}


@pytest.mark.parametrize(
    ("email", "kept"),
    [
        ("Ada@Example.EDU", "ada@example.edu"),
        ("\u212aim@example.edu", "\u212aim@example.edu"),  # the Kelvin sign is not somebody else's k
    ],
)
def test_a_profiles_email_is_normalized(email, kept):
    assert profile_of(email=email).email == kept


@pytest.mark.parametrize(
    "email",
    [
        None, "", "ada", "ada@", "@example.edu", "ada@example.edu ", "ada@example.edu\n", "a\0da@example.edu",
        "ada@\ud800.edu", "ada@" + "b." * 130 + "co", 7, True, ["ada@example.edu"], ["@"], {"@": "example.edu"},
    ],
    ids=lambda email: repr(email)[:30],
)  # fmt: skip
def test_a_profile_without_a_valid_email_is_no_profile(email):
    with pytest.raises(LCSUnavailable, match=r"^a profile without a valid e-mail$"):
        profile_of(email=email)


@pytest.mark.parametrize("role", [None, True, "director", ["director"], 7])
def test_a_profile_whose_role_is_no_object_is_no_profile(role):
    with pytest.raises(LCSUnavailable, match=r"^a profile without a role object$"):
        profile_of(role=role)


@pytest.mark.parametrize("status", [400, 403])
@pytest.mark.parametrize("as_http_status", [False, True])
def test_an_envelope_with_400_or_403_is_a_refusal_in_lcs_own_words(answering, status, as_http_status):
    answering({"statusCode": status, "body": "Wrong Password"}, http=status if as_http_status else 200)

    with pytest.raises(LCSRefused, match=r"^Wrong Password$"):
        validate()


@pytest.mark.parametrize("envelope", [{"statusCode": 403}, {"statusCode": 403, "body": {"token": "secret"}}])
def test_a_refusal_without_words_is_still_one(answering, envelope):
    answering(envelope)

    with pytest.raises(LCSRefused, match=r"^status 403$"):
        validate()


@pytest.mark.parametrize("status", [0, 100, 201, 302, 401, 404, 429, 500, 503, "403", 403.0, True, None, [403]])
def test_any_other_status_in_the_envelope_means_unavailable(answering, status):
    answering({"statusCode": status, "body": PROFILE})

    with pytest.raises(LCSUnavailable):
        validate()


@pytest.mark.parametrize("http", [201, 401, 403, 404, 429, 500, 502, 503])
def test_a_good_envelope_in_a_bad_http_answer_means_unavailable(answering, http):
    answering({"statusCode": 200, "body": PROFILE}, http=http)

    with pytest.raises(LCSUnavailable, match=rf"^/validate: HTTP {http}, status 200$"):
        validate()


@pytest.mark.parametrize("http", [500, 502, 503, 504])
def test_a_refusal_in_a_crashed_http_answer_means_unavailable(answering, http):
    answering({"statusCode": 403, "body": "Token is invalid or expired"}, http=http)

    with pytest.raises(LCSUnavailable):
        validate()


@pytest.mark.parametrize(
    "body",
    [None, "", "welcome", 7, True, [], [PROFILE], {}, "null", "[]", '"twice encoded"', "[" * 100_000],
    ids=lambda body: repr(body)[:20],
)
def test_a_validate_without_a_profile_means_unavailable(answering, body):
    answering({"statusCode": 200, "body": body})

    with pytest.raises(LCSUnavailable):
        validate()


@pytest.mark.parametrize("body", [None, "", "a-token", [], ["a-token"], {}, {"token": ""}, {"token": None}, {"token": 7}])
def test_an_authorize_without_a_token_means_unavailable(answering, body):
    answering({"statusCode": 200, "body": body}, path="/authorize")

    with pytest.raises(LCSUnavailable):
        LCSClient().authorize("ada@example.edu", "hackru")


def test_read_takes_the_profile_asked_for_from_a_longer_list(answering):
    answering({"statusCode": 200, "body": [{**PROFILE, "email": "a@example.edu"}, PROFILE]}, path="/read")

    assert LCSClient().read("a-token", "ada@example.edu") == ADA


def test_read_finds_a_profile_however_its_email_is_capitalised(answering):
    answering({"statusCode": 200, "body": [{**PROFILE, "email": "ADA@example.edu"}]}, path="/read")

    assert LCSClient().read("a-token", "ada@example.edu") == ADA


@pytest.mark.parametrize("body", [[], "[]", [{**PROFILE, "email": "adam@example.edu"}]], ids=["empty", "text", "other"])
def test_read_of_somebody_unknown_is_a_refusal(answering, body):
    answering({"statusCode": 200, "body": body}, path="/read")

    with pytest.raises(LCSRefused, match=r"^ada@example.edu is not known to LCS$"):
        LCSClient().read("a-token", "ada@example.edu")


@pytest.mark.parametrize("body", [None, PROFILE, "nobody", 7, [None], [PROFILE["email"]], [{**PROFILE, "role": None}]])
def test_a_read_without_a_list_of_profiles_means_unavailable(answering, body):
    answering({"statusCode": 200, "body": body}, path="/read")

    with pytest.raises(LCSUnavailable):
        LCSClient().read("a-token", "ada@example.edu")


@pytest.mark.parametrize("call", ["validate", "read"])
def test_a_token_that_lcs_does_not_know_is_refused(lcs, call):
    with pytest.raises(LCSRefused, match=r"^Token is invalid or expired$"):
        LCSClient()._call(f"/{call}", {"email": "ada@example.edu", "token": "old", "query": {}}, lambda body: body)


def test_a_wrong_password_is_refused(lcs):
    with pytest.raises(LCSRefused, match=r"^Wrong Password$"):
        LCSClient().authorize("ada@example.edu", "hackme")
