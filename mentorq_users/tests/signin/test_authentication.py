"""`Authorization: Bearer <access>`: who is let through, and the two codes for everybody else."""

import math
import time
from datetime import timedelta

import jwt
import pytest
from django.utils import timezone
from rest_framework_simplejwt.tokens import AccessToken
from rest_framework_simplejwt.utils import aware_utcnow

from mentorq_users.authentication import verified
from mentorq_users.models import User
from mentorq_users.tokens import issue

pytestmark = pytest.mark.django_db

PATH = "/api/tickets/"
INFINITE, NAN = float("inf"), float("nan")


@pytest.fixture
def ask(api):
    """Ask for the tickets with that header."""
    return lambda header: api.get(PATH, headers={"Authorization": header})


@pytest.fixture
def access_token():
    """An access token of that account, with claims of its own where the test names some."""

    def make(user: User, **claims) -> str:
        token = issue(AccessToken, user)
        token.payload.update(claims)
        return str(token)

    return make


def assert_not_valid(response) -> None:
    assert (response.status_code, response.json()) == (
        401,
        {"detail": "Token is invalid or expired", "code": "token_not_valid"},
    )
    assert response["WWW-Authenticate"] == 'Bearer realm="api"'


def test_a_good_token_is_let_through(ask, access_token, ada):
    response = ask(f"Bearer {access_token(ada)}")

    assert (response.status_code, response.json()) == (200, [])


@pytest.mark.parametrize("method", ["get", "post"])
def test_no_header_is_401_not_authenticated(api, method):
    response = getattr(api, method)(PATH)

    assert (response.status_code, response.json()) == (
        401,
        {"detail": "Authentication credentials were not provided.", "code": "not_authenticated"},
    )
    assert response["WWW-Authenticate"] == 'Bearer realm="api"'


@pytest.mark.parametrize("header", ["", "Basic YTpi", "Token x", "nonsense"])
def test_a_header_that_names_no_bearer_is_no_token(ask, header):
    response = ask(header)

    assert (response.status_code, response.json()["code"]) == (401, "not_authenticated")


@pytest.mark.parametrize("header", ["Bearer", "Bearer ", "Bearer a b", "Bearer a b c"])
def test_a_malformed_header_is_token_not_valid(ask, header):
    assert_not_valid(ask(header))


@pytest.mark.parametrize("token", ["undefined", "null", "x", "a.b.c", "..", "eyJhbGciOiJIUzI1NiJ9.e30.", "\xff\xfe"])
def test_garbage_is_token_not_valid(ask, token):
    assert_not_valid(ask(f"Bearer {token}"))


def test_an_expired_token_is_token_not_valid(ask, access_token, ada):
    assert_not_valid(ask(f"Bearer {access_token(ada, exp=int(timezone.now().timestamp()) - 1)}"))


METHODS = {"GET": False, "HEAD": False, "OPTIONS": False, "TRACE": False, "BREW": False}
METHODS |= {"POST": True, "PUT": True, "PATCH": True, "DELETE": True}


@pytest.mark.parametrize("age", [0, 1, 58])
@pytest.mark.parametrize(("method", "is_write"), METHODS.items())
def test_a_token_that_has_just_expired_is_good_for_writes_alone(api, access_token, ada, method, is_write, age):
    header = f"Bearer {access_token(ada, exp=int(time.time()) - age)}"

    statuses = [api.generic(method, PATH, headers={"Authorization": header}).status_code for _ in range(2)]

    assert [status == 401 for status in statuses] == [not is_write] * 2


@pytest.mark.parametrize("method", METHODS)
def test_a_minute_later_it_is_good_for_nothing(api, access_token, ada, method):
    header = f"Bearer {access_token(ada, exp=int(time.time()) - 60)}"

    assert api.generic(method, PATH, headers={"Authorization": header}).status_code == 401


def test_a_claim_with_a_token_that_has_just_expired_is_made_and_the_next_poll_is_refused(
    api, access_token, ada, mia, make_ticket
):
    ticket = make_ticket(ada)
    tag = api.get(PATH, headers={"Authorization": f"Bearer {access_token(mia)}"})["ETag"]
    header = f"Bearer {access_token(mia, exp=int(time.time()) - 1)}"

    claimed = api.patch(f"{PATH}{ticket.pk}", {"status": "CLAIMED"}, headers={"Authorization": header})

    assert (claimed.status_code, claimed.json()["mentor_email"]) == (200, mia.email)
    assert_not_valid(api.get(PATH, headers={"Authorization": header}))
    assert_not_valid(api.get(PATH, headers={"Authorization": header, "If-None-Match": tag}))


def test_somebody_deactivated_writes_nothing_with_a_token_that_has_just_expired(api, access_token, ada):
    header = f"Bearer {access_token(ada, exp=int(time.time()) - 1)}"
    User.objects.update(is_active=False)

    assert_not_valid(api.post(PATH, {"title": "x", "location": "x"}, headers={"Authorization": header}))


@pytest.mark.parametrize(("ahead", "status"), [(1, 200), (29, 200), (32, 401)])
def test_a_token_may_be_from_a_clock_that_is_half_a_minute_ahead(ask, access_token, ada, ahead, status):
    response = ask(f"Bearer {access_token(ada, iat=int(time.time()) + ahead)}")

    body = [] if status == 200 else {"detail": "Token is invalid or expired", "code": "token_not_valid"}
    assert (response.status_code, response.json()) == (status, body)


