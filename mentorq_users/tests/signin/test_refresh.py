"""`POST /api/auth/refresh/`: a new access token for as long as account, refresh token and LCS agree."""

import time
from datetime import UTC, datetime, timedelta
from functools import partial

import jwt
import pytest
from django.utils import timezone
from rest_framework_simplejwt.tokens import AccessToken

from mentorq_users.lcs.client import LCSProfile
from mentorq_users.lcs.faults import FAULTS
from mentorq_users.models import User
from mentorq_users.tokens import issue

pytestmark = pytest.mark.django_db

PATH = "/api/auth/refresh/"
INFINITE, NAN = float("inf"), float("nan")
NOON = int(datetime(2096, 2, 14, 12, tzinfo=UTC).timestamp())
MIA = LCSProfile("mia@example.edu", "Mia", "Mentor", frozenset({"mentor"}))


@pytest.fixture
def refresh(api):
    return lambda token: api.post(PATH, {"refresh": token})


@pytest.fixture
def mia_of_old(lcs):
    """Mia, signed in with an LCS token that is still good, her roles last asked six minutes ago."""
    mia = User.objects.from_lcs(MIA, lcs.sign_in("mia@example.edu"))
    age(minutes=6)
    return mia


def age(**time: int) -> None:
    User.objects.update(roles_checked_at=timezone.now() - timedelta(**time))


def assert_dead(response) -> None:
    assert (response.status_code, response.json().get("code")) == (401, "token_not_valid")
    assert sorted(response.json()) == ["code", "detail"]


def test_the_answer_is_an_access_token_and_nothing_else(refresh, refresh_token, mia):
    response = refresh(refresh_token(mia))

    assert (response.status_code, list(response.json())) == (200, ["access"])


def test_the_claims_are_those_of_the_account_now_not_those_of_the_refresh_token(refresh, refresh_token, mia, claims_of):
    token = refresh_token(mia, name="Somebody Else", director=True, mentor=False)

    claims = claims_of(refresh(token).json()["access"])

    assert claims == {
        "token_type": "access", "user_id": str(mia.pk), "name": "Mia Mentor", "email": "mia@example.edu",
        "typed": "mia@example.edu", "mentor": True, "organizer": False, "director": False,
        "jti": claims["jti"], "iat": claims["iat"], "exp": claims["iat"] + 30 * 60,
    }  # fmt: skip


