"""Who does not answer is left alone for a moment, and found again."""

from types import SimpleNamespace

import pytest
import requests
import responses

from mentorq_users.lcs import transport
from mentorq_users.lcs.breaker import Breaker
from mentorq_users.lcs.client import LCSClient
from mentorq_users.lcs.exceptions import LCSRefused, LCSUnavailable

URL = "http://lcs.example/dev"


@pytest.fixture
def lcs_at(settings):
    """LCS's `/validate`, answering what the test says; `calls` are those that reached it."""
    settings.LCS_BASE_URL = URL
    transport.breaker.reset()
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock
    transport.breaker.reset()


@pytest.fixture
def clock(monkeypatch):
    """The breaker's clock, which goes on only where a test says so."""
    clock = SimpleNamespace(seconds=1000.0, monotonic=lambda: clock.seconds)
    monkeypatch.setattr("mentorq_users.lcs.breaker.time", clock)
    return clock


def ask():
    try:
        LCSClient().validate("ada@example.edu", "x")
    except (LCSUnavailable, LCSRefused) as error:
        return type(error)
    return None


@pytest.mark.parametrize("failure", [requests.ConnectTimeout(), requests.ReadTimeout(), requests.ConnectionError()])
def test_after_five_calls_without_an_answer_lcs_is_not_called(lcs_at, failure):
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
def test_a_bad_answer_does_not_open_the_breaker(lcs_at, status, body):
    lcs_at.post(f"{URL}/validate", json=body, status=status)

    assert len([ask() for _ in range(12)]) == len(lcs_at.calls) == 12


def test_a_good_answer_resets_the_count_of_failures(lcs_at):
    for _ in range(3):
        for _ in range(4):
            lcs_at.add(responses.POST, f"{URL}/validate", body=requests.ReadTimeout())
        lcs_at.add(responses.POST, f"{URL}/validate", json={"statusCode": 403, "body": "no"})

    outcomes = [ask() for _ in range(15)]

    assert (outcomes, len(lcs_at.calls)) == (([LCSUnavailable] * 4 + [LCSRefused]) * 3, 15)


def test_the_breaker_closes_after_a_successful_call(lcs_at, clock):
    for _ in range(5):
        lcs_at.add(responses.POST, f"{URL}/validate", body=requests.ReadTimeout())
    lcs_at.add(responses.POST, f"{URL}/validate", json={"statusCode": 403, "body": "no"})
    assert [ask() for _ in range(6)] == [LCSUnavailable] * 6

    clock.seconds += transport.breaker.seconds

    assert [ask() for _ in range(3)] == [LCSRefused] * 3


def test_an_open_breaker_lets_nobody_through_before_its_seconds_are_over(clock):
    breaker = Breaker(failures=1, seconds=5)
    breaker.failed()

    clock.seconds += 4.99

    assert breaker.lets_through() is False


def test_after_its_seconds_one_call_is_let_through_and_the_others_wait(clock):
    breaker = Breaker(failures=1, seconds=5)
    breaker.failed()

    clock.seconds += 5

    assert [breaker.lets_through() for _ in range(3)] == [True, False, False]


def test_of_fifty_calls_at_once_one_is_let_through(at_once, clock):
    breaker = Breaker(failures=1, seconds=5)
    breaker.failed()
    clock.seconds += 5

    assert sum(at_once([breaker.lets_through] * 50)) == 1


def test_a_failed_attempt_keeps_the_breaker_open(clock):
    breaker = Breaker(failures=3, seconds=5)
    for _ in range(3):
        breaker.failed()
    clock.seconds += 5
    assert breaker.lets_through()
    clock.seconds += 4  # the look took a while

    breaker.failed()
    clock.seconds += 4

    assert breaker.lets_through() is False


def test_an_answer_that_is_too_large_is_still_an_answer(lcs_at, clock):
    for _ in range(5):
        lcs_at.add(responses.POST, f"{URL}/validate", body=requests.ReadTimeout())
    lcs_at.add(responses.POST, f"{URL}/validate", body=b"x" * (transport.MAX_ANSWER_BYTES + 1))
    lcs_at.add(responses.POST, f"{URL}/validate", json={"statusCode": 403, "body": "no"})
    assert [ask() for _ in range(6)] == [LCSUnavailable] * 6

    clock.seconds += transport.breaker.seconds

    assert [ask() for _ in range(2)] == [LCSUnavailable, LCSRefused]
