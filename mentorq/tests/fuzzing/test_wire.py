"""What only a real server meets: chunks, lengths that lie, clients that leave. No write is half done or silently none.

What a server itself refuses, before MentorQ is asked, it refuses in its own words: only the status is held to.
"""

import contextlib
import http.client
import json
import os
import socket
import subprocess
import sys

import pytest
from h2.connection import H2Connection
from h2.events import DataReceived, ResponseReceived, StreamEnded

from mentorq.tests.servers import BASE_DIR, SERVERS, migrated, running

HOST = "mentorq.example"
PRODUCTION = {"SECRET_KEY": "asked-on-loopback-for-a-minute-and-forgotten-with-its-database", "ALLOWED_HOSTS": HOST}
CLOSE = b'{"status": "CLOSED"}'
LENGTH_REQUIRED = {"detail": "Send the body with its Content-Length, not in chunks.", "code": "length_required"}


def chunked(body):
    """The body as HTTP/1.1 sends it whose length it does not know."""
    return b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)


class Desk:
    """A running server, a mentor's token, and a ticket that waits for them."""

    def __init__(self, server, token, ticket):
        self.server, self.token, self.path = server, token, f"/api/tickets/{ticket}/"

    def send(self, request_line, body=b"", *, leave=False, **headers):
        """Send these bytes, and leave if so told; return the answer's status, 0 without one, and its JSON."""
        lines = [request_line, *(f"{name.replace('_', '-')}: {value}" for name, value in self.headers(headers).items())]
        with socket.create_connection(("127.0.0.1", self.server.port), timeout=10) as connection:
            connection.sendall("\r\n".join([*lines, "", ""]).encode() + body)
            if leave:
                connection.shutdown(socket.SHUT_WR)
            answer = b"".join(iter(lambda: connection.recv(65536), b""))
        head, _, content = answer.partition(b"\r\n\r\n")
        if not head:
            return 0, None
        start, end = content.find(b"{"), content.rfind(b"}") + 1  # it may come in chunks itself
        return int(head.split()[1]), json.loads(content[start:end]) if b"application/json" in head else None

    def headers(self, more):
        return {
            "Host": HOST,
            "X-Forwarded-Proto": "https",
            "Authorization": f"Bearer {self.token}",
            "Content-Type": "application/json",
            "Connection": "close",
            **more,
        }

    def patch(self, body=CLOSE, **headers):
        return self.send(f"PATCH {self.path} HTTP/1.1", body, **headers)

    @property
    def status(self):
        """The ticket's status now."""
        return self.send(f"GET {self.path} HTTP/1.1")[1]["status"]


@pytest.fixture(scope="module", params=SERVERS)
def serving(request, tmp_path_factory):
    """Each server in turn, on a SQLite file of its own."""
    environment = {"DATABASE_URL": migrated(str(tmp_path_factory.mktemp("wire"))), **PRODUCTION}
    prepare = [sys.executable, "-m", "mentorq.tests.bench.inside", "claims", "1", "80"]
    made = json.loads(
        subprocess.run(prepare, cwd=BASE_DIR, env={**os.environ, **environment}, check=True, capture_output=True).stdout
    )
    with running(SERVERS[request.param], **environment) as server:
        server.wait_until_ready()
        yield server, made["mentors"][0], iter(made["tickets"])


@pytest.fixture
def desk(serving):
    server, token, tickets = serving
    return Desk(server, token, next(tickets))


def test_a_body_with_its_length_does_what_it_says(desk):
    status, shown = desk.patch(Content_Length=len(CLOSE))

    assert (status, shown["status"]) == (200, "CLOSED")


@pytest.mark.parametrize("coding", ["chunked", "Chunked", "gzip, chunked"])
def test_a_body_in_chunks_is_refused_and_does_nothing(desk, coding):
    assert desk.patch(chunked(CLOSE), Transfer_Encoding=coding) == (411, LENGTH_REQUIRED)
    assert desk.status == "OPEN"


@pytest.mark.parametrize("body", [CLOSE, chunked(CLOSE)])
@pytest.mark.parametrize("length", [len(CLOSE), 0])
def test_a_body_with_two_lengths_is_refused_and_does_nothing(desk, body, length):
    status, _ = desk.patch(body, Transfer_Encoding="chunked", Content_Length=length)

    assert status in {400, 411}
    assert desk.status == "OPEN"


@pytest.mark.parametrize("length", ["-1", "abc", "1e3", "+20", "20, 3", 10**30])
def test_a_length_that_is_none_is_refused_and_does_nothing(desk, length):
    status, _ = desk.patch(Content_Length=length)

    assert status in {400, 413}
    assert desk.status == "OPEN"


def test_a_good_body_of_which_more_was_promised_does_nothing(desk):
    status, _ = desk.patch(Content_Length=len(CLOSE) + 1, leave=True)

    assert status in {0, 400}  # who has left does not always hear it
    assert desk.status == "OPEN"


