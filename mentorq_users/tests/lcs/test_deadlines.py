"""The transport whose timeout is for a whole answer, over http and over https, and whose https is verified."""

import socket
import time
from typing import Any

import pytest
import requests

from mentorq.tests.certificates import Certificates
from mentorq_users.lcs import transport
from mentorq_users.lcs.client import LCSClient
from mentorq_users.lcs.exceptions import LCSUnavailable
from mentorq_users.tests.lcs.wire import Wire

OK = b"HTTP/1.1 200 OK\r\n"
DRIPS = [
    (OK + b"Content-Length: 10000\r\n\r\n", b" "),
    (OK, b"X"),
    (OK, b"A: b\r\n"),
    (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
]


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def secure_wire(certificates, settings):
    """An LCS that speaks https with a certificate that nobody trusts."""
    server = Wire()
    server.speak_tls(certificates)
    settings.LCS_BASE_URL = server.url
    with server.serving():
        yield server


@pytest.fixture
def trusted(certificates, monkeypatch):
    """Trust that certificate as the ones that requests brings along."""
    monkeypatch.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", str(certificates.ca))


def is_given_up_in_time(settings: Any) -> None:
    settings.LCS_TIMEOUT = 0.15
    start = time.monotonic()

    with pytest.raises(LCSUnavailable):
        LCSClient().validate("ada@example.edu", "a-token")

    assert 0.14 < time.monotonic() - start < 3
    with transport.slots.changed:  # the thread of the call has ended, too
        assert transport.slots.changed.wait_for(lambda: transport.slots.held == [], timeout=1)


@pytest.mark.parametrize(("first", "drop"), DRIPS)
def test_a_dripping_answer_is_given_up_when_its_time_is_over(wire, settings, first, drop):
    wire.answer = wire.drip(first, drop)

    is_given_up_in_time(settings)


@pytest.mark.parametrize(("first", "drop"), DRIPS)
def test_a_dripping_answer_over_tls_is_given_up_when_its_time_is_over(secure_wire, trusted, settings, first, drop):
    secure_wire.answer = secure_wire.drip(first, drop)

    is_given_up_in_time(settings)


def test_a_connection_that_opens_after_the_deadline_is_closed_at_once(wire):
    wire.answer = wire.drip(OK, b"X")
    adapter = transport.AbortableAdapter()
    adapter.abort()

    with requests.Session() as session:
        session.mount("http://", adapter)
        with pytest.raises(requests.ConnectionError):
            session.post(wire.url, json={}, timeout=5)


def test_lcs_is_asked_over_tls(secure_wire, trusted):
    assert LCSClient().validate("ada@example.edu", "a-token").email == "ada@example.edu"


def test_a_certificate_that_nobody_vouches_for_is_told_nothing(secure_wire):
    with pytest.raises(LCSUnavailable, match=r"^/authorize: SSLError$"):
        LCSClient().authorize("ada@example.edu", "hackru")

    assert secure_wire.asked == []


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_a_ca_bundle_from_the_environment_is_not_believed(secure_wire, certificates, monkeypatch, variable):
    monkeypatch.setenv(variable, str(certificates.ca))

    with pytest.raises(LCSUnavailable, match=r"^/authorize: SSLError$"):
        LCSClient().authorize("ada@example.edu", "hackru")


def test_a_certificate_for_another_host_is_told_nothing(secure_wire, trusted, settings, monkeypatch):
    find = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *args, **kwargs: find("localhost", *args, **kwargs))
    settings.LCS_BASE_URL = secure_wire.url.replace("localhost", "lcs.example")

    with pytest.raises(LCSUnavailable, match=r"^/authorize: SSLError$"):
        LCSClient().authorize("ada@example.edu", "hackru")
