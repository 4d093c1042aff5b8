"""What the log says of a failed sign-in: enough to follow it, and never the e-mail."""

import logging
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import OperationalError, connection
from django.test import Client
from rest_framework.test import APIClient

from mentorq_users.failed_signins import email_digest
from mentorq_users.models import User
from mentorq_users.throttles import TokenThrottle

pytestmark = pytest.mark.django_db

API, DESK = "/api/auth/token/", "/admin/login/"
EMAIL = "olga@example.edu"
CLIENT = "203.0.113.7"
WRONG = {"email": EMAIL, "lcs_token": "a guess"}
WRONG_PASSWORD = {"username": EMAIL, "password": "wrong"}


@pytest.fixture(autouse=True)
def quick_hashes(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def no_email_in_the_log(logged):
    """No test here may make the program log the address, whichever way it is written."""
    yield
    assert [line for line in logged if "olga" in line.lower() or "@" in line] == []


@pytest.fixture
def fails(caplog):
    """What the line of a sign-in says, of the fields that a failed one has: `fails(path, body)`."""

    def sign_in(path, body, **extra):
        caplog.set_level(logging.INFO)
        caplog.clear()
        client = APIClient() if path == API else Client()
        client.raise_request_exception = False
        client.post(path, body, REMOTE_ADDR=CLIENT, **extra)
        (line,) = [record for record in caplog.records if hasattr(record, "status")]
        known = vars(line)
        return {name: known[name] for name in ("address", "status", "code", "email_digest") if name in known}

    return sign_in


def failure(status, code, email=EMAIL):
    return {"address": CLIENT, "status": status, "code": code, "email_digest": email_digest(email)}


def without_digest(status, code):
    return {"address": CLIENT, "status": status, "code": code}


@pytest.mark.parametrize("path", [API, DESK])
def test_a_sign_in_that_succeeds_says_nothing_of_it(fails, lcs, path):
    good = {API: {"email": EMAIL, "lcs_token": lcs.sign_in(EMAIL)}, DESK: {"username": EMAIL, "password": "hackru"}}

    assert fails(path, good[path]) == {"status": 200 if path == API else 302}


def test_a_token_that_lcs_refuses(fails, lcs):
    assert fails(API, WRONG) == failure(401, "authentication_failed")


def test_a_password_that_lcs_refuses(fails, lcs):
    assert fails(DESK, WRONG_PASSWORD) == failure(200, "invalid_login")


def test_a_person_without_a_role_at_the_desk(fails, lcs):
    body = {"username": "ada@example.edu", "password": "hackru"}

    assert fails(DESK, body) == failure(200, "invalid_login", "ada@example.edu")


@pytest.mark.parametrize(("path", "body", "status"), [(API, WRONG, 429), (DESK, WRONG_PASSWORD, 200)])
def test_too_many_attempts(fails, lcs, monkeypatch, path, body, status):
    monkeypatch.setattr(TokenThrottle, "rate", "1/day", raising=False)
    fails(path, body)

    assert fails(path, body) == failure(status, "throttled")


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [(API, WRONG, 503, "service_unavailable"), (DESK, WRONG_PASSWORD, 200, "unavailable")],
)
def test_lcs_that_does_not_answer(fails, lcs, path, body, status, code):
    lcs.fault = "crashed"

    assert fails(path, body) == failure(status, code)


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [(API, WRONG, "service_unavailable"), (DESK, WRONG_PASSWORD, "internal_server_error")],
)
def test_a_database_that_does_not_answer(fails, path, body, code):
    def broken(execute, sql, *args):
        if "signintries" in sql:
            raise OperationalError
        return execute(sql, *args)

    with connection.execute_wrapper(broken):
        assert fails(path, body) == failure(503, code)


@pytest.mark.parametrize(("path", "body"), [(API, WRONG), (DESK, WRONG_PASSWORD)])
def test_a_crash(fails, monkeypatch, path, body):
    def crash(*args):
        raise RuntimeError

    monkeypatch.setattr(TokenThrottle, "count", crash)

    assert fails(path, body) == failure(500, "internal_server_error")


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [(API, {"email": EMAIL}, 400, "invalid"), (DESK, {"username": EMAIL}, 200, "required")],
)
def test_half_of_what_is_needed(fails, path, body, status, code):
    assert fails(path, body) == failure(status, code)


@pytest.mark.parametrize("email", ["olga", "olga at example.edu", "olga@example.edu\0", "o" * 5000 + "lga@", "@olga"])
def test_an_email_that_is_none_has_a_digest_too(fails, email):
    assert fails(API, {"email": email, "lcs_token": "x"}) == failure(400, "invalid", email)


