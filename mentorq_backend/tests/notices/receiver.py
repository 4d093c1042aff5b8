"""A receiver of webhooks over real HTTP, which can fail in many ways."""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple, cast

Fault = Callable[[BaseHTTPRequestHandler], None]


class Received(NamedTuple):
    """One request: its path, headers and body, and when it arrived."""

    path: str
    headers: dict[str, str]
    body: bytes
    at: float

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def answers(status: int, body: bytes = b"ok", **headers: str) -> Fault:
    """Answer so; in names of headers `_` stands for `-`."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        if status == 200:
            cast("Any", request.server).taken[request.headers["webhook-id"]] += 1
        request.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            request.send_header(name.replace("_", "-"), value)
        request.end_headers()
        request.wfile.write(body)

    return answer


def hangs(seconds: float) -> Fault:
    """Answer only after so many seconds."""

    def hang(request: BaseHTTPRequestHandler) -> None:
        time.sleep(seconds)
        answers(200)(request)

    return hang


def drips(request: BaseHTTPRequestHandler) -> None:
    """Send a header a byte at a time, for much longer than anybody waits."""
    request.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
    for _ in range(600):
        request.wfile.write(b"x")
        time.sleep(0.1)


def says(text: bytes) -> Fault:
    """Send exactly this."""
    return lambda request: cast("None", request.wfile.write(text))


def breaks_off(request: BaseHTTPRequestHandler) -> None:
    """Promise more than there is."""
    request.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")


class Receiver:
    """Keeps what it receives. `fault` says how it answers; `taken` counts by id what it answered with 200."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.taken: Counter[str] = Counter()
        self.fault: Fault = answers(200)
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                body = self.rfile.read(length)
                if len(body) < length:
                    return  # its sender was killed in the midst of it: a server hands on no half request
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver.received.append(Received(self.path, headers, body, time.time()))
                receiver.fault(self)

            def log_message(self, *args: Any) -> None:
                """Say nothing."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            block_on_close = False
            request_queue_size = 100

            def handle_error(self, *args: Any) -> None:
                """A client that gave up is no error here."""

        self.server = Server(("127.0.0.1", 0), Handler)
        cast("Any", self.server).taken = self.taken
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/services/T0123456/B0123456/only-here-X"

    @contextmanager
    def serving(self) -> Iterator["Receiver"]:
        thread = threading.Thread(target=self.server.serve_forever, args=[0.05], daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.server.shutdown()
            self.server.server_close()
