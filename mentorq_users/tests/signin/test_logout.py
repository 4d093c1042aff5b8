"""`POST /api/auth/logout/`: a refresh token dies, once."""

from datetime import timedelta

import pytest
from django.utils import timezone
from rest_framework.test import APIClient
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.tokens import AccessToken

from mentorq_users.models import RevokedToken, User
from mentorq_users.tokens import RefreshToken, issue

pytestmark = pytest.mark.django_db

PATH = "/api/auth/logout/"


@pytest.fixture
def logout(api):
    return lambda token: api.post(PATH, {"refresh": token})


def assert_dead(response) -> None:
    assert (response.status_code, response.json()["code"]) == (401, "token_not_valid")


def test_a_logout_answers_with_an_empty_object(logout, refresh_token, ada):
    response = logout(refresh_token(ada))

    assert (response.status_code, response.json()) == (200, {})


def test_a_second_logout_finds_the_token_dead(logout, refresh_token, ada):
    token = refresh_token(ada)
    logout(token)

    assert_dead(logout(token))


def test_only_that_refresh_token_dies(logout, refresh_token, ada, api):
    token, other = refresh_token(ada), refresh_token(ada)

    logout(token)

    answers = [api.post("/api/auth/refresh/", {"refresh": each}) for each in (token, other)]
    assert [(answer.status_code, list(answer.json())) for answer in answers] == [
        (401, ["detail", "code"]),
        (200, ["access"]),
    ]


def test_a_bad_access_token_does_not_matter(logout, refresh_token, ada, api):
    token = refresh_token(ada)
    api.credentials(HTTP_AUTHORIZATION="Bearer undefined")

    assert logout(token).status_code == 200
    assert_dead(logout(token))


@pytest.mark.parametrize("token", ["x", "a.b.c", "undefined", "花"])
def test_garbage_is_dead(logout, token):
    assert_dead(logout(token))


def test_an_access_token_is_no_refresh_token(logout, ada):
    assert_dead(logout(str(issue(AccessToken, ada))))


@pytest.mark.parametrize("exp", [None, "x", 0, 1, [], 10**30, float("inf")])
def test_an_expired_refresh_token_is_dead_and_leaves_no_row(logout, refresh_token, ada, exp):
    assert_dead(logout(refresh_token(ada, exp=exp)))
    assert RevokedToken.objects.count() == 0


def test_a_token_of_somebody_deactivated_can_be_logged_out(logout, refresh_token, ada):
    token = refresh_token(ada)
    User.objects.update(is_active=False)

    assert logout(token).status_code == 200
    assert_dead(logout(token))


def test_the_database_keeps_the_tokens_id_and_expiry_alone(logout, refresh_token, claims_of, ada):
    token = refresh_token(ada)

    logout(token)

    row = RevokedToken.objects.values().get()
    claims = claims_of(token)
    assert (row.pop("id") > 0, row.pop("expires_at").timestamp(), row) == (True, claims["exp"], {"jti": claims["jti"]})


def test_a_logout_forgets_tokens_that_have_expired_by_themselves(logout, refresh_token, claims_of, ada):
    RevokedToken.objects.create(jti="past", expires_at=timezone.now() - timedelta(seconds=1))
    token = refresh_token(ada)

    logout(token)

    assert list(RevokedToken.objects.values_list("jti", flat=True)) == [claims_of(token)["jti"]]


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({}, ["This field is required."]),
        ({"refresh": None}, ["This field may not be null."]),
        ({"refresh": [1]}, ["Not a valid string."]),
    ],
)
def test_a_malformed_body_is_400_naming_the_field(api, body, errors):
    response = api.post(PATH, body)

    assert (response.status_code, response.json()) == (400, {"refresh": errors})


def test_of_eight_logouts_at_once_exactly_one_is_the_one(at_once, person, refresh_token):
    token = refresh_token(person("ada"))

    statuses = at_once([lambda: APIClient().post(PATH, {"refresh": token}).status_code] * 8)

    assert sorted(statuses) == [200] + [401] * 7
    assert RevokedToken.objects.count() == 1


def test_of_two_logouts_that_both_found_the_token_living_the_second_is_too_late(refresh_token, ada):
    token = refresh_token(ada)
    first, second = RefreshToken.read(token), RefreshToken.read(token)

    first.revoke()

    with pytest.raises(TokenError, match=r"^Token is logged out$"):
        second.revoke()


def test_of_eight_that_revoke_one_token_at_once_exactly_one_did_it(at_once):
    tomorrow = timezone.now() + timedelta(days=1)

    for jti in ("a", "b", "c", "d", "e"):
        revoked = at_once([lambda jti=jti: RevokedToken.objects.revoke(jti, tomorrow)] * 8)
        assert sorted(revoked) == [False] * 7 + [True]