@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "bEaReR", "Bearer"])
def test_the_schemes_case_does_not_matter(ask, access_token, ada, scheme):
    assert ask(f"{scheme} {access_token(ada)}").status_code == 200
    assert_not_valid(ask(f"{scheme} nonsense"))
    assert_not_valid(ask(scheme))


def test_a_refresh_token_is_no_access_token(ask, refresh_token, ada):
    assert_not_valid(ask(f"Bearer {refresh_token(ada)}"))


def test_a_token_signed_with_another_key_is_token_not_valid(ask, access_token, claims_of, ada):
    claims = claims_of(access_token(ada))

    assert_not_valid(ask(f"Bearer {jwt.encode(claims, 'another key, and long enough for HS256', 'HS256')}"))


def test_a_token_without_a_signature_is_token_not_valid(ask, access_token, claims_of, ada):
    assert_not_valid(ask(f"Bearer {jwt.encode(claims_of(access_token(ada)), None, 'none')}"))


def test_a_token_with_claims_changed_by_somebody_is_token_not_valid(ask, access_token, ada, dan):
    header, _, signature = access_token(ada).split(".")
    payload = access_token(dan).split(".")[1]

    assert_not_valid(ask(f"Bearer {header}.{payload}.{signature}"))


def test_a_token_of_somebody_deactivated_stops_at_once(ask, access_token, ada):
    token = access_token(ada)
    User.objects.update(is_active=False)

    assert_not_valid(ask(f"Bearer {token}"))


def test_a_token_of_somebody_deleted_stops_at_once(ask, access_token, ada):
    token = access_token(ada)
    ada.delete()

    assert_not_valid(ask(f"Bearer {token}"))


@pytest.mark.parametrize(
    "claims",
    [
        *[{"user_id": odd} for odd in (None, "", "x", "1 OR 1=1", "\0", [1], {"a": 1}, 10**30, -1, 1e300, INFINITE, NAN)],
        *[{"exp": odd} for odd in (None, "", "x", 0, -1, [1], {}, 10**30, INFINITE, NAN)],
        {"token_type": None}, {"token_type": ["access"]},
    ],
    ids=repr,
)  # fmt: skip
def test_a_token_of_ours_with_an_odd_claim_is_token_not_valid(ask, access_token, ada, claims):
    assert_not_valid(ask(f"Bearer {access_token(ada, **claims)}"))


def test_what_a_request_may_do_follows_the_row_and_not_the_claims(ask, access_token, ada, mia, make_ticket):
    make_ticket(ada)
    promoted, demoted = access_token(ada, mentor=True, director=True), access_token(mia)
    User.objects.filter(pk=mia.pk).update(is_mentor=False)

    assert len(ask(f"Bearer {promoted}").json()) == 1  # her own
    assert ask(f"Bearer {demoted}").json() == []


@pytest.mark.parametrize(("director", "status"), [(True, 200), (False, 403)])
def test_a_promotion_or_demotion_of_the_row_needs_no_new_token(api, access_token, ada, director, status):
    token = access_token(ada, director=not director)
    User.objects.update(is_director=director)

    response = api.get("/api/tickets/stats/", headers={"Authorization": f"Bearer {token}"})

    assert response.status_code == status


def test_a_request_with_a_good_token_does_not_ask_lcs(ask, access_token, ada, lcs):
    User.objects.update(roles_checked_at=None)

    ask(f"Bearer {access_token(ada)}")

    assert lcs.calls == []


def test_a_token_is_remembered_by_its_signature(ask, access_token, ada):
    header = f"Bearer {access_token(ada)}"
    ask(header)
    remembered = verified.cache_info().hits

    ask(header)

    assert verified.cache_info().hits == remembered + 1


def test_a_remembered_token_is_refused_once_it_has_expired(ask, access_token, ada, monkeypatch):
    expires = aware_utcnow() + timedelta(minutes=5)
    header = f"Bearer {access_token(ada, exp=math.ceil(expires.timestamp()))}"
    before = ask(header)

    monkeypatch.setattr("mentorq_users.authentication.aware_utcnow", lambda: expires + timedelta(seconds=1))

    assert before.status_code == 200
    assert_not_valid(ask(header))


def test_a_remembered_token_stops_with_its_account_and_works_again_with_it(ask, access_token, ada):
    header = f"Bearer {access_token(ada)}"
    statuses = []

    for is_active in (True, False, True):
        User.objects.update(is_active=is_active)
        statuses.append(ask(header).status_code)

    assert statuses == [200, 401, 200]


def test_the_roles_of_a_remembered_token_are_read_anew(ask, access_token, ada, grace, make_ticket):
    make_ticket(grace)
    header = f"Bearer {access_token(ada)}"
    seen = []

    for is_mentor in (False, True, False):
        User.objects.filter(pk=ada.pk).update(is_mentor=is_mentor)
        seen.append(len(ask(header).json()))

    assert seen == [0, 1, 0]


def test_a_bad_token_is_refused_each_time(ask, access_token, ada, dan):
    header, _, signature = access_token(ada).split(".")
    forged = f"Bearer {header}.{access_token(dan).split('.')[1]}.{signature}"

    for _ in range(2):
        assert_not_valid(ask(forged))
