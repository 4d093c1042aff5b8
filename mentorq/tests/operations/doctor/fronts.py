"""The server behind a proxy that speaks TLS, in this process; its `faults` are what operators get wrong in a proxy."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from io import BytesIO
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from django.core.handlers.wsgi import WSGIHandler
from django.db import connections

from mentorq.tests.certificates import Certificates
from mentorq_users.lcs.standin import ServingMixin

STREAM = b"retry: 1000\nid: queue-1\n\n"
HTML = [("Content-Type", "text/html")]


class Front(ServingMixin, ThreadingMixIn, WSGIServer):
    """A proxy and its server, at https://localhost:server_port. `faults` holds names that `application` knows."""

    daemon_threads = True

    def __init__(self, files: Certificates) -> None:
        super().__init__(("127.0.0.1", 0), Quiet)
        self.socket = files.secure(self.socket)
        self.faults: set[str] = set()
        self.stopped = threading.Event()
        self.asked: list[str] = []
        self.start_server()

    def start_server(self) -> None:
        """Start the server behind the proxy, also anew: its middlewares read some settings only then."""
        self.set_app(partial(application, self, WSGIHandler()))

    def handle_error(self, *args):
        """A client that leaves is none."""


class Quiet(WSGIRequestHandler):
    def log_message(self, *args):
        """Say nothing."""


def application(front, django, environ, start_response):
    front.asked.append(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}")
    environ["wsgi.input"] = BytesIO(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))
    if environ["PATH_INFO"] == "/api/live/" and "not routed" not in front.faults:
        return live(front, start_response)
    if "small bodies" in front.faults and int(environ.get("CONTENT_LENGTH") or 0) > 100_000:
        start_response("413 Request Entity Too Large", HTML)
        return [b"<html>"]
    if "odd" in front.faults:
        start_response("301 Moved Permanently", [("Location", "https://[::1/"), ("Content-Type", "application/json")])
        return [b'{"doctor": {"forwarded": 7}}']
    if "down" in front.faults:
        start_response("502 Bad Gateway", HTML)
        return [b"<html>"]
    forward(front.faults, environ)
    try:
        return [b"".join(django(environ, partial(answer, front.faults, start_response)))]
    finally:
        connections.close_all()


def forward(faults, environ):
    """Change the request as a proxy does."""
    environ["wsgi.url_scheme"] = "http"  # between proxy and server
    if "no proto" not in faults:
        environ["HTTP_X_FORWARDED_PROTO"] = "https"
    if "no address" not in faults:
        before = environ.get("HTTP_X_FORWARDED_FOR", "")
        environ["HTTP_X_FORWARDED_FOR"] = f"{before}, 192.0.2.1".lstrip(", ")
    if "no port" in faults:
        environ["HTTP_HOST"] = environ["HTTP_HOST"].partition(":")[0]
    if "no host" in faults:
        environ["HTTP_HOST"] = "upstream"


def answer(faults, start_response, status, headers, *exc_info):
    if "no CORS" in faults:
        headers = [(name, value) for name, value in headers if not name.lower().startswith("access-control")]
    return start_response(status, headers, *exc_info)


def live(front, start_response):
    start_response("200 OK", [("Content-Type", "text/event-stream")])
    if "buffers" in front.faults:
        front.stopped.wait(30)
    yield STREAM
    front.stopped.wait(30)


@contextmanager
def on_plain_http(answer_bytes: bytes) -> Iterator[str]:
    """Yield the URL of something that answers these bytes to one request, without TLS."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def once():
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(answer_bytes)

        thread = threading.Thread(target=once, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/api/"
        thread.join()
