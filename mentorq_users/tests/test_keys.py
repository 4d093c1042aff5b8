"""An LCS token that no key opens: another server's key may, so LCS counts as away, and the token stays as it is."""

from datetime import timedelta

import pytest
from django.contrib.messages import get_messages
from django.urls import reverse
from django.utils import timezone

from mentorq_users.backends import check_roles
from mentorq_users.lcs import slack
from mentorq_users.lcs.client import LCSProfile
from mentorq_users.lcs.exceptions import LCSUnavailable
from mentorq_users.models import User, warn_of_keys

pytestmark = pytest.mark.django_db

REFRESH = "/api/auth/refresh/"
OLGA = LCSProfile("olga@example.edu", "Olga", "Organizer", frozenset({"organizer"}))
WARNING = "No key in LCS_TOKEN_KEYS opens the LCS token of an account"


@pytest.fixture(autouse=True)
def nobody_was_warned_before():
    warn_of_keys.cache_clear()


@pytest.fixture
def at_b(settings):
    settings.LCS_TOKEN_KEYS = ["new key", "old key"]


@pytest.fixture
def at_a(settings):
    """Go on at the server whose keys do not have the newest one."""

    def go() -> None:
        settings.LCS_TOKEN_KEYS = ["old key"]

    return go


@pytest.fixture
def olga_of_old(at_b, lcs):
    """Olga, who signed in at B and whose roles are stale."""
    User.objects.from_lcs(OLGA, lcs.sign_in("olga@example.edu"))
    User.objects.update(roles_checked_at=timezone.now() - timedelta(minutes=6))
    return User.objects.get()


def stored() -> tuple[str, bool]:
    user = User.objects.get()
    return user.encrypted_lcs_token, user.is_organizer


def test_a_server_without_the_key_refreshes_and_so_does_the_one_that_has_it(
    api, olga_of_old, refresh_token, at_a, lcs, settings, claims_of
):
    token, before = refresh_token(olga_of_old), stored()
    at_a()

    answers = [api.post(REFRESH, {"refresh": token}) for _ in range(3)]

    assert [claims_of(answer.json()["access"])["organizer"] for answer in answers] == [True] * 3
    assert (stored(), lcs.calls) == (before, [])
    settings.LCS_TOKEN_KEYS = ["new key", "old key"]
    assert api.post(REFRESH, {"refresh": token}).status_code == 200
    assert len(lcs.calls) == 1


def test_a_mistyped_key_loses_nobody(api, olga_of_old, refresh_token, settings, logged):
    settings.LCS_TOKEN_KEYS = ["new keyy", "old keyy"]
    before = stored()

    answers = [api.post(REFRESH, {"refresh": refresh_token(olga_of_old)}) for _ in range(5)]

    assert [answer.status_code for answer in answers] == [200] * 5
    assert stored() == before
    (warning,) = [line for line in logged if WARNING in line]
    assert not any(secret in warning for secret in ("keyy", before[0]))


def test_a_readable_token_warns_of_nothing(api, olga_of_old, refresh_token, logged):
    api.post(REFRESH, {"refresh": refresh_token(olga_of_old)})

    assert [line for line in logged if WARNING in line] == []


def test_no_token_is_still_a_refusal(api, olga_of_old, refresh_token, logged):
    User.objects.update(encrypted_lcs_token="")

    response = api.post(REFRESH, {"refresh": refresh_token(olga_of_old)})

    assert (response.status_code, response.json()["code"]) == (401, "token_not_valid")
    assert [line for line in logged if WARNING in line] == []


def test_roles_cannot_be_checked_and_stay(olga_of_old, at_a):
    before = stored()
    at_a()

    with pytest.raises(LCSUnavailable):
        check_roles(User.objects.get())

    assert stored() == before


def test_a_new_sign_in_stores_its_own(api, olga_of_old, at_a, lcs):
    at_a()
    new = lcs.sign_in("olga@example.edu")

    api.post("/api/auth/token/", {"email": "olga@example.edu", "lcs_token": new})

    assert User.objects.get().lcs_token == new


def test_the_desk_stays_open(client, olga_of_old, at_a):
    client.force_login(olga_of_old, backend="mentorq_users.backends.LCSBackend")
    before = stored()
    at_a()

    assert [client.get("/admin/").status_code for _ in range(2)] == [200, 200]
    assert stored() == before


def test_a_slack_link_is_unavailable_for_a_moment(olga_of_old, at_a, lcs):
    at_a()

    with pytest.raises(LCSUnavailable):
        slack.dm_link(User.objects.get(), "mia@example.edu")

    assert lcs.calls == []


def test_the_desk_says_why_it_cannot_read_roles(client, olga_of_old, at_a, lcs):
    client.force_login(olga_of_old, backend="mentorq_users.backends.LCSBackend")
    at_a()
    page = reverse("admin:mentorq_users_user_changelist")

    response = client.post(page, {"action": "read_roles", "_selected_action": [olga_of_old.pk]})

    assert [str(message) for message in get_messages(response.wsgi_request)] == [
        "No key of this server opens your LCS token: sign in again, and ask the operator to check LCS_TOKEN_KEYS."
    ]
    assert lcs.calls == []
