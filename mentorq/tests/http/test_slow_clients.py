"""Clients that send or read slowly hold few of the server's threads."""

import contextlib
import io
import json
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.test import Client
from django.test.client import FakePayload

from mentorq.http.bodies import AT_THE_DOOR, INSIDE, limit_bodies
from mentorq.tests.servers import SERVERS, STATIC, migrated, production, running

HALF_SENT = {
    "detail": "Too many requests are still being sent. Please try again in a moment.",
    "code": "service_unavailable",
}
SCRIPT = "drf_spectacular_sidecar/swagger-ui-dist/swagger-ui-bundle.js"
HEAD = "{} HTTP/1.1\r\nHost: mentorq.example\r\nX-Forwarded-Proto: https\r\n"
HALF = "Content-Type: {}\r\nContent-Length: 1000\r\n\r\n"
HALF_A_SIGN_IN = HEAD.format("POST /api/auth/token") + HALF.format("application/json") + '{"email": '
HALF_A_FORM = (
    HEAD.format("POST /admin/login/")
    + f"Referer: https://mentorq.example/\r\nCookie: csrftoken={'a' * 32}\r\n"
    + HALF.format("application/x-www-form-urlencoded")
    + "username="
)
MANY_SCRIPTS = (HEAD.format(f"GET {STATIC}{SCRIPT}") + "\r\n") * 20


class NeverSent(io.RawIOBase):
    """A body that does not come until the client leaves."""

    def __init__(self):
        self.waiting, self.left = threading.Semaphore(0), threading.Event()

    def read(self, size=-1):
        self.waiting.release()
        self.left.wait()
        return b""


@pytest.fixture
def read():
    """An application that reads its body, behind the limit."""

    def application(environ, start_response):
        return [environ["wsgi.input"].read(10), environ["wsgi.input"].readline()]

    limited = limit_bodies(application)
    environ = {"CONTENT_LENGTH": "1000", "wsgi.input": None}
    return lambda path, body: limited({**environ, "PATH_INFO": path, "wsgi.input": body}, None)


@pytest.fixture
def half_sent(read):
    """Let so many requests to that path wait for their bodies, for as long as the block runs."""

    @contextlib.contextmanager
    def waiting(path, count):
        body = NeverSent()
        with ThreadPoolExecutor(count) as pool:
            for _ in range(count):
                pool.submit(read, path, body)
            for _ in range(count):
                assert body.waiting.acquire(timeout=5)
            try:
                yield
            finally:
                body.left.set()

    return waiting


def test_a_body_that_is_there_is_read(read):
    assert read("/api/tickets/", io.BytesIO(b"0123456789rest\nmore")) == [b"0123456789", b"rest\n"]


@pytest.mark.parametrize(
    ("path", "places"), [("/api/auth/token/", 3), ("/admin/login/", 3), ("/api/tickets/", 4), ("/api/feedback/7/", 4)]
)
def test_a_few_requests_wait_for_their_bodies_and_the_next_one_is_refused(read, half_sent, path, places):
    with half_sent(path, places), pytest.raises(TimeoutError, match=r"^too many slow bodies$"):
        read(path, io.BytesIO(b"x"))

    assert read(path, io.BytesIO(b"x")) == [b"x", b""]


@pytest.mark.parametrize(
    ("half", "other"), [("/api/auth/refresh/", "/api/tickets/"), ("/api/tickets/", "/api/auth/token/")]
)
def test_the_door_and_the_inside_do_not_wait_for_each_other(read, half_sent, half, other):
    with half_sent(half, 3):
        assert read(other, io.BytesIO(b"x")) == [b"x", b""]


class Gunicorn:
    """What gunicorn gives to an application to start its answer with."""

    def __init__(self):
        self.must_close = False

    def start_response(self, status, headers, exc_info=None):
        self.headers = headers

    def force_close(self):
        self.must_close = True


GRANIAN = {"SERVER_SOFTWARE": "Granian", "SERVER_PROTOCOL": "HTTP/1.1"}
RUNSERVER = {"SERVER_SOFTWARE": "WSGIServer/0.2", "SERVER_PROTOCOL": "HTTP/1.1"}
CHUNKED = {"HTTP_TRANSFER_ENCODING": "chunked"}


@pytest.fixture
def answered():
    """The headers of an answer to a body, and whether gunicorn was told to close; `read` does what the view does."""

    def answer(read, **environ):
        def application(environ, start_response):
            read(environ["wsgi.input"])
            start_response("413 Too Large", [("X-Ours", "1")])
            return []

        server = Gunicorn()
        limit_bodies(application)({"wsgi.input": io.BytesIO(b"12345"), **environ}, server.start_response)
        return server.headers[1:], server.must_close

    return answer


CLOSED, OPEN = ([("Connection", "close")], True), ([], False)


