"""Refreshes and logouts at the same moment, with real transactions: a logout that was answered holds."""

import time
from datetime import timedelta

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from mentorq_users.lcs.client import LCSProfile
from mentorq_users.models import RevokedToken, User

pytestmark = pytest.mark.usefixtures("committed")
REFRESHERS = 6


def post(path: str, token: str) -> tuple[str, float, int, float]:
    """Return what was asked, when, the status, and when that was known."""
    client = APIClient()
    client.handler.load_middleware()
    start = time.monotonic()
    status = client.post(f"/api/auth/{path}/", {"refresh": token}).status_code
    return path, start, status, time.monotonic()


def test_parallel_refreshes_of_one_token_all_succeed(at_once, mia, refresh_token):
    token = refresh_token(mia)

    asked = at_once([lambda: post("refresh", token)] * 8)

    assert [status for _, _, status, _ in asked] == [200] * 8


def test_parallel_refreshes_that_all_ask_lcs_for_the_roles_succeed(at_once, lcs, refresh_token):
    mia = User.objects.from_lcs(LCSProfile("mia@example.edu", "Mia", "", frozenset()), lcs.sign_in("mia@example.edu"))
    User.objects.update(roles_checked_at=timezone.now() - timedelta(minutes=6))
    token = refresh_token(mia)

    asked = at_once([lambda: post("refresh", token)] * 8)

    assert [status for _, _, status, _ in asked] == [200] * 8
    assert list(User.objects.values_list("email", "last_name", "is_mentor")) == [("mia@example.edu", "Mentor", True)]


def test_parallel_refreshes_whose_token_lcs_refuses_are_all_dead(at_once, lcs, mia, refresh_token):
    User.objects.update(roles_checked_at=timezone.now() - timedelta(minutes=6))
    token = refresh_token(mia)

    asked = at_once([lambda: post("refresh", token)] * 8)

    assert [status for _, _, status, _ in asked] == [401] * 8
    assert list(User.objects.values_list("encrypted_lcs_token", flat=True)) == [""]


def test_of_two_logouts_at_once_one_succeeds(at_once, mia, refresh_token):
    token = refresh_token(mia)

    asked = at_once([lambda: post("logout", token)] * 2)

    assert sorted(status for _, _, status, _ in asked) == [200, 401]
    assert RevokedToken.objects.count() == 1


def test_once_a_logout_was_answered_no_refresh_that_starts_succeeds(at_once, mia, refresh_token):
    token = refresh_token(mia)

    def refresh_six_times():
        return [post("refresh", token) for _ in range(6)]

    def refresh_and_log_out():
        return [post(path, token) for path in ("refresh", "logout", "refresh")]

    asked = [call for calls in at_once([refresh_six_times] * REFRESHERS + [refresh_and_log_out] * 2) for call in calls]

    logouts = [call for call in asked if call[0] == "logout"]
    ((_, begun, _, answered),) = [call for call in logouts if call[2] == 200]
    refreshes = [call for call in asked if call[0] == "refresh"]
    late = [status for _, start, status, _ in refreshes if start > answered]
    early = [status for _, _, status, end in refreshes if end < begun]
    assert sorted(status for _, _, status, _ in logouts) == [200, 401]
    assert (set(late), set(early)) == ({401}, {200})