def test_a_body_longer_than_its_length_ends_there_and_the_rest_is_no_other_request(desk):
    second = f"PATCH {desk.path} HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {len(CLOSE)}\r\n\r\n".encode() + CLOSE

    status, answer = desk.patch(b"{" + second, Content_Length=1)

    assert (status, answer["code"]) == (400, "parse_error")
    assert desk.status == "OPEN"


def test_a_body_that_would_be_too_large_is_413_in_json_before_it_has_come(desk):
    expected = {"detail": "The body is too large.", "code": "too_large"}
    assert desk.patch(Content_Length=len(CLOSE) + 400_000) == (413, expected)
    assert desk.status == "OPEN"


UNREAD = {
    "too large": ("/api/auth/token", 413, {}),
    "not signed in": ("/api/tickets/", 401, {}),
    "of no path": ("/api/nope", 404, {}),
    "of a form": ("/admin/login/", 403, {}),
    "in chunks": ("/api/auth/token", 411, {"Transfer_Encoding": "chunked"}),
}


@pytest.mark.parametrize("kind", UNREAD)
@pytest.mark.parametrize("size", [1, 300, 20_000, 257 * 1024, 1024 * 1024, 5 * 1024 * 1024])
def test_an_answer_before_the_body_was_read_says_close_or_the_connection_goes_on(desk, kind, size):
    path, refusal, headers = UNREAD[kind]
    expected = 400 if kind == "too large" and size < 256 * 1024 else refusal

    outcomes = [kept_connection(desk, path, b"x" * size, headers) for _ in range(25)]

    assert [(status, after in {"close", 200}) for status, after in outcomes] == [(expected, True)] * 25


def kept_connection(desk, path, body, headers):
    """Send a body and then a good request on one connection; return both statuses, or "close" if it was announced."""
    sent = {**desk.headers({}), "Connection": "keep-alive", "Authorization": "", "Content-Length": str(len(body))}
    if headers:
        body, sent = chunked(body), {**sent, "Transfer-Encoding": "chunked"}
        del sent["Content-Length"]
    connection = http.client.HTTPConnection("127.0.0.1", desk.server.port, timeout=10)
    with contextlib.closing(connection):
        connection.putrequest("POST", path, skip_host=True, skip_accept_encoding=True)
        for name, value in sent.items():
            connection.putheader(name, value)
        connection.endheaders()
        with contextlib.suppress(OSError):  # the server may have answered already
            connection.send(body)
        first = connection.getresponse()
        first.read()
        if first.headers.get("Connection", "").lower() == "close":
            return first.status, "close"
        connection.auto_open = 0  # no other connection instead
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection.request("GET", "/healthz", headers={"Host": HOST})
            return first.status, connection.getresponse().status
        return first.status, "lost"


@pytest.mark.parametrize("method", ["BREW", "TRACE", "DELETE", "PUT"])
def test_another_method_is_405_in_json(desk, method):
    status, answer = desk.send(f"{method} {desk.path} HTTP/1.1")

    assert (status, answer["code"]) == (405, "method_not_allowed")


def test_a_method_in_lower_case_does_what_it_says_or_is_refused(desk):
    status, _ = desk.send(f"patch {desk.path} HTTP/1.1", CLOSE, Content_Length=len(CLOSE))

    assert (status, desk.status) in {(200, "CLOSED"), (400, "OPEN")}  # granian, gunicorn


def patch_over_http_2(desk, **more):
    """Send CLOSE on a stream of its own, with no length unless `more` tells it; return the answer's status and JSON."""
    fields = {":method": "PATCH", ":scheme": "http", ":authority": HOST, ":path": desk.path, **desk.headers(more)}
    del fields["Host"], fields["Connection"]
    http2, events = H2Connection(), []
    http2.initiate_connection()
    http2.send_headers(1, [(name.lower().replace("_", "-"), str(value)) for name, value in fields.items()])
    http2.send_data(1, CLOSE, end_stream=True)
    with socket.create_connection(("127.0.0.1", desk.server.port), timeout=10) as connection:
        connection.sendall(http2.data_to_send())
        for received in iter(lambda: connection.recv(65536), b""):
            events += http2.receive_data(received)
            if any(isinstance(event, StreamEnded) for event in events):
                break
    [response] = [dict(event.headers) for event in events if isinstance(event, ResponseReceived)]
    return int(response[b":status"]), json.loads(b"".join(part.data for part in events if isinstance(part, DataReceived)))


@pytest.mark.parametrize("serving", ["granian"], indirect=True)  # gunicorn speaks HTTP/1 alone
def test_a_body_with_its_length_over_http_2_does_what_it_says(desk):
    status, shown = patch_over_http_2(desk, Content_Length=len(CLOSE))

    assert (status, shown["status"]) == (200, "CLOSED")


@pytest.mark.parametrize("serving", ["granian"], indirect=True)
def test_a_body_without_its_length_over_http_2_is_refused_and_does_nothing(desk):
    assert patch_over_http_2(desk) == (411, LENGTH_REQUIRED)
    assert desk.status == "OPEN"