@pytest.mark.parametrize(
    "body", [{}, {"email": ""}, {"email": " "}, {"email": 7}, {"email": ["olga"]}, {"email": None}, [], "olga"]
)
def test_without_an_email_there_is_no_digest(fails, body):
    assert fails(API, body) == without_digest(400, "invalid")


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [
        ('{"email": "olga@example.edu"', "application/json", 400, "parse_error"),
        ('{"email": "olga\\ud800@example.edu"}', "application/json", 400, "parse_error"),
        ('{"email": "olga@example.edu"}', "text/plain", 415, "unsupported_media_type"),
        ('{"email": "olga@example.edu", "lcs_token": "%s"}' % ("x" * 300_000), "application/json", 413, "too_large"),
    ],
    ids=["broken", "half a surrogate pair", "another media type", "too large"],
)  # fmt: skip
def test_a_body_that_cannot_be_read_has_none_either(fails, body, content_type, status, code):
    assert fails(API, body, content_type=content_type) == without_digest(status, code)


@pytest.mark.parametrize("method", ["get", "put", "options"])
def test_what_is_no_attempt_is_no_failed_one(caplog, method):
    caplog.set_level(logging.INFO)

    getattr(APIClient(), method)(API)

    assert [hasattr(record, "code") for record in caplog.records if record.name == "mentorq.requests"] == [False]


def test_other_requests_that_are_refused_are_no_sign_ins(caplog):
    caplog.set_level(logging.INFO)

    APIClient().post("/api/auth/refresh/", {"refresh": "x", "email": EMAIL})

    assert [hasattr(record, "code") for record in caplog.records if record.name == "mentorq.requests"] == [False]


def test_a_line_for_people_says_it_too(caplog, lcs):
    caplog.set_level(logging.INFO)

    APIClient().post(API, WRONG, REMOTE_ADDR=CLIENT)

    line = [record.getMessage() for record in caplog.records if record.name == "mentorq.requests"][-1]
    assert line.endswith(" ms, user None, failed sign-in from 203.0.113.7: authentication_failed")


# Whose it was


@pytest.mark.parametrize("door", [API, DESK])
@pytest.mark.parametrize("written", ["Olga@Example.edu", " olga@example.edu ", "OLGA@EXAMPLE.EDU"])
def test_another_spelling_has_the_same_digest(fails, lcs, door, written):
    body = {API: {**WRONG, "email": written}, DESK: {**WRONG_PASSWORD, "username": written}}[door]

    assert fails(door, body)["email_digest"] == email_digest(EMAIL)


def test_another_address_has_another_digest():
    assert email_digest("olga@example.edu") != email_digest("olga@example.com")


def test_another_key_makes_another_digest(settings):
    digest = email_digest(EMAIL)
    settings.SECRET_KEY = "another-key-that-is-long-enough-for-a-server"

    assert email_digest(EMAIL) != digest


def test_an_operator_computes_the_digest_that_the_log_has(fails, lcs):
    printed = StringIO()

    call_command("emaildigest", " Olga@example.edu", stdout=printed, stderr=StringIO())

    assert printed.getvalue() == f"{fails(API, WRONG)['email_digest']}\n"


@pytest.mark.parametrize(
    ("key", "warnings"),
    [(None, ["SECRET_KEY is not set: a server's log has another digest. Use its environment."]), ("x" * 60, [])],
)
def test_a_digest_of_a_laptop_is_said_to_be_of_no_server(settings, key, warnings):
    settings.SECRET_KEY = key or settings.SECRET_KEY
    said = StringIO()

    call_command("emaildigest", EMAIL, stdout=StringIO(), stderr=said)

    assert said.getvalue().splitlines() == warnings


# From where


@pytest.mark.parametrize("door", [API, DESK])
@pytest.mark.parametrize(
    ("proxies", "address"), [(0, CLIENT), (1, "198.51.100.1"), (2, "192.0.2.9")], ids=["no proxy", "one", "two"]
)
def test_the_address_is_the_one_that_is_limited(fails, lcs, monkeypatch, door, proxies, address):
    monkeypatch.setattr("rest_framework.throttling.api_settings.NUM_PROXIES", proxies)
    forwarded = {"X-Forwarded-For": "192.0.2.1, 192.0.2.9, 198.51.100.1"}

    assert fails(door, WRONG if door == API else WRONG_PASSWORD, headers=forwarded)["address"] == address


def test_of_an_ipv6_address_it_is_the_clients_network(caplog, lcs):
    caplog.set_level(logging.INFO)

    APIClient().post(API, WRONG, REMOTE_ADDR="2001:db8::1")

    assert [record.address for record in caplog.records if record.name == "mentorq.requests"] == ["2001:db8::/64"]


def test_a_sign_in_after_a_failed_one_says_nothing_of_it(fails, lcs):
    fails(API, WRONG)

    assert fails(API, {"email": EMAIL, "lcs_token": lcs.sign_in(EMAIL)}) == {"status": 200}
    assert User.objects.count() == 1
