"""The admin site's door: an organizer's or director's LCS password, or a local superuser's own."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from mentorq_users.models import User
from mentorq_users.throttles import DeskThrottle

pytestmark = pytest.mark.django_db

LOGIN = reverse("admin:login")
INDEX = reverse("admin:index")
TO_THE_DOOR = f"{LOGIN}?next={INDEX}"
NOT_YOU = ["Please enter the e-mail and LCS password of an organizer or director."]
DOWN = ["LCS does not answer. Please try again in a moment; a local superuser can sign in meanwhile."]


@pytest.fixture(autouse=True)
def quick_hashes(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def log_in(client, lcs):
    """Fill in the form; return the answer."""
    return lambda email, password="hackru": client.post(LOGIN, {"username": email, "password": password, "next": INDEX})


@pytest.fixture
def root():
    return User.objects.create_superuser("root@example.edu", "only-here")


def assert_in(response, client) -> None:
    assert (response.status_code, response.url) == (302, INDEX)
    assert client.get(INDEX).status_code == 200


def assert_out(response, client, errors: list[str]) -> None:
    assert (response.status_code, response.context["form"].non_field_errors()) == (200, errors)
    assert client.get(INDEX).headers.get("Location") == TO_THE_DOOR


@pytest.mark.parametrize(
    "email", ["olga@example.edu", "dan@example.edu", "dora@example.edu", "OLGA@Example.edu", " dan@example.edu "]
)
def test_organizers_and_directors_sign_in_with_their_lcs_password(log_in, client, email):
    assert_in(log_in(email), client)


@pytest.mark.parametrize("email", ["ada@example.edu", "mia@example.edu", "vera@example.edu", "sam@example.edu"])
def test_nobody_else_does(log_in, client, email):
    assert_out(log_in(email), client, NOT_YOU)


@pytest.mark.parametrize(("email", "password"), [("olga@example.edu", "wrong"), ("nobody@example.edu", "hackru")])
def test_a_wrong_password_or_an_unknown_person_is_told_so(log_in, client, email, password):
    assert_out(log_in(email, password), client, NOT_YOU)


def test_a_sign_in_asks_lcs_for_a_token_and_then_for_its_owner(log_in, lcs):
    log_in("Olga@example.edu")

    token = next(iter(lcs.owners))
    assert lcs.calls == [
        ("authorize", {"email": "olga@example.edu", "password": "hackru"}),
        ("validate", {"email": "olga@example.edu", "token": token}),
    ]
    assert User.objects.get().lcs_token == token


def test_no_password_is_kept(log_in):
    log_in("olga@example.edu")

    assert User.objects.get().password == ""


def test_a_token_for_somebody_else_lets_nobody_in(log_in, client, lcs, monkeypatch):
    monkeypatch.setattr(lcs, "authorize", lambda email, password: (200, {"token": lcs.sign_in("dan@example.edu")}))

    assert_out(log_in("olga@example.edu"), client, NOT_YOU)


def test_somebody_deactivated_is_kept_out(log_in, client, olga):
    User.objects.update(is_active=False)

    assert_out(log_in("olga@example.edu"), client, NOT_YOU)


def test_somebody_deactivated_is_out_at_once(log_in, client):
    log_in("olga@example.edu")
    User.objects.update(is_active=False)

    assert client.get(INDEX).headers.get("Location") == TO_THE_DOOR


def test_an_organizer_who_is_none_any_more_is_out_at_once(log_in, client):
    log_in("olga@example.edu")
    User.objects.update(is_organizer=False)

    assert client.get(INDEX).headers.get("Location") == TO_THE_DOOR


@pytest.mark.parametrize("fault", ["crashed", "gateway", "html", "reset", "hanging", "body-is-text", "status-503"])
def test_a_failing_lcs_is_an_error_of_the_form(log_in, client, lcs, settings, fault):
    settings.LCS_TIMEOUT = 0.3
    lcs.fault = fault

    assert_out(log_in("olga@example.edu"), client, DOWN)


def test_a_local_superuser_gets_in_while_lcs_is_down(log_in, client, lcs, root):
    lcs.fault = "crashed"

    assert_in(log_in("Root@example.edu", "only-here"), client)
    assert lcs.calls == []


def test_a_local_superuser_with_a_wrong_password_is_asked_of_lcs(log_in, client, root):
    assert_out(log_in("root@example.edu", "hackru"), client, NOT_YOU)


def test_an_account_without_a_local_password_is_not_open_to_an_empty_one(log_in, client, olga):
    response = log_in("olga@example.edu", "")

    assert response.context["form"].errors == {"password": ["This field is required."]}


@pytest.mark.parametrize("password", [" hackru", "hackru "])
def test_a_password_is_not_trimmed(log_in, client, password):
    assert_out(log_in("olga@example.edu", password), client, NOT_YOU)


@pytest.fixture
def signed_in_long_ago(log_in, lcs):
    """An organizer at the desk, whose roles were read longer ago than they are trusted."""
    log_in("olga@example.edu")
    User.objects.update(roles_checked_at=timezone.now() - timedelta(minutes=6))
    lcs.calls.clear()


def test_somebody_whom_lcs_made_no_organizer_any_more_is_turned_out(signed_in_long_ago, client, lcs):
    lcs.people["olga@example.edu"]["role"]["organizer"] = False

    assert client.get(INDEX).headers.get("Location") == TO_THE_DOOR


def test_a_director_who_is_only_an_organizer_by_now_sees_no_more_statistics(log_in, client, lcs):
    log_in("dan@example.edu")
    User.objects.update(roles_checked_at=timezone.now() - timedelta(minutes=6))
    lcs.people["dan@example.edu"]["role"].update(director=False, organizer=True)

    pages = [client.get(INDEX) for _ in range(2)]

    assert [(page.status_code, "figures" in page.context) for page in pages] == [(200, False)] * 2


def test_somebody_whose_token_lcs_refuses_is_turned_out(signed_in_long_ago, client, lcs):
    lcs.owners.clear()

    assert [client.get(INDEX).headers.get("Location") for _ in range(2)] == [TO_THE_DOOR] * 2


def test_somebody_who_still_is_one_stays_and_lcs_is_asked_once(signed_in_long_ago, client, lcs):
    assert [client.get(INDEX).status_code for _ in range(3)] == [200, 200, 200]
    assert [call for call, _ in lcs.calls] == ["validate"]


def test_while_lcs_is_down_the_last_known_roles_hold_and_it_is_asked_once(signed_in_long_ago, client, lcs):
    lcs.fault = "crashed"

    assert [client.get(INDEX).status_code for _ in range(3)] == [200, 200, 200]
    assert len(lcs.calls) == 1


def test_a_local_superuser_is_not_asked_after(root, client, lcs):
    client.force_login(root, backend="django.contrib.auth.backends.ModelBackend")

    assert client.get(INDEX).status_code == 200
    assert lcs.calls == []


def test_the_21st_guess_is_told_to_wait_and_asks_nobody(log_in, client, lcs):
    for _ in range(20):
        log_in("olga@example.edu", "wrong")
    asked = len(lcs.calls)

    response = log_in("Olga@Example.EDU")

    (error,) = response.context["form"].non_field_errors()
    assert re.fullmatch(r"Too many attempts with this e-mail\. Please wait \d\d? seconds\.", error)
    assert (client.get(INDEX).status_code, len(lcs.calls)) == (302, asked)


def test_guessing_a_local_superusers_password_ends_too(log_in, client, root):
    for _ in range(20):
        log_in("root@example.edu", "wrong")

    log_in("root@example.edu", "only-here")

    assert client.get(INDEX).headers.get("Location") == TO_THE_DOOR


def test_guesses_keep_nobody_else_and_nobody_elsewhere_out(log_in, client):
    for _ in range(21):
        log_in("olga@example.edu", "wrong")

    assert_in(log_in("dan@example.edu"), client)
    elsewhere = client.post(LOGIN, {"username": "olga@example.edu", "password": "hackru"}, REMOTE_ADDR="192.0.2.7")
    assert elsewhere.status_code == 302


def test_guessing_from_many_addresses_ends_too(client, root, monkeypatch):
    monkeypatch.setattr(DeskThrottle, "rate", "2/min", raising=False)
    guesses = [{"username": "root@example.edu", "password": f"guess {number}"} for number in range(20)]
    for number, guess in enumerate(guesses):
        client.post(LOGIN, guess, REMOTE_ADDR=f"192.0.2.{number // 2}")

    response = client.post(LOGIN, {"username": "root@example.edu", "password": "only-here"}, REMOTE_ADDR="192.0.2.77")

    (error,) = response.context["form"].non_field_errors()
    assert re.fullmatch(r"Too many attempts with this e-mail\. Please wait \d\d? seconds\.", error)


def test_a_form_without_a_password_is_no_guess(log_in, client):
    for _ in range(25):
        log_in("olga@example.edu", "")

    assert_in(log_in("olga@example.edu"), client)