def test_a_refresh_token_is_good_many_times(refresh, refresh_token, mia):
    token = refresh_token(mia)

    answers = [refresh(token) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert len({answer.json()["access"] for answer in answers}) == 3


def test_lcs_is_not_asked_within_five_minutes(refresh, refresh_token, mia_of_old, lcs):
    age(minutes=4)

    refresh(refresh_token(mia_of_old))

    assert lcs.calls == []


def test_lcs_is_asked_once_when_the_roles_are_older(refresh, refresh_token, mia_of_old, lcs):
    token = refresh_token(mia_of_old)

    refresh(token)
    refresh(token)

    assert lcs.calls == [("validate", {"email": "mia@example.edu", "token": mia_of_old.lcs_token})]


@pytest.mark.parametrize("roles", [{"director": True}, {"mentor": True, "organizer": True}, {}])
def test_a_promotion_or_demotion_takes_effect(refresh, refresh_token, mia_of_old, lcs, claims_of, roles):
    lcs.people["mia@example.edu"]["role"] = roles

    claims = claims_of(refresh(refresh_token(mia_of_old)).json()["access"])

    expected = {role: role in roles for role in ("mentor", "organizer", "director")}
    assert {role: claims[role] for role in expected} == expected
    mia_of_old.refresh_from_db()
    assert {role: getattr(mia_of_old, f"is_{role}") for role in expected} == expected


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_a_failing_lcs_leaves_the_last_known_roles(refresh, refresh_token, mia_of_old, lcs, settings, claims_of, fault):
    settings.LCS_TIMEOUT = 0.3
    lcs.fault = fault

    response = refresh(refresh_token(mia_of_old))

    assert response.status_code == 200
    assert claims_of(response.json()["access"])["mentor"] is True


def test_lcs_is_asked_again_once_it_is_well(refresh, refresh_token, mia_of_old, lcs, claims_of):
    lcs.people["mia@example.edu"]["role"] = {"director": True}
    lcs.fault = "crashed"
    refresh(refresh_token(mia_of_old))
    lcs.fault = ""

    claims = claims_of(refresh(refresh_token(mia_of_old)).json()["access"])

    assert claims["director"] is True


def test_an_lcs_token_that_lcs_refuses_by_now_ends_it_for_good(refresh, refresh_token, mia_of_old, lcs):
    lcs.owners.clear()
    token = refresh_token(mia_of_old)

    for _ in range(2):
        assert_dead(refresh(token))
    assert len(lcs.calls) == 1


def test_a_failing_lcs_does_not_revive_what_lcs_refused(refresh, refresh_token, mia_of_old, lcs):
    lcs.owners.clear()
    refresh(refresh_token(mia_of_old))
    lcs.fault = "crashed"

    assert_dead(refresh(refresh_token(mia_of_old)))


def test_reading_the_roles_of_somebody_whom_lcs_refused_does_not_revive_their_token(
    refresh, refresh_token, mia_of_old, lcs
):
    lcs.owners.clear()
    refresh(refresh_token(mia_of_old))

    User.objects.from_lcs(MIA)  # as the admin's action does

    assert_dead(refresh(refresh_token(mia_of_old)))


def test_a_new_sign_in_revives_it(refresh, refresh_token, mia_of_old, lcs, api):
    lcs.owners.clear()
    refresh(refresh_token(mia_of_old))

    api.post("/api/auth/token/", {"email": "mia@example.edu", "lcs_token": lcs.sign_in("mia@example.edu")})

    response = refresh(refresh_token(mia_of_old))
    assert (response.status_code, list(response.json())) == (200, ["access"])


def test_an_lcs_token_that_is_somebody_elses_ends_it(refresh, refresh_token, mia_of_old, lcs):
    lcs.owners[mia_of_old.lcs_token] = "dan@example.edu"

    assert_dead(refresh(refresh_token(mia_of_old)))
    assert list(User.objects.values_list("email", "is_director")) == [("mia@example.edu", False)]


def test_a_refresh_token_of_somebody_deleted_is_dead(refresh, refresh_token, mia):
    token = refresh_token(mia)
    mia.delete()

    assert_dead(refresh(token))


def test_a_refresh_token_of_somebody_deactivated_is_dead(refresh, refresh_token, mia):
    User.objects.update(is_active=False)

    assert_dead(refresh(refresh_token(mia)))


def test_a_refresh_token_that_was_logged_out_is_dead(refresh, refresh_token, mia, api):
    token = refresh_token(mia)
    api.post("/api/auth/logout/", {"refresh": token})

    assert_dead(refresh(token))


def test_an_access_token_is_no_refresh_token(refresh, mia):
    assert_dead(refresh(str(issue(AccessToken, mia))))


@pytest.mark.parametrize("token", ["x", "a.b.c", "undefined", "eyJhbGciOiJIUzI1NiJ9.e30.", "花", "." * 100])
def test_garbage_is_dead(refresh, token):
    assert_dead(refresh(token))


def test_an_expired_refresh_token_is_dead(refresh, refresh_token, mia):
    assert_dead(refresh(refresh_token(mia, exp=int(timezone.now().timestamp()) - 1)))


def test_a_refresh_token_expires_to_the_second(refresh, refresh_token, mia, monkeypatch):
    token = refresh_token(mia, exp=NOON)
    statuses = []

    for second in (NOON - 1, NOON):
        clock = partial(datetime.fromtimestamp, second, UTC)
        monkeypatch.setattr("rest_framework_simplejwt.tokens.aware_utcnow", clock)
        statuses.append(refresh(token).status_code)

    assert statuses == [200, 401]


@pytest.mark.parametrize(("ahead", "status"), [(1, 200), (29, 200), (32, 401)])
def test_a_refresh_token_may_be_from_a_clock_that_is_half_a_minute_ahead(refresh, refresh_token, mia, ahead, status):
    response = refresh(refresh_token(mia, iat=int(time.time()) + ahead))

    assert (response.status_code, sorted(response.json())) == (status, ["access"] if status == 200 else ["code", "detail"])


@pytest.mark.parametrize("typed", ["Mia@Example.edu", "MIA@EXAMPLE.EDU", "mia@example.edu"])
def test_the_spelling_goes_on_with_the_new_access_token(refresh, refresh_token, mia_of_old, claims_of, typed):
    token = refresh_token(mia_of_old, typed=typed)

    claims = [claims_of(refresh(token).json()["access"]) for _ in ("LCS is asked", "LCS is not asked")]

    assert [(claim["email"], claim["typed"]) for claim in claims] == [("mia@example.edu", typed)] * 2


@pytest.mark.parametrize("typed", [None, 7, "", ["x"], {}, "dan@example.edu", "\0", "\ud800", "mia@example.edu\0"])
def test_an_odd_spelling_counts_as_none(refresh, refresh_token, mia, claims_of, typed):
    claims = claims_of(refresh(refresh_token(mia, typed=typed)).json()["access"])

    assert claims["typed"] == "mia@example.edu"


def test_a_refresh_token_signed_with_another_key_is_dead(refresh, refresh_token, mia, claims_of):
    claims = claims_of(refresh_token(mia))

    assert_dead(refresh(jwt.encode(claims, "another key, and long enough for HS256", "HS256")))


def test_a_refresh_token_without_a_signature_is_dead(refresh, refresh_token, mia, claims_of):
    assert_dead(refresh(jwt.encode(claims_of(refresh_token(mia)), None, "none")))


@pytest.mark.parametrize(
    "claims",
    [
        *[{"user_id": odd} for odd in (None, "", "x", "1 OR 1=1", "\0", [1], {"a": 1}, 10**30, -1, 1e300, INFINITE, NAN)],
        *[{"exp": odd} for odd in (None, "", "x", 0, -1, [1], {}, 10**30, INFINITE, NAN)],
        {"token_type": None}, {"token_type": ["refresh"]},
    ],
    ids=repr,
)  # fmt: skip
def test_a_refresh_token_of_ours_with_an_odd_claim_is_dead(refresh, refresh_token, mia, claims):
    assert_dead(refresh(refresh_token(mia, **claims)))


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({}, ["This field is required."]),
        ({"refresh": None}, ["This field may not be null."]),
        ({"refresh": ""}, ["This field may not be blank."]),
        ({"refresh": ["x"]}, ["Not a valid string."]),
        ({"refresh": "a\0b"}, ["Null characters are not allowed."]),
    ],
)
def test_a_malformed_body_is_400_naming_the_field(api, body, errors):
    response = api.post(PATH, body)

    assert (response.status_code, response.json()) == (400, {"refresh": errors})


def test_a_bad_access_token_does_not_matter(refresh, refresh_token, mia, api):
    api.credentials(HTTP_AUTHORIZATION="Bearer undefined")

    response = refresh(refresh_token(mia))

    assert (response.status_code, list(response.json())) == (200, ["access"])
