"""After a restore an account's number may be another person's: tokens, sessions and remembered answers go by e-mail."""

import pytest
from django.core.cache import cache
from django.test import Client
from rest_framework.test import APIClient
from rest_framework_simplejwt.tokens import AccessToken

from mentorq_users.encryption import encrypt
from mentorq_users.lcs import slack
from mentorq_users.lcs.client import LCSProfile
from mentorq_users.lcs.exceptions import LCSRefused
from mentorq_users.models import User
from mentorq_users.tokens import RefreshToken, issue

pytestmark = pytest.mark.django_db

INDEX = "/admin/"
BACKEND = "mentorq_users.backends.LCSBackend"
NOT_VALID = {"detail": "Token is invalid or expired", "code": "token_not_valid"}


@pytest.fixture
def restored():
    """A database that has forgotten that person, and gives their number to the next one who signs in."""

    def forget(user: User, *next_roles: str, email: str = "next@example.edu") -> User:
        number = user.pk
        User.objects.filter(pk=number).delete()
        following = User.objects.from_lcs(LCSProfile(email, "The", "Next", frozenset(next_roles)), "an LCS token")
        User.objects.filter(pk=following.pk).update(id=number)
        return User.objects.get(pk=number)

    return forget


def test_an_access_token_does_not_open_the_account_that_has_its_number_now(ada, restored, client_of):
    client = client_of(ada)
    restored(ada, "director")

    answers = [client.get(path) for path in ("/api/tickets/", "/api/tickets/stats/", "/api/feedback/")]

    assert [(answer.status_code, answer.json()) for answer in answers] == [(401, NOT_VALID)] * 3


def test_an_unchanged_poll_is_not_of_the_account_that_has_its_number_now(ada, restored, client_of):
    client = client_of(ada)
    following = restored(ada)
    tag = client_of(following).get("/api/tickets/")["ETag"]

    response = client.get("/api/tickets/", headers={"If-None-Match": tag})

    assert (response.status_code, response.json()) == (401, NOT_VALID)


def test_a_refresh_token_does_not_buy_the_claims_of_the_account_that_has_its_number_now(api, ada, restored, refresh_token):
    token = refresh_token(ada)
    restored(ada, "director")

    response = api.post("/api/auth/refresh/", {"refresh": token})

    assert (response.status_code, response.json()["code"]) == (401, "token_not_valid")


def test_tokens_open_their_emails_account_whatever_its_number_is_now(api, ada, client_of, refresh_token, claims_of):
    client, token = client_of(ada), refresh_token(ada)
    User.objects.update(id=ada.pk + 7)

    claims = claims_of(api.post("/api/auth/refresh/", {"refresh": token}).json()["access"])

    assert client.get("/api/tickets/").status_code == 200
    assert (claims["email"], claims["user_id"]) == (ada.email, str(ada.pk + 7))


def test_the_number_in_a_token_decides_nothing(ada, dan):
    token = issue(AccessToken, ada)
    token["user_id"] = str(dan.pk)
    client = APIClient(headers={"Authorization": f"Bearer {token}"})

    assert client.get("/api/tickets/stats/").status_code == 403
    assert client.get("/api/tickets/").wsgi_request.state.user == ada


def test_the_number_in_a_refresh_token_decides_nothing(api, ada, dan, claims_of):
    token = issue(RefreshToken, ada)
    token["user_id"] = str(dan.pk)

    claims = claims_of(api.post("/api/auth/refresh/", {"refresh": str(token)}).json()["access"])

    assert (claims["email"], claims["director"]) == (ada.email, False)


@pytest.mark.parametrize("role", ["organizer", "director"])
def test_a_session_at_the_desk_does_not_open_the_account_that_has_its_number_now(client, olga, restored, role):
    client.force_login(olga, backend=BACKEND)
    before = client.get(INDEX).status_code
    following = restored(olga, role)

    response = client.get(INDEX)

    assert (before, response.status_code, response.url) == (200, 302, f"/admin/login/?next={INDEX}")
    other = Client()
    other.force_login(following, backend=BACKEND)
    assert other.get(INDEX).status_code == 200


def test_a_session_ends_with_the_password_of_a_local_superuser(client, settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    root = User.objects.create_superuser("root@example.edu", "only-here")
    client.force_login(root, backend="django.contrib.auth.backends.ModelBackend")
    before = client.get(INDEX).status_code

    root.set_password("another")
    root.save()

    assert (before, client.get(INDEX).status_code) == (200, 302)


def test_the_desk_asks_lcs_for_the_roles_of_whoever_has_the_id_now(client, olga, restored, lcs):
    asked = [olga, restored(olga, "organizer")]

    for user in asked:
        user.encrypted_lcs_token = encrypt(lcs.sign_in(user.email))
        User.objects.update_or_create(
            pk=user.pk, defaults={"email": user.email, "is_organizer": True, "roles_checked_at": None,
                                  "encrypted_lcs_token": user.encrypted_lcs_token},
        )  # fmt: skip
        client.force_login(User.objects.get(), backend=BACKEND)
        client.get(INDEX)

    assert [data["email"] for _, data in lcs.calls] == ["olga@example.edu", "next@example.edu"]


def test_a_remembered_slack_link_is_not_of_whoever_has_the_id_now(ada, restored, lcs):
    User.objects.update(encrypted_lcs_token=encrypt(lcs.sign_in(ada.email)))
    slack.dm_link(User.objects.get(), "mia@example.edu")

    with pytest.raises(LCSRefused):
        slack.dm_link(restored(ada), "mia@example.edu")

    assert len(lcs.calls) == 2
    cache.clear()


@pytest.mark.parametrize("flag", ["is_mentor", "is_organizer", "is_director", "is_active", "is_superuser"])
def test_the_row_behind_a_token_is_read_column_by_column(ada, flag):
    flags = dict.fromkeys(("is_mentor", "is_organizer", "is_director", "is_active", "is_superuser"), False)
    User.objects.update(**{**flags, flag: True})

    found = User.objects.behind_token(ada.email)

    assert {name: getattr(found, name) for name in flags} == {**flags, flag: True}
    assert (found.pk, found.first_name, found.last_name) == (ada.pk, "Ada", "Lovelace")
