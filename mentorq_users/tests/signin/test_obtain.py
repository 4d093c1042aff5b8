"""`POST /api/auth/token/`: an LCS token becomes ours, its owner's and nobody else's."""

import pytest
from rest_framework.test import APIClient

from mentorq_users.lcs.faults import FAULTS
from mentorq_users.models import User

pytestmark = pytest.mark.django_db

PATH = "/api/auth/token/"
REFUSED = {
    "detail": "LCS does not accept this token for this e-mail, or the account is deactivated.",
    "code": "authentication_failed",
}
REQUIRED = ["This field is required."]
BLANK = ["This field may not be blank."]
TOO_LONG = "Ensure this field has no more than %s characters."
NULL = ["This field may not be null."]
NO_TEXT = ["Not a valid string."]
NO_EMAIL = ["Enter a valid email address."]


@pytest.fixture
def sign_in(api, lcs):
    """Sign in with that e-mail and the LCS token of `token_of`, who is the same person unless the test says otherwise."""

    def post(email: str, token_of: str = ""):
        return api.post(PATH, {"email": email, "lcs_token": lcs.sign_in(token_of or email)})

    return post


def test_the_answer_is_an_access_and_a_refresh_token(sign_in):
    response = sign_in("ada@example.edu")

    assert (response.status_code, sorted(response.json())) == (200, ["access", "refresh"])


@pytest.mark.parametrize(("kind", "seconds"), [("access", 30 * 60), ("refresh", 3 * 24 * 3600)])
def test_both_tokens_say_who_it_is_and_live_as_long_as_agreed(sign_in, claims_of, kind, seconds):
    claims = claims_of(sign_in("dora@example.edu").json()[kind])

    generated = {"jti": claims["jti"], "iat": claims["iat"], "exp": claims["iat"] + seconds}
    assert claims == {
        "token_type": kind,
        "user_id": str(User.objects.get().pk),
        "name": "Dora Director",
        "email": "dora@example.edu",
        "typed": "dora@example.edu",
        "mentor": True,
        "organizer": False,
        "director": True,
        **generated,
    }


@pytest.mark.parametrize("typed", ["Ada@Example.edu", "ADA@EXAMPLE.EDU", "  Ada@example.edu\n", "ada@example.edu"])
def test_both_tokens_say_how_the_email_was_typed(api, lcs, claims_of, typed):
    tokens = api.post(PATH, {"email": typed, "lcs_token": lcs.sign_in("ada@example.edu")}).json()

    claims = [claims_of(tokens[kind]) for kind in ("access", "refresh")]
    assert [(claim["email"], claim["typed"]) for claim in claims] == [("ada@example.edu", typed.strip())] * 2


@pytest.mark.parametrize(
    ("email", "name"),
    [("madonna@example.edu", "Madonna"), ("hana@example.edu", "花 山田"), ("zoe@example.edu", "Zoë Müller")],
)
def test_the_name_is_what_there_is_of_it_in_any_script(sign_in, claims_of, email, name):
    assert claims_of(sign_in(email).json()["access"])["name"] == name


@pytest.mark.parametrize("email", ["ada@example.edu", "vera@example.edu", "sam@example.edu"])
def test_whoever_has_none_of_our_roles_signs_in_as_a_hacker(sign_in, claims_of, email):
    claims = claims_of(sign_in(email).json()["access"])

    assert [claims[role] for role in ("mentor", "organizer", "director")] == [False, False, False]


@pytest.mark.parametrize("written", ["Ada@Example.EDU", "ADA@EXAMPLE.EDU", "  ada@example.edu "])
def test_the_own_email_in_any_capitals_signs_in(sign_in, claims_of, written):
    response = sign_in(written, token_of="ada@example.edu")

    assert claims_of(response.json()["access"])["email"] == "ada@example.edu"


def test_an_email_that_lcs_writes_in_capitals_is_stored_in_small_letters(sign_in, lcs):
    lcs.people["ada@example.edu"]["email"] = "ADA@Example.edu"

    assert sign_in("ada@example.edu").status_code == 200
    assert User.objects.get().email == "ada@example.edu"


