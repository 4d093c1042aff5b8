"""Whose try it is: no header that a client writes gives it more tries, at the API or at the desk's door."""

import pytest
from django.core.exceptions import NON_FIELD_ERRORS
from django.test import Client
from rest_framework.test import APIClient

from mentorq_users.throttles import TokenThrottle

pytestmark = pytest.mark.django_db

DOORS = ["api", "desk"]
# What our proxies leave of it for somebody at 203.0.113.7 who sent them `{}`: the last one's own address is no header.
BEHIND = {0: "{}", 1: "{}, 203.0.113.7", 2: "{},203.0.113.7 , 198.51.100.1"}
SPOOFS = ["192.0.2.1", "192.0.2.2, 192.0.2.3", "", ",", "unknown", "192.0.2.4," * 50, "::1", "203.0.113.7", "é", " "]


@pytest.fixture(autouse=True)
def three_tries(monkeypatch):
    """Three tries a day, so that it goes quickly and no window ends meanwhile."""
    monkeypatch.setattr(TokenThrottle, "rate", "3/day", raising=False)


@pytest.fixture(autouse=True)
def quick_hashes(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def let_through(lcs):
    """Try a wrong password or a bad token of Olga's; return whether it was looked at."""
    api, browser = APIClient(), Client()

    def attempt(door: str, address: str = "203.0.113.7", email: str = "olga@example.edu", **headers: str) -> bool:
        extra = {"headers": headers, "REMOTE_ADDR": address}
        if door == "api":
            status = api.post("/api/auth/token/", {"email": email, "lcs_token": "bad"}, **extra).status_code
            assert status in (401, 429)
            return status == 401
        form = browser.post("/admin/login/", {"username": email, "password": "wrong"}, **extra).context["form"]
        return not form.has_error(NON_FIELD_ERRORS, "throttled")

    return attempt


@pytest.mark.parametrize("proxies", BEHIND)
@pytest.mark.parametrize("door", DOORS)
def test_a_rotating_x_forwarded_for_gives_no_more_tries(let_through, monkeypatch, door, proxies):
    monkeypatch.setattr("rest_framework.throttling.api_settings.NUM_PROXIES", proxies)
    address = "10.0.0.1" if proxies else "203.0.113.7"

    tries = [let_through(door, address, **{"X-Forwarded-For": BEHIND[proxies].format(spoof)}) for spoof in SPOOFS]

    assert tries == [True] * 3 + [False] * 7


@pytest.mark.parametrize("proxies", BEHIND)
@pytest.mark.parametrize("door", DOORS)
def test_another_client_is_counted_apart(let_through, monkeypatch, door, proxies):
    monkeypatch.setattr("rest_framework.throttling.api_settings.NUM_PROXIES", proxies)

    def attempts(client: str) -> list[bool]:
        forwarded = BEHIND[proxies].format("").replace("203.0.113.7", client)
        return [let_through(door, "10.0.0.1" if proxies else client, **{"X-Forwarded-For": forwarded}) for _ in range(4)]

    assert [attempts(client) for client in ("203.0.113.7", "203.0.113.8")] == [[True, True, True, False]] * 2


@pytest.mark.parametrize("name", ["Forwarded", "X-Real-IP", "X-Client-IP", "True-Client-IP", "CF-Connecting-IP", "Via"])
def test_no_other_header_names_a_client(let_through, monkeypatch, name):
    monkeypatch.setattr("rest_framework.throttling.api_settings.NUM_PROXIES", 1)

    tries = [let_through("api", **{"X-Forwarded-For": "192.0.2.1", name: f"198.51.100.{number}"}) for number in range(4)]

    assert tries == [True, True, True, False]


@pytest.mark.parametrize(
    "addresses",
    [
        ["2001:db8::1", "2001:db8::2", "2001:db8:0:0:ffff::1", "2001:DB8:0:0::1"],
        ["::ffff:203.0.113.7", "203.0.113.7", "::FFFF:203.0.113.7", "::ffff:cb00:7107"],
    ],
    ids=["a network of one client's own", "one address in two families"],
)
def test_the_addresses_of_one_client_are_counted_together(let_through, addresses):
    assert [let_through("api", address) for address in addresses] == [True, True, True, False]


@pytest.mark.parametrize(
    "addresses",
    [["2001:db8::1", "2001:db8:0:1::1"], ["::ffff:203.0.113.7", "::ffff:203.0.113.8"], ["fe80::1%eth0", "2001:db8::"]],
    ids=" ".join,
)
def test_different_clients_are_counted_apart_in_either_family(let_through, addresses):
    tries = [[let_through("api", address) for _ in range(4)] for address in addresses]

    assert tries == [[True, True, True, False]] * 2


def test_the_api_and_the_desk_count_together(let_through):
    assert [let_through(door) for door in ("api", "desk", "api", "desk", "api")] == [True, True, True, False, False]


@pytest.mark.parametrize("door", DOORS)
def test_writing_the_email_in_other_letters_gives_no_more_tries(let_through, door):
    written = ["olga@example.edu", "OLGA@EXAMPLE.EDU", " Olga@example.edu ", "oLGA@Example.edu", "OLGA@example.EDU"]

    assert [let_through(door, email=email) for email in written] == [True, True, True, False, False]


def test_letters_that_look_alike_give_no_more_tries_at_the_desk(let_through):
    # Django's form makes plain letters of them before anybody is asked; the counter must do so first as well.
    written = [
        "olga@example.edu",
        "ｏlga@example.edu",
        "olga@example\uff0eedu",
        "o\u2113ga@example.edu",
        "ºlga@example.edu",
    ]

    assert [let_through("desk", email=email) for email in written] == [True, True, True, False, False]
