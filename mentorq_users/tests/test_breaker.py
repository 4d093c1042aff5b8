"""Who does not answer is left alone for a moment, and found again."""

import time

import pytest
import requests
import responses

from mentorq_users import lcs as client
from mentorq_users.breaker import Breaker
from mentorq_users.lcs import LCSClient, LCSRefused, LCSUnavailable

URL = "http://lcs.example/dev"


@pytest.fixture
def lcs_at(settings):
    """LCS's `/validate`, answering what the test says; `calls` are those that reached it."""
    settings.LCS_BASE_URL = URL
    client.breaker.reset()
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock
    client.breaker.reset()


def ask():
    try:
        LCSClient().validate("ada@example.edu", "x")
    except (LCSUnavailable, LCSRefused) as error:
        return type(error)
    return None


@pytest.mark.parametrize("failure", [requests.ConnectTimeout(), requests.ReadTimeout(), requests.ConnectionError()])
def test_after_five_attempts_without_an_answer_nobody_asks_any_more(lcs_at, failure):
    lcs_at.post(f"{URL}/validate", body=failure)

    outcomes = [ask() for _ in range(12)]

    assert (outcomes, len(lcs_at.calls)) == ([LCSUnavailable] * 12, 5)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, {"statusCode": 403, "body": "no"}),
        (200, {"statusCode": 500, "body": "oops"}),
        (502, {}),
        (200, {"statusCode": 200, "body": {"email": "nonsense", "role": {}}}),
    ],
)
def test_an_answer_is_an_answer_also_a_bad_one(lcs_at, status, body):
    lcs_at.post(f"{URL}/validate", json=body, status=status)

    assert len([ask() for _ in range(12)]) == len(lcs_at.calls) == 12


def test_a_good_answer_between_makes_it_forget_the_failures(lcs_at):
    for _ in range(3):
        for _ in range(4):
            lcs_at.add(responses.POST, f"{URL}/validate", body=requests.ReadTimeout())
        lcs_at.add(responses.POST, f"{URL}/validate", json={"statusCode": 403, "body": "no"})

    outcomes = [ask() for _ in range(15)]

    assert (outcomes, len(lcs_at.calls)) == (([LCSUnavailable] * 4 + [LCSRefused]) * 3, 15)


def test_it_is_found_again(lcs_at, monkeypatch):
    monkeypatch.setattr(client, "breaker", Breaker(failures=5, seconds=0.1))
    for _ in range(5):
        lcs_at.add(responses.POST, f"{URL}/validate", body=requests.ReadTimeout())
    lcs_at.add(responses.POST, f"{URL}/validate", json={"statusCode": 403, "body": "no"})
    assert [ask() for _ in range(6)] == [LCSUnavailable] * 6

    time.sleep(0.12)

    assert [ask() for _ in range(3)] == [LCSRefused] * 3


def test_then_one_looks_while_the_others_wait():
    breaker = Breaker(failures=1, seconds=0.1)
    breaker.failed()
    closed = breaker.lets_through()
    time.sleep(0.12)

    assert (closed, [breaker.lets_through() for _ in range(3)]) == (False, [True, False, False])


def test_of_fifty_at_once_one_looks(at_once):
    breaker = Breaker(failures=1, seconds=0.5)
    breaker.failed()
    time.sleep(0.55)

    assert sum(at_once([breaker.lets_through] * 50)) == 1


def test_one_who_looked_in_vain_keeps_it_open():
    breaker = Breaker(failures=3, seconds=0.1)
    for _ in range(3):
        breaker.failed()
    time.sleep(0.12)
    assert breaker.lets_through()

    breaker.failed()

    assert breaker.lets_through() is False


def test_a_huge_answer_is_an_answer_too(lcs_at, monkeypatch):
    monkeypatch.setattr(client, "breaker", Breaker(failures=2, seconds=0.1))
    for _ in range(2):
        lcs_at.add(responses.POST, f"{URL}/validate", body=requests.ReadTimeout())
    lcs_at.add(responses.POST, f"{URL}/validate", body=b"x" * (client.MAX_ANSWER_BYTES + 1))
    lcs_at.add(responses.POST, f"{URL}/validate", json={"statusCode": 403, "body": "no"})
    assert [ask() for _ in range(2)] == [LCSUnavailable] * 2

    time.sleep(0.12)

    assert [ask() for _ in range(2)] == [LCSUnavailable, LCSRefused]
