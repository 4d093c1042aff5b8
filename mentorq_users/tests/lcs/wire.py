"""A server that says word for word what a test gives it, over http or https, and keeps what it was asked."""

import json
import socketserver
import threading
from collections.abc import Iterable, Iterator
from typing import Any

from mentorq.tests.certificates import Certificates
from mentorq_users.lcs.standin import ServingMixin

PROFILE = {"email": "ada@example.edu", "first_name": "Ada", "last_name": "Lovelace", "role": {"hacker": True}}


def answer(body: Any = PROFILE, *headers: bytes, status: int = 200, http: bytes = b"200 OK") -> bytes:
    """A whole HTTP answer with LCS's envelope in it."""
    return raw(json.dumps({"statusCode": status, "body": body}).encode(), *headers, http=http)


def raw(content: bytes, *headers: bytes, http: bytes = b"200 OK") -> bytes:
    """A whole HTTP answer with that content."""
    length = b"Content-Length: %d" % len(content)
    return b"\r\n".join([b"HTTP/1.1 " + http, length, b"Connection: close", *headers, b"", content])


class Wire(ServingMixin, socketserver.ThreadingTCPServer):
    """Answers every request with `answer`, at once or piece by piece; `asked` are the requests as they came."""

    daemon_threads = True
    block_on_close = False
    scheme = "http"

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answer: bytes | Iterable[bytes] = answer()
        self.asked: list[bytes] = []
        self.stopped = threading.Event()

    @property
    def url(self) -> str:
        """What LCS_BASE_URL may be."""
        return f"{self.scheme}://localhost:{self.server_address[1]}/dev"

    def speak_tls(self, certificates: Certificates) -> None:
        self.socket = certificates.secure(self.socket)
        self.scheme = "https"

    def drip(self, first: bytes, drop: bytes) -> Iterator[bytes]:
        """Pieces that go on until the client leaves, one every 50 ms."""
        yield first
        while not self.stopped.wait(0.05):
            yield drop


class Handler(socketserver.StreamRequestHandler):
    """Reads one request, says the answer, hangs up."""

    server: Wire

    def handle(self) -> None:
        head = b"".join(iter(self.rfile.readline, b"\r\n"))
        length = next(line for line in head.splitlines() if line.lower().startswith(b"content-length:"))
        self.server.asked.append(head + b"\r\n" + self.rfile.read(int(length.partition(b":")[2])))
        said = self.server.answer
        try:
            for piece in [said] if isinstance(said, bytes) else said:
                self.wfile.write(piece)
        except OSError:
            pass  # the client left, as it should
