"""The session of the organizers' desk: whose it is, when it ends, where it leads, and what guessing a password gets."""

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.test import Client

from mentorq_users.models import User
from mentorq_users.throttles import TokenThrottle

pytestmark = pytest.mark.django_db

LOGIN, INDEX, LOGOUT = "/admin/login/", "/admin/", "/admin/logout/"


@pytest.fixture(autouse=True)
def quick_hashes(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def log_in(client, lcs):
    """Fill in the form; return the answer."""

    def post(password: str = "hackru", leading_to: str = INDEX):
        return client.post(LOGIN, {"username": "olga@example.edu", "password": password, "next": leading_to})

    return post


def is_in(client: Client) -> bool:
    return client.get(INDEX).status_code == 200


def test_a_session_that_somebody_planted_beforehand_is_not_the_one_signed_in(client, log_in):
    planted = SessionStore()
    planted["planted"] = True
    planted.create()
    client.cookies["sessionid"] = planted.session_key

    log_in()

    key = client.cookies["sessionid"].value
    attacker = Client()
    attacker.cookies["sessionid"] = planted.session_key
    assert (is_in(client), key == planted.session_key, is_in(attacker)) == (True, False, False)
    assert list(Session.objects.values_list("session_key", flat=True)) == [key]


def test_the_csrf_token_changes_at_sign_in(client, log_in):
    before = client.get(LOGIN).cookies["csrftoken"].value

    log_in()

    assert client.cookies["csrftoken"].value != before


def test_a_session_dies_with_its_sign_out(client, log_in):
    log_in()
    thief = Client()
    thief.cookies["sessionid"] = client.cookies["sessionid"].value
    before = is_in(thief)

    client.post(LOGOUT)

    assert (before, is_in(thief), is_in(client), Session.objects.count()) == (True, False, False, 0)


def test_a_wrong_password_makes_no_session(client, log_in):
    log_in("wrong")

    assert ("sessionid" in client.cookies, Session.objects.count()) == (False, 0)


def test_a_session_made_up_opens_nothing(client, log_in):
    log_in()
    client.cookies["sessionid"] = "a" * 32

    assert is_in(client) is False


def test_a_session_signed_with_another_key_is_nobodys(client, log_in, settings):
    log_in()
    settings.SECRET_KEY = "another key, and long enough to sign a session with it"

    assert is_in(client) is False


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/", "http://evil.example", "//evil.example", "///evil.example", "////evil.example",
        "/\\evil.example", "\\\\evil.example", "https:evil.example", "https:///evil.example", "javascript:alert(1)",
        "data:text/html,x", "\t//evil.example", " //evil.example", "//testserver@evil.example", "//evil%2eexample",
        "http://testserver:80@evil.example/", "https://testserver.evil.example", "/\t/evil.example", "\x00//evil.example",
        "ftp://testserver/",
    ],
    ids=ascii,
)  # fmt: skip
def test_signing_in_leads_nowhere_else(log_in, client, elsewhere):
    by_form = log_in(leading_to=elsewhere)
    client.logout()
    by_address = client.post(f"{LOGIN}?next={elsewhere}", {"username": "olga@example.edu", "password": "hackru"})

    assert [(answer.status_code, answer.url) for answer in (by_form, by_address)] == [(302, INDEX)] * 2


def test_signing_in_leads_to_the_page_that_was_asked_for(log_in):
    assert log_in(leading_to="/admin/mentorq_users/user/?q=x").url == "/admin/mentorq_users/user/?q=x"


def test_signing_out_leads_nowhere_else(client, log_in):
    log_in()

    response = client.post(f"{LOGOUT}?next=https://evil.example/", {"next": "//evil.example"})

    assert (response.status_code, response.url) == (302, LOGOUT)


class Clock:
    now = 1_795_500_000.0

    def time(self) -> float:
        return self.now


def test_after_too_many_guesses_the_right_password_waits_for_the_windows_end(log_in, client, lcs, monkeypatch):
    clock = Clock()
    for module in ("models", "throttles"):
        monkeypatch.setattr(f"mentorq_users.{module}.time", clock)
    monkeypatch.setattr(TokenThrottle, "rate", "3/min", raising=False)
    for _ in range(4):
        log_in("wrong")
    clock.now += 59.5

    refused = log_in()
    clock.now += 1
    let_in = log_in()

    assert refused.context["form"].non_field_errors() == ["Too many attempts with this e-mail. Please wait 1 seconds."]
    assert (let_in.status_code, is_in(client)) == (302, True)


def test_guesses_do_not_end_the_session_of_who_is_in(client, log_in, monkeypatch):
    monkeypatch.setattr(TokenThrottle, "rate", "3/day", raising=False)
    log_in()
    guesser = Client()

    for _ in range(5):
        guesser.post(LOGIN, {"username": "olga@example.edu", "password": "wrong"})

    assert is_in(client) is True


def test_the_old_password_of_a_local_account_is_asked_for_only_behind_the_door(client, log_in, lcs):
    User.objects.create_superuser("root@example.edu", "only-here")
    form = {"old_password": "only-here", "new_password1": "an0ther-0ne", "new_password2": "an0ther-0ne"}

    outside = client.post("/admin/password_change/", form)
    log_in()
    without_one = client.post("/admin/password_change/", {**form, "old_password": ""})

    assert (outside.status_code, outside.url) == (302, "/admin/login/?next=/admin/password_change/")
    assert sorted(without_one.context["form"].errors) == ["old_password"]  # who came by LCS has none to change
