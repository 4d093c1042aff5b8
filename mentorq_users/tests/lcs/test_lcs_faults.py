"""Every known way in which LCS fails: always LCSUnavailable, always in time, and no secret in errors and logs."""

import logging
import socket
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor

import pytest

from mentorq_users.lcs import standin
from mentorq_users.lcs.client import LCSClient
from mentorq_users.lcs.exceptions import LCSRefused, LCSUnavailable
from mentorq_users.lcs.faults import FAULTS
from mentorq_users.lcs.transport import breaker

SECRET = "t0p-secret"
# A profile's faults leave an answer of /authorize good: it holds no profile.
AUTHORIZE_FAULTS = [name for name in FAULTS if not name.startswith(("email", "no-", "role"))]
DEADLINE = 0.5  # seconds, in which a busy machine begins to answer
MARGIN = 3.0  # seconds that a busy machine may need on top of the deadline


@pytest.fixture(autouse=True)
def deadline(settings):
    settings.LCS_TIMEOUT = DEADLINE


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_every_fault_means_unavailable_within_the_deadline(lcs, fault):
    token = lcs.sign_in("ada@example.edu")
    lcs.fault = fault
    start = time.monotonic()

    with pytest.raises(LCSUnavailable):
        LCSClient().validate("ada@example.edu", token)

    assert time.monotonic() - start < DEADLINE + MARGIN
    assert len(lcs.calls) == 1


def everything_said(error: BaseException, log: str) -> str:
    return log + "".join(traceback.format_exception(error))


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_no_error_and_no_log_holds_the_token(lcs, fault, caplog):
    caplog.set_level(logging.DEBUG)
    lcs.owners[SECRET] = "ada@example.edu"
    lcs.fault = fault

    with pytest.raises(LCSUnavailable) as error:
        LCSClient().validate("ada@example.edu", SECRET)

    assert SECRET not in everything_said(error.value, caplog.text)


@pytest.mark.parametrize("fault", sorted(AUTHORIZE_FAULTS))
def test_no_error_and_no_log_holds_the_password(lcs, fault, caplog, monkeypatch):
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr(standin, "PASSWORD", SECRET)
    lcs.fault = fault

    with pytest.raises(LCSUnavailable) as error:
        LCSClient().authorize("ada@example.edu", SECRET)

    assert SECRET not in everything_said(error.value, caplog.text)


def test_a_refusal_is_no_news_for_the_log_and_holds_no_password(lcs, caplog):
    with pytest.raises(LCSRefused) as error:
        LCSClient().authorize("ada@example.edu", SECRET)

    assert caplog.record_tuples == []
    assert SECRET not in everything_said(error.value, "")


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("crashed", "HTTP 200 without an envelope"),
        ("gateway", "HTTP 403 without an envelope"),
        ("status-503", "HTTP 200, status 503"),
        ("html", "not JSON"),
        ("huge", "an answer too large"),
        ("no-email", "a profile without a valid e-mail"),
        ("hanging", "ReadTimeout"),
    ],
)
def test_the_log_says_what_was_wrong(lcs, settings, fault, reason, caplog):
    settings.LCS_TIMEOUT = DEADLINE if fault == "hanging" else 5
    token = lcs.sign_in("ada@example.edu")
    lcs.fault = fault

    with pytest.raises(LCSUnavailable) as error:
        LCSClient().validate("ada@example.edu", token)

    assert str(error.value) in (f"/validate: {reason}", "/validate: TimeoutError")
    assert caplog.record_tuples == [
        (
            "mentorq_users.lcs.client",
            logging.WARNING,
            f"LCS {str(error.value).replace(':', ' is unavailable:')} ({lcs.url})",
        )
    ]


def test_nobody_listening_means_unavailable(settings):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, so that nobody else has it, but not listening
        settings.LCS_BASE_URL = f"http://127.0.0.1:{taken.getsockname()[1]}/dev"

        with pytest.raises(LCSUnavailable, match=r"^/validate: ConnectionError$"):
            LCSClient().validate("ada@example.edu", "a-token")


@pytest.mark.parametrize("url", ["", "lcs", "ftp://lcs.test/dev", "http://", "http://[", "http://lcs.test:99999/dev"])
def test_a_base_url_that_is_none_means_unavailable(settings, url):
    settings.LCS_BASE_URL = url

    with pytest.raises(LCSUnavailable):
        LCSClient().validate("ada@example.edu", "a-token")


def test_a_name_server_that_hangs_holds_nobody_beyond_the_deadline(settings, monkeypatch):
    settings.LCS_BASE_URL = "http://lcs.test/dev"
    found = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: found.wait(10) and [])
    start = time.monotonic()

    with pytest.raises(LCSUnavailable, match=r"^/validate: TimeoutError$"):
        LCSClient().validate("ada@example.edu", "a-token")
    elapsed = time.monotonic() - start
    found.set()

    assert elapsed < DEADLINE + MARGIN


@pytest.mark.parametrize("fault", ["hanging", "dripping-body", "dripping-headers"])
def test_more_callers_than_threads_all_end_in_time_and_lcs_is_usable_soon_after(lcs, settings, monkeypatch, fault):
    monkeypatch.setattr(breaker, "seconds", 0.2)
    token = lcs.sign_in("ada@example.edu")
    lcs.fault = fault

    def ends_after() -> float:
        start = time.monotonic()
        with pytest.raises(LCSUnavailable):
            LCSClient().validate("ada@example.edu", token)
        return time.monotonic() - start

    with ThreadPoolExecutor(24) as pool:
        slowest = max(future.result() for future in [pool.submit(ends_after) for _ in range(24)])
    lcs.fault = ""
    settings.LCS_TIMEOUT = 1.5
    time.sleep(0.25)

    assert slowest < DEADLINE + MARGIN
    assert LCSClient().validate("ada@example.edu", token).email == "ada@example.edu"
