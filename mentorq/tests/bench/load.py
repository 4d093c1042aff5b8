"""Asking a server of this machine over and over, as cheaply as Python can, so that it is the server that is measured."""

import socket
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice

HOST = "mentorq.example"


class Client:
    """One connection, kept until the server says that it closes it."""

    def __init__(self, port: int, patience: float = 30) -> None:
        self.port, self.patience = port, patience
        self._connect()

    def _connect(self) -> None:
        self.socket = socket.create_connection(("127.0.0.1", self.port), timeout=self.patience)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.is_over = False

    def close(self) -> None:
        """Hang up."""
        self.socket.close()

    def ask(self, request: bytes) -> tuple[bytes, bytes]:
        """Return head and body of the answer; raises ConnectionError where the server hangs up."""
        head, length, part = self._begin(request)
        parts, missing = [part], length - len(part)
        while missing > 0:
            parts.append(more := self._more())
            missing -= len(more)
        return head, b"".join(parts)

    def skim(self, request: bytes) -> tuple[bytes, int, bytes]:
        """Return head, length and last byte of an answer that is too large to keep; raises as `ask` does."""
        head, length, part = self._begin(request)
        count, last = len(part), part[-1:]
        while count < length:
            more = self._more()
            count, last = count + len(more), more[-1:]
        return head, count, last

    def _begin(self, request: bytes) -> tuple[bytes, int, bytes]:
        """Return the answer's head, how long the body is to be, and as much of it as came with the head."""
        if self.is_over:
            self.close()
            self._connect()
        self.socket.sendall(request)
        data = b""
        while b"\r\n\r\n" not in data:
            data += self._more()
        head, _, part = data.partition(b"\r\n\r\n")
        self.is_over = header(head, b"connection") == b"close"
        return head, int(header(head, b"content-length") or 0), part

    def expect(self, request: bytes, status: int) -> bytes:
        """Return the answer's head; raises AssertionError for another status (0: for a 5xx): a quick error is no figure."""
        head, body = self.ask(request)
        answered = int(head[9:12])
        if answered != status and (status or answered >= 500):
            raise AssertionError(f"{status} was expected:\n{request!r}\n{head!r}\n{body[:500]!r}")
        return head

    def _more(self) -> bytes:
        more = self.socket.recv(262_144)
        if not more:
            raise ConnectionError("The server hung up.")
        return more


def http(
    path: str, *, token: str = "", etag: str = "", last_id: str = "", method: str = "GET", body: str = "", address: str = ""
) -> bytes:
    """Return the bytes of a request, as a proxy that speaks TLS would send it for the client at that address."""
    headers = {
        "Host": HOST,
        "X-Forwarded-Proto": "https",
        "Authorization": token and f"Bearer {token}",
        "If-None-Match": etag,
        "Last-Event-ID": last_id,
        "X-Forwarded-For": address,
        "Content-Type": body and "application/json",
        "Content-Length": body and str(len(body.encode())),
    }
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items() if value)]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


def header(head: bytes, name: bytes) -> bytes:
    """Return a header's value, b"" where there is none; `name` is in lower case."""
    for line in head.split(b"\r\n")[1:]:
        key, _, value = line.partition(b":")
        if key.lower() == name:
            return value.strip()
    return b""


def polls(port: int, path: str, token: str) -> bytes:
    """Return the request of a client that has the answer already."""
    head = Client(port).expect(http(path, token=token), 200)
    return http(path, token=token, etag=header(head, b"etag").decode())


def seconds_each(port: int, requests: Sequence[bytes], *, status: int = 200, clients: int = 4, count: int) -> float:
    """Return the seconds for which the server works on a request, of `count` by so many clients: one over its rate.

    Each client has its own share of the requests and goes round in it. Raises AssertionError for any other status.
    """
    each = count // clients
    shares = [islice(cycle(requests[number::clients] or requests), each) for number in range(clients)]
    connections = [Client(port) for _ in shares]
    with ThreadPoolExecutor(clients) as pool:
        start = time.perf_counter()
        list(pool.map(_work, connections, shares, [status] * clients))
        return (time.perf_counter() - start) / (each * clients)


def _work(client: Client, share: Iterator[bytes], status: int) -> None:
    for request in share:
        client.expect(request, status)