@pytest.mark.parametrize(
    ("read", "environ", "expected"),
    [
        (lambda body: None, {"CONTENT_LENGTH": "5"}, CLOSED),
        (lambda body: body.read(4), {"CONTENT_LENGTH": "5"}, CLOSED),
        (lambda body: body.read(0), {"CONTENT_LENGTH": "5"}, CLOSED),
        (lambda body: None, {"CONTENT_LENGTH": "nonsense"}, CLOSED),
        (lambda body: None, CHUNKED, CLOSED),
        (lambda body: body.read(5), CHUNKED, CLOSED),
        (lambda body: (body.read(5), body.read(5)), CHUNKED, OPEN),
        (lambda body: body.read(5), {"CONTENT_LENGTH": "5"}, OPEN),
        (lambda body: (body.readline(3), body.readline()), {"CONTENT_LENGTH": "5"}, OPEN),
        (lambda body: None, {"CONTENT_LENGTH": "0"}, OPEN),
        (lambda body: None, {"CONTENT_LENGTH": ""}, OPEN),
        (lambda body: None, {}, OPEN),
    ],
)
def test_an_answer_before_the_whole_body_was_read_ends_the_connection(answered, read, environ, expected):
    assert answered(read, **GRANIAN, **environ) == expected


@pytest.mark.parametrize("server", [RUNSERVER, {**GRANIAN, "SERVER_PROTOCOL": "HTTP/2.0"}, {}])
def test_a_header_that_a_server_forbids_is_not_sent(answered, server):
    assert answered(lambda body: None, CONTENT_LENGTH="5", **server) == ([], True)


def test_a_server_says_that_it_closes_after_a_body_that_is_too_large(tmp_path):
    request = HEAD.format("POST /api/auth/token") + "Content-Type: application/json\r\nContent-Length: {0}\r\n\r\n"
    with running(SERVERS["granian"], **production(migrated(tmp_path))) as server:
        server.wait_until_ready()
        sizes = [257 * 1024, 1024 * 1024, 3 * 1024 * 1024] * 10

        answers = [server.say(request.format(size).encode() + b"x" * size).lower() for size in sizes]

    assert [(answer[:12], b"\r\nconnection: close\r\n" in answer) for answer in answers] == [(b"http/1.1 413", True)] * 30


def test_all_of_them_leave_a_worker_threads_for_the_queue():
    from mentorq_users.lcs.transport import MAX_CALLS  # noqa: PLC0415 - beside what it is added to

    assert AT_THE_DOOR._value + INSIDE._value + MAX_CALLS < 16


@pytest.mark.parametrize("path", ["/api/auth/token/", "/api/tickets/"])
def test_a_body_that_cannot_be_waited_for_is_503_in_json(path, ada, client_of, monkeypatch):
    def read(payload, *size):
        raise TimeoutError("too many slow bodies")

    monkeypatch.setattr(FakePayload, "read", read)

    response = client_of(ada).post(path, {"title": "It loops", "location": "Here"})

    assert (response.status_code, response.json(), response["Retry-After"]) == (503, HALF_SENT, "5")


def test_a_form_that_cannot_be_waited_for_is_refused(db, monkeypatch):
    def read(payload, *size):
        raise TimeoutError("too many slow bodies")

    client = Client(enforce_csrf_checks=True)
    client.get("/admin/login/")
    monkeypatch.setattr(FakePayload, "read", read)

    assert client.post("/admin/login/", {"username": "olga@example.edu", "password": "x"}).status_code == 403


def test_a_static_file_comes_whole_with_what_whitenoise_says_of_it(client):
    response = client.get(f"/static/{SCRIPT}")

    unchanged = client.get(f"/static/{SCRIPT}", headers={"If-Modified-Since": response["Last-Modified"]})
    part = client.get(f"/static/{SCRIPT}", headers={"Range": "bytes=10-19"})
    assert (response.status_code, response.streaming) == (200, False)
    assert response["Content-Type"] == 'text/javascript; charset="utf-8"'
    assert int(response["Content-Length"]) == len(response.content) > 1_000_000
    assert (unchanged.status_code, unchanged.content, "Content-Type" in unchanged) == (304, b"", False)
    assert (part.status_code, part.content) == (206, response.content[10:20])


@pytest.mark.parametrize("request_", [HALF_A_SIGN_IN, HALF_A_FORM, MANY_SCRIPTS], ids=["sign-in", "form", "readers"])
def test_sixty_slow_clients_do_not_keep_a_server_from_answering(tmp_path, request_):
    command = [*SERVERS["granian"], "--blocking-threads=16"]
    with running(command, **production(migrated(tmp_path))) as server, contextlib.ExitStack() as clients:
        server.wait_until_ready()
        for _ in range(60):
            slow = clients.enter_context(socket.socket())
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            slow.connect(("127.0.0.1", server.port))
            slow.sendall(request_.encode())

        statuses = [server.get(path)[0] for path in ("/healthz", "/api/tickets", "/healthz")]

        assert statuses == [200, 401, 200]
        assert json.loads(server.get("/healthz")[2]) == {"status": "ok"}
