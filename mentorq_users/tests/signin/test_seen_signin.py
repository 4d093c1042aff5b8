"""What signing in, refreshing and signing out tell of other people: nothing."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from mentorq_users.models import RevokedToken, User
from mentorq_users.tokens import RefreshToken, issue

SIGN_IN, REFRESH, SIGN_OUT = "/api/auth/token/", "/api/auth/refresh/", "/api/auth/logout/"


def asked(api, path, body):
    """All of an answer but the request's id, and the statements that it took without what they name."""
    with CaptureQueriesContext(connection) as queries:
        response = api.post(path, body)
    headers = {name: value for name, value in response.headers.items() if name != "X-Request-ID"}
    return (response.status_code, response.content, headers), [query["sql"].split()[0] for query in queries]


@pytest.fixture
def deactivated(person):
    """An account that was here before."""
    zoe = person("zoe")
    User.objects.filter(pk=zoe.pk).update(is_active=False)
    return zoe


@pytest.mark.parametrize("email", ["grace@example.edu", "olga@example.edu", "nobody@example.edu", "linus@example.edu"])
@pytest.mark.parametrize("token", ["a guess", "adas"])
def test_a_refused_sign_in_does_not_tell_who_exists(email, token, api, lcs, ada, grace, olga, deactivated):
    lcs_token = lcs.sign_in(ada.email) if token == "adas" else token

    refused = asked(api, SIGN_IN, {"email": email, "lcs_token": lcs_token})

    assert refused == asked(api, SIGN_IN, {"email": "zoe@example.edu", "lcs_token": lcs_token})
    assert refused[0][0] == 401


def test_a_deactivated_account_is_told_no_more_than_a_stranger(api, lcs, deactivated):
    own, _ = asked(api, SIGN_IN, {"email": "zoe@example.edu", "lcs_token": lcs.sign_in("zoe@example.edu")})
    strangers, _ = asked(api, SIGN_IN, {"email": "nobody@example.edu", "lcs_token": "a guess"})

    assert own == strangers


def test_a_refused_sign_in_makes_no_account(api, lcs, ada):
    asked(api, SIGN_IN, {"email": "grace@example.edu", "lcs_token": lcs.sign_in(ada.email)})

    assert list(User.objects.values_list("email", flat=True)) == ["ada@example.edu"]


def test_a_refresh_is_the_tokens_owners_whoever_is_signed_in(client_of, ada, dan, refresh_token, claims_of):
    renewed = client_of(dan).post(REFRESH, {"refresh": refresh_token(ada)}).json()["access"]

    claims = claims_of(renewed)
    assert (claims["user_id"], claims["email"], claims["director"]) == (str(ada.pk), "ada@example.edu", False)


def test_a_sign_out_ends_the_tokens_owners_and_not_the_callers(client_of, api, ada, dan, refresh_token):
    adas, dans = refresh_token(ada), refresh_token(dan)

    client_of(dan).post(SIGN_OUT, {"refresh": adas})

    assert [api.post(REFRESH, {"refresh": token}).status_code for token in (adas, dans)] == [401, 200]


def test_somebody_elses_refresh_token_cannot_be_made_up_to_sign_them_out(api, ada, refresh_token):
    token = refresh_token(ada)
    head, body, signature = token.split(".")

    refused = api.post(SIGN_OUT, {"refresh": f"{head}.{body}.{signature[::-1]}"})

    assert (refused.status_code, refused.json()["code"], RevokedToken.objects.count()) == (401, "token_not_valid", 0)
    assert api.post(REFRESH, {"refresh": token}).status_code == 200


def test_a_refresh_does_not_tell_a_deactivated_account_from_one_that_is_gone(api, deactivated):
    gone = User(pk=987_654, email="gone@example.edu", roles_checked_at=timezone.now() - timedelta(days=1))

    answers = [asked(api, REFRESH, {"refresh": str(issue(RefreshToken, user))}) for user in (deactivated, gone)]

    assert answers[0] == answers[1]
