"""What goes over the wire to LCS and back, byte by byte: nothing is followed, carried over, or read without end."""

import gzip
import json

import pytest

from mentorq_users.lcs.client import LCSClient, LCSProfile
from mentorq_users.lcs.exceptions import LCSUnavailable
from mentorq_users.lcs.transport import MAX_ANSWER_BYTES
from mentorq_users.tests.lcs.wire import PROFILE, answer, raw

ADA = LCSProfile("ada@example.edu", "Ada", "Lovelace", frozenset({"hacker"}))


@pytest.fixture(autouse=True)
def deadline(settings):
    settings.LCS_TIMEOUT = 2


def validate() -> LCSProfile:
    return LCSClient().validate("ada@example.edu", "a-token")


def test_a_call_is_one_post_of_json(wire):
    validate()

    head, _, body = wire.asked[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /dev/validate HTTP/1.1\r\n")
    assert b"\r\nContent-Type: application/json" in head
    assert json.loads(body) == {"email": "ada@example.edu", "token": "a-token"}


@pytest.mark.parametrize("http", [b"301 x", b"302 x", b"303 x", b"307 x", b"308 x"])
def test_a_redirect_is_not_followed_so_that_the_password_is_sent_once(wire, http):
    wire.answer = raw(b"", b"Location: /dev/elsewhere", http=http)

    with pytest.raises(LCSUnavailable):
        LCSClient().authorize("ada@example.edu", "hackru")

    assert len(wire.asked) == 1


@pytest.mark.parametrize("location", [b"http://[", b"//", b"http://x:y/", b"\xff\xfe", b"", b"mailto:ada"])
def test_a_redirect_to_nonsense_means_unavailable(wire, location):
    wire.answer = raw(b"", b"Location: " + location, http=b"307 Temporary Redirect")

    with pytest.raises(LCSUnavailable):
        validate()


def test_the_content_of_a_redirect_is_not_read_without_end(wire):
    sent = []

    def pieces():
        yield b"HTTP/1.1 307 x\r\nLocation: /dev/elsewhere\r\n\r\n"
        for _ in range(50):
            sent.append(1024 * 1024)
            yield b" " * 1024 * 1024

    wire.answer = pieces()

    with pytest.raises(LCSUnavailable):
        validate()

    assert sum(sent) < 20 * MAX_ANSWER_BYTES


def test_no_proxy_from_the_environment_sees_a_password(wire, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)

    assert validate() == ADA


def test_no_netrc_adds_a_header_of_its_own(wire, monkeypatch, tmp_path):
    (tmp_path / "netrc").write_text("machine localhost login somebody password else\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))

    validate()

    assert b"authorization" not in wire.asked[0].lower()


def test_a_cookie_of_one_call_is_not_sent_with_the_next(wire):
    wire.answer = answer(PROFILE, b"Set-Cookie: session=ada; Path=/")

    validate()
    validate()

    assert [b"cookie" in request.lower() for request in wire.asked] == [False, False]


def test_a_connection_that_lcs_closed_meanwhile_is_not_used_again(wire):
    wire.answer = answer().replace(b"Connection: close", b"Connection: keep-alive")

    assert [validate(), validate(), validate()] == [ADA, ADA, ADA]


@pytest.mark.parametrize(("size", "fits"), [(MAX_ANSWER_BYTES, True), (MAX_ANSWER_BYTES + 1, False)])
def test_an_answer_is_read_up_to_a_size(wire, size, fits):
    wire.answer = raw(json.dumps({"statusCode": 200, "body": PROFILE}).encode().ljust(size))

    if fits:
        assert validate() == ADA
    else:
        with pytest.raises(LCSUnavailable, match=r"^/validate: an answer too large$"):
            validate()


def test_a_small_answer_that_unpacks_to_a_huge_one_is_too_large(wire):
    wire.answer = raw(gzip.compress(b" " * 100 * 1024 * 1024), b"Content-Encoding: gzip")

    with pytest.raises(LCSUnavailable, match=r"^/validate: an answer too large$"):
        validate()


@pytest.mark.parametrize(
    "wire_text",
    [
        b"",
        b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00",
        b"220 mail.test ESMTP\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 1000 + b"\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"A" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 10_000,
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"f" * 10_000,
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip, gzip, gzip, gzip, gzip, gzip, gzip\r\n\r\nhello",
        raw(b'{"statusCode": 1e999}'),
        raw(b'{"statusCode": ' + b"9" * 10_000 + b"}"),
        raw(b'{"statusCode": NaN}'),
        raw(b'{"statusCode": 200, "body": "\xff"}'),
        raw(b"\xff\xfe\x00"),
        raw(b'{"a":' * 100_000),
    ],
    ids=lambda wire_text: repr(wire_text[:40]),
)
def test_nonsense_on_the_wire_means_unavailable(wire, wire_text):
    wire.answer = wire_text

    with pytest.raises(LCSUnavailable):
        validate()


def test_an_answer_that_is_cut_off_means_unavailable_though_what_came_is_json(wire):
    wire.answer = answer().replace(b"Content-Length: ", b"Content-Length: 9")

    with pytest.raises(LCSUnavailable):
        validate()


def test_an_answer_in_chunks_is_put_together(wire):
    content = json.dumps({"statusCode": 200, "body": PROFILE}).encode()
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in content)
    wire.answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"

    assert validate() == ADA
