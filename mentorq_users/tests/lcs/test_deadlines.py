"""The transport whose timeout is for a whole answer, over http and over https, and whose https is verified."""

import datetime
import time

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from mentorq_users.lcs.client import LCSClient, LCSUnavailable
from mentorq_users.lcs.transport import DeadlineAdapter
from mentorq_users.tests.lcs.wire import Wire

OK = b"HTTP/1.1 200 OK\r\n"
DRIPS = [
    (OK + b"Content-Length: 10000\r\n\r\n", b" "),
    (OK, b"X"),
    (OK, b"A: b\r\n"),
    (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A file with a certificate of localhost that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder(
        name, name, key.public_key(), x509.random_serial_number(), now, now + datetime.timedelta(1)
    )
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    file = tmp_path_factory.mktemp("tls") / "localhost.pem"
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(pem + builder.sign(key, SHA256()).public_bytes(Encoding.PEM))
    return str(file)


@pytest.fixture
def secure_wire(certificate, settings):
    """An LCS that speaks https with a certificate that nobody trusts."""
    server = Wire()
    server.speak_tls(certificate)
    settings.LCS_BASE_URL = server.url
    with server.serving():
        yield server


@pytest.fixture
def trusted(certificate, monkeypatch):
    """Trust that certificate as the ones that requests brings along."""
    monkeypatch.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", certificate)


def seconds_until_given_up(url: str) -> float:
    start = time.monotonic()
    with requests.Session() as session:
        session.trust_env = False
        session.mount("http://", DeadlineAdapter())
        session.mount("https://", DeadlineAdapter())
        with pytest.raises(requests.RequestException):
            session.post(url, json={}, timeout=0.3)
    return time.monotonic() - start


@pytest.mark.parametrize(("first", "drop"), DRIPS)
def test_a_dripping_answer_is_given_up_when_its_time_is_over(wire, first, drop):
    wire.answer = wire.drip(first, drop)

    assert 0.25 < seconds_until_given_up(wire.url) < 1


@pytest.mark.parametrize(("first", "drop"), DRIPS)
def test_a_dripping_answer_over_tls_too(secure_wire, trusted, first, drop):
    secure_wire.answer = secure_wire.drip(first, drop)

    assert 0.25 < seconds_until_given_up(secure_wire.url) < 1


def test_an_answer_in_time_is_whole(wire):
    wire.answer = [OK + b"Content-Length: 6\r\n\r\n", b"abc", b"def"]
    with requests.Session() as session:
        session.mount("http://", DeadlineAdapter())

        response = session.post(wire.url, json={}, timeout=2)

    assert response.content == b"abcdef"


def test_several_answers_on_one_connection_have_a_deadline_each(lcs):
    with requests.Session() as session:
        session.mount("http://", DeadlineAdapter())

        statuses = [session.post(f"{lcs.url}/validate", json={}, timeout=2).status_code for _ in range(3)]

    assert statuses == [200, 200, 200]


def test_lcs_is_asked_over_tls(secure_wire, trusted):
    assert LCSClient().validate("ada@example.edu", "a-token").email == "ada@example.edu"


def test_a_certificate_that_nobody_vouches_for_is_told_nothing(secure_wire):
    with pytest.raises(LCSUnavailable, match=r"^/authorize: SSLError$"):
        LCSClient().authorize("ada@example.edu", "hackru")

    assert secure_wire.asked == []


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_a_ca_bundle_from_the_environment_is_not_believed(secure_wire, certificate, monkeypatch, variable):
    monkeypatch.setenv(variable, certificate)

    with pytest.raises(LCSUnavailable, match=r"^/authorize: SSLError$"):
        LCSClient().authorize("ada@example.edu", "hackru")


def test_a_certificate_for_another_host_is_told_nothing(secure_wire, trusted, settings):
    settings.LCS_BASE_URL = secure_wire.url.replace("localhost", "127.0.0.1")

    with pytest.raises(LCSUnavailable, match=r"^/authorize: SSLError$"):
        LCSClient().authorize("ada@example.edu", "hackru")
