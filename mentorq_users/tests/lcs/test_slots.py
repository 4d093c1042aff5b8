"""Who gets the next place among those that wait for LCS: one address never holds them all, and each is given back."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from django.test import Client
from rest_framework.test import APIClient

from mentorq_users.lcs import transport
from mentorq_users.lcs.client import LCSClient
from mentorq_users.lcs.exceptions import LCSRefused, LCSUnavailable
from mentorq_users.lcs.slots import HASTE, Slots
from mentorq_users.lcs.transport import MAX_CALLS
from mentorq_users.models import User

STRANGER, VENUE = "192.0.2.1", "203.0.113.7"


PATIENCE = 0.4  # seconds, instead of one


@pytest.fixture
def slots(monkeypatch):
    monkeypatch.setattr("mentorq_users.lcs.slots.PATIENCE", PATIENCE)
    return Slots(8, 4, 4)


@pytest.fixture
def waiting(slots):
    """Somebody of that address, waiting for a place; the answer comes with the seconds that it took."""

    def wait(address: str) -> tuple[bool, float]:
        start = time.monotonic()
        return slots.acquire(address), time.monotonic() - start

    with ThreadPoolExecutor(32) as pool:

        def begin(address: str):
            answer = pool.submit(wait, address)
            time.sleep(0.02)
            return answer

        yield begin


def fill(slots: Slots) -> None:
    for number in range(slots.total):
        assert slots.acquire(f"198.51.100.{number}")


def test_one_address_holds_half_of_the_places_and_others_the_rest(slots):
    held = [slots.acquire(STRANGER) for _ in range(5)]

    assert held == [True] * 4 + [False]
    assert [slots.acquire(f"198.51.100.{number}") for number in range(4)] == [True] * 4


def test_people_who_are_signed_in_are_not_limited(slots):
    assert [slots.acquire() for _ in range(9)] == [True] * 8 + [False]


def test_a_place_that_is_given_back_is_taken_again(slots):
    for _ in range(20):
        assert slots.acquire(STRANGER)
        slots.release(STRANGER)

    assert (slots.held, slots.waiting) == ([], [])


def test_no_place_is_given_back_twice(slots):
    slots.acquire(STRANGER)
    slots.release(STRANGER)

    with pytest.raises(ValueError, match="not in list"):
        slots.release(STRANGER)


def test_whoever_holds_no_place_waits_a_little_longer(slots, waiting):
    fill(slots)
    newcomer = waiting(VENUE)

    time.sleep(2 * HASTE)
    slots.release("198.51.100.0")

    got, seconds = newcomer.result()
    assert (got, HASTE < seconds < PATIENCE) == (True, True)


def test_an_address_without_a_slot_does_not_wait_for_ever(slots, waiting):
    fill(slots)

    got, seconds = waiting(VENUE).result()

    assert (got, PATIENCE <= seconds < 2 * PATIENCE) == (False, True)
    assert (len(slots.held), slots.waiting) == (8, [])


@pytest.mark.parametrize("address", ["", "198.51.100.0"])
def test_people_who_are_signed_in_and_who_hold_a_place_wait_a_moment(slots, waiting, address):
    fill(slots)

    got, seconds = waiting(address).result()

    assert (got, seconds < 3 * HASTE) == (False, True)


def test_one_of_an_address_and_four_of_a_process_wait_longer(slots, waiting):
    fill(slots)

    answers = [waiting(address) for address in (VENUE, VENUE, "a", "b", "c", "d")]

    assert [seconds > PATIENCE / 2 for _, seconds in (answer.result() for answer in answers)] == [
        True, False, True, True, True, False,
    ]  # fmt: skip


def test_who_waits_longer_comes_before_those_who_hold_a_place(slots, waiting):
    for number in range(5):
        slots.acquire(f"198.51.100.{number}")
    for _ in range(3):
        slots.acquire(STRANGER)
    newcomer, strangers = waiting(VENUE), [waiting(STRANGER) for _ in range(8)]

    slots.release(STRANGER)

    assert newcomer.result()[0] is True
    assert [stranger.result()[0] for stranger in strangers] == [False] * 8


def test_two_of_an_address_do_not_wait_for_each_other(slots, waiting):
    fill(slots)
    first, second = waiting(VENUE), waiting(VENUE)

    slots.release("198.51.100.0")
    slots.release("198.51.100.1")

    assert [answer.result()[0] for answer in (first, second)] == [True, True]
    assert max(answer.result()[1] for answer in (first, second)) < PATIENCE / 2


def test_a_call_that_no_thread_takes_gives_its_place_back(lcs, monkeypatch):
    def refuse(*args):
        raise RuntimeError("cannot schedule new futures after shutdown")

    monkeypatch.setattr(transport.executor, "submit", refuse)

    for _ in range(2 * MAX_CALLS):
        with pytest.raises(LCSUnavailable):
            LCSClient(STRANGER).validate("ada@example.edu", "x")

    assert transport.slots.held == []


@pytest.mark.parametrize("fault", ["", "crashed", "hanging", "reset", "huge"])
def test_a_call_gives_its_place_back_however_it_ends(lcs, settings, fault):
    settings.LCS_TIMEOUT = 0.2
    lcs.fault = fault

    with pytest.raises((LCSUnavailable, LCSRefused)):
        LCSClient(STRANGER).validate("ada@example.edu", "x")

    with transport.slots.changed:
        assert transport.slots.changed.wait_for(lambda: transport.slots.held == [], timeout=2)


@contextmanager
def knocking(connections: int):
    """Strangers of one address who try junk, each time with a new e-mail, for as long as the block runs."""
    over = threading.Event()

    def knock(number: int) -> None:
        tries = 0
        while not over.is_set():
            tries += 1
            ends(STRANGER, f"{number}-{tries}@example.edu", "junk")

    with ThreadPoolExecutor(connections) as pool:
        ended = [pool.submit(knock, number) for number in range(connections)]
        time.sleep(0.2)
        try:
            yield
        finally:
            over.set()
    for end in ended:
        end.result()


def ends(address: str, email: str, token: str) -> str:
    """Return how a call for somebody at the door ends."""
    try:
        return LCSClient(address).validate(email, token).email
    except (LCSUnavailable, LCSRefused) as error:
        return type(error).__name__


def test_strangers_who_knock_with_junk_do_not_starve_sign_ins_from_elsewhere(lcs, at_once):
    # One of two worker processes, at each of which half of 30 connections knock and half of 15 people sign in at once.
    lcs.delay = 0.06
    tokens = {email: lcs.sign_in(email) for email in list(lcs.people)[:8]}

    with knocking(connections=15):
        signed_in = at_once(
            [
                lambda number=number, email=email: ends(f"198.51.100.{number}", email, tokens[email])
                for number, email in enumerate(tokens)
            ]
        )

    assert signed_in == list(tokens)


def test_strangers_do_not_starve_sign_ins_one_after_another(lcs):
    lcs.delay = 0.06
    tokens = {email: lcs.sign_in(email) for email in list(lcs.people)[:5]}

    with knocking(connections=15):
        signed_in = [ends(f"198.51.100.{number}", email, tokens[email]) for number, email in enumerate(tokens)]

    assert signed_in == list(tokens)


def test_people_who_are_signed_in_do_not_notice_the_strangers(lcs):
    lcs.delay = 0.06
    token = lcs.sign_in("ada@example.edu")

    with knocking(connections=15):
        assert [ends("", "ada@example.edu", token) for _ in range(5)] == ["ada@example.edu"] * 5


def test_a_whole_venue_behind_one_address_gets_in(lcs, at_once):
    lcs.delay = 0.05
    people = {email: lcs.sign_in(email) for email in lcs.people}

    def until_in(email: str) -> None:
        while ends(VENUE, email, people[email]) != email:
            pass

    at_once([lambda email=email: until_in(email) for email in people])

    assert sorted(data["email"] for _, data in lcs.calls) == sorted(people)  # nobody asked LCS twice


@pytest.mark.django_db
@pytest.mark.parametrize("door", ["api", "desk"])
def test_a_door_knows_the_address_that_knocks(lcs, settings, door):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

    def knock(address: str, **headers: str) -> bool:
        """Return whether LCS was asked."""
        asked, extra = len(lcs.calls), {"REMOTE_ADDR": address, "headers": headers}
        if door == "api":
            APIClient().post("/api/auth/token/", {"email": "olga@example.edu", "lcs_token": "junk"}, **extra)
        else:
            Client().post("/admin/login/", {"username": "olga@example.edu", "password": "junk"}, **extra)
        return len(lcs.calls) > asked

    for _ in range(transport.MAX_EACH):
        transport.slots.acquire("2001:db8::/64")
    try:
        asked = [knock(address) for address in ("2001:db8::7", "2001:db8:0:1::7")]
        asked += [knock("2001:db8:0:1::7", **{"X-Forwarded-For": "2001:db8::7"})]  # NUM_PROXIES is 0
    finally:
        for _ in range(transport.MAX_EACH):
            transport.slots.release("2001:db8::/64")

    assert asked == [False, True, True]


@pytest.mark.django_db
def test_a_refresh_knows_no_address(lcs, mia, refresh_token):
    User.objects.update(roles_checked_at=None)
    for _ in range(transport.MAX_EACH):
        transport.slots.acquire("127.0.0.1")
    try:
        APIClient().post("/api/auth/refresh/", {"refresh": refresh_token(mia)})
    finally:
        for _ in range(transport.MAX_EACH):
            transport.slots.release("127.0.0.1")

    assert len(lcs.calls) == 1