@pytest.mark.parametrize(
    "written",
    [
        "kim@example.edu", "KIM@example.edu", "Kim@Example.Edu", "\u212aim@example.edu", " kim@example.edu",
        "kim@example.edu  ",
        "kim@example.edu\u2003", "kim@example.edu.", "kim@example.edu..", "kim@example.edu\u200b", "kim@ｅxample.edu",
        "kim@example\u3002edu",
        '"kim"@example.edu', "kim+@example.edu", "kım@example.edu", "ada@example.edu,kim@example.edu",
        "kim@example.edu ada@example.edu",
    ],
    ids=ascii,
)  # fmt: skip
def test_a_token_of_somebody_else_signs_nobody_in(sign_in, lcs, written):
    lcs.people["kim@example.edu"] = {**lcs.people["grace@example.edu"], "email": "kim@example.edu"}

    response = sign_in(written, token_of="ada@example.edu")

    assert response.json() in (REFUSED, {"email": NO_EMAIL})
    assert User.objects.count() == 0


@pytest.mark.parametrize("written", ["kim@example.edu", "KIM@example.edu"])
def test_a_namesake_with_a_kelvin_sign_does_not_get_in_as_the_one_with_a_k(sign_in, lcs, written):
    kelvin = "\u212aim@example.edu"
    lcs.people[kelvin] = {**lcs.people["grace@example.edu"], "email": kelvin}

    response = sign_in(written, token_of=kelvin)

    assert (response.status_code, response.json()) == (401, REFUSED)


def test_a_namesake_with_a_kelvin_sign_has_an_account_of_their_own(sign_in, lcs):
    for email in ("kim@example.edu", "\u212aim@example.edu"):
        lcs.people[email] = {**lcs.people["grace@example.edu"], "email": email}
        assert sign_in(email).status_code == 200

    assert sorted(User.objects.values_list("email", flat=True)) == ["kim@example.edu", "\u212aim@example.edu"]


def test_a_token_that_lcs_does_not_know_is_refused(api, lcs):
    response = api.post(PATH, {"email": "ada@example.edu", "lcs_token": "expired"})

    assert (response.status_code, response.json(), User.objects.count()) == (401, REFUSED, 0)
    assert response["WWW-Authenticate"] == 'Bearer realm="api"'


def test_a_deactivated_account_is_refused(sign_in, ada):
    User.objects.update(is_active=False)

    response = sign_in("ada@example.edu")

    assert (response.status_code, response.json()) == (401, REFUSED)


def test_a_local_superuser_has_no_token_without_lcs(api, lcs):
    User.objects.create_superuser("root@example.edu", "only-here")

    response = api.post(PATH, {"email": "root@example.edu", "lcs_token": "only-here"})

    assert (response.status_code, response.json()) == (401, REFUSED)


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_a_failing_lcs_is_503_with_retry_after_and_makes_no_account(sign_in, lcs, settings, fault):
    settings.LCS_TIMEOUT = 0.3
    lcs.fault = fault

    response = sign_in("ada@example.edu")

    assert (response.status_code, response.json()) == (
        503,
        {
            "detail": "HackRU's account service does not answer. Please try again in a moment.",
            "code": "service_unavailable",
        },
    )
    assert int(response["Retry-After"]) > 0
    assert User.objects.count() == 0


@pytest.mark.parametrize("email", [7, True, ["@"], {"@": "example.edu"}], ids=repr)
def test_a_profile_whose_email_is_no_text_is_503(sign_in, lcs, email):
    lcs.people["ada@example.edu"]["email"] = email

    response = sign_in("ada@example.edu")

    assert (response.status_code, response.json()["code"]) == (503, "service_unavailable")
    assert User.objects.count() == 0


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({}, {"email": REQUIRED, "lcs_token": REQUIRED}),
        ({"email": "ada@example.edu"}, {"lcs_token": REQUIRED}),
        ({"lcs_token": "a-token"}, {"email": REQUIRED}),
        ({"email": None, "lcs_token": None}, {"email": NULL, "lcs_token": NULL}),
        ({"email": ["ada@example.edu"], "lcs_token": ["a-token"]}, {"email": NO_EMAIL, "lcs_token": NO_TEXT}),
        ({"email": {"a": 1}, "lcs_token": True}, {"email": NO_EMAIL, "lcs_token": NO_TEXT}),
        ({"email": 7, "lcs_token": "a-token"}, {"email": NO_EMAIL}),
        ({"email": "", "lcs_token": ""}, {"email": BLANK, "lcs_token": BLANK}),
        ({"email": "ada", "lcs_token": "a-token"}, {"email": NO_EMAIL}),
        ({"email": "a@" + "b." * 130 + "co", "lcs_token": "a-token"}, {"email": [TOO_LONG % 254]}),
        ({"email": "ada@example.edu", "lcs_token": "x" * 4097}, {"lcs_token": [TOO_LONG % 4096]}),
        ({"email": "ada@example.edu", "lcs_token": "a\0b"}, {"lcs_token": ["Null characters are not allowed."]}),
        ([], {"non_field_errors": ["Invalid data. Expected a dictionary, but got list."]}),
        ("ada@example.edu", {"non_field_errors": ["Invalid data. Expected a dictionary, but got str."]}),
    ],
    ids=lambda value: repr(value)[:50],
)  # fmt: skip
def test_a_malformed_body_is_400_naming_the_field(api, lcs, body, errors):
    response = api.post(PATH, body)

    assert (response.status_code, response.json()) == (400, errors)
    assert lcs.calls == []


@pytest.mark.parametrize("field", ["email", "lcs_token"])
def test_a_nul_is_400_naming_the_field(api, lcs, field):
    response = api.post(PATH, {"email": "ada@example.edu", "lcs_token": "a-token", field: "ada\0@example.edu"})

    assert (response.status_code, list(response.json()), lcs.calls) == (400, [field], [])


@pytest.mark.parametrize(
    "body",
    [rb'{"email": "ada@\ud800.edu", "lcs_token": "a-token"}', rb'{"email": "ada@example.edu", "lcs_token": "\udfff"}'],
)
def test_half_a_surrogate_pair_which_no_database_takes_is_400(api, lcs, body):
    response = api.post(PATH, body, content_type="application/json")

    assert (response.status_code, lcs.calls) == (400, [])


@pytest.mark.parametrize(
    "body", [b"", b"{", b'{"email": "\xed\xa0\x80"}', b"[" * 100_000, b'{"email": NaN}'], ids=lambda b: repr(b[:20])
)
def test_a_body_that_is_no_json_is_400(api, lcs, body):
    response = api.post(PATH, body, content_type="application/json")

    assert (response.status_code, lcs.calls) == (400, [])


def test_a_sign_in_asks_lcs_once(api, lcs):
    token = lcs.sign_in("ada@example.edu")

    api.post(PATH, {"email": "Ada@example.edu", "lcs_token": token})

    assert lcs.calls == [("validate", {"email": "ada@example.edu", "token": token})]


def test_each_sign_in_brings_the_roles_up_to_date(sign_in, lcs, claims_of):
    sign_in("mia@example.edu")
    lcs.people["mia@example.edu"]["role"] = {"director": True}

    claims = claims_of(sign_in("mia@example.edu").json()["access"])

    assert (claims["mentor"], claims["director"]) == (False, True)
    assert list(User.objects.values_list("is_mentor", "is_director")) == [(False, True)]


def test_a_sign_in_keeps_the_lcs_token_for_later(api, lcs):
    token = lcs.sign_in("ada@example.edu")

    api.post(PATH, {"email": "ada@example.edu", "lcs_token": token})

    assert User.objects.get().lcs_token == token


@pytest.mark.parametrize("header", ["Bearer undefined", "Bearer", "Basic x", "nonsense"])
def test_a_header_left_over_from_before_does_not_matter(sign_in, api, header):
    api.credentials(HTTP_AUTHORIZATION=header)

    response = sign_in("ada@example.edu")

    assert (response.status_code, sorted(response.json())) == (200, ["access", "refresh"])


def test_eight_first_sign_ins_at_once_make_one_account(lcs, at_once, monkeypatch):
    monkeypatch.setattr("mentorq_users.lcs.slots.HASTE", 10.0)  # they share an address and its three slots

    def post() -> int:
        return APIClient().post(PATH, {"email": "ada@example.edu", "lcs_token": lcs.sign_in("ada@example.edu")}).status_code

    assert at_once([post] * 8) == [200] * 8
    assert list(User.objects.values_list("email", flat=True)) == ["ada@example.edu"]
