"""An adapter for the requests library whose timeout covers a whole answer, headers included; its own is for each read.

Without it a server that drips a byte a second holds a thread for ever.
"""

import http.client
import io
import socket
import time
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection


class DeadlineReader(socket.SocketIO):
    """Reads from a socket until `deadline` (`time.monotonic()` seconds), then raises TimeoutError."""

    def __init__(self, sock: socket.socket, deadline: float) -> None:
        super().__init__(sock, "r")
        self.socket, self.deadline = sock, deadline

    def readinto(self, buffer: Any) -> int | None:
        remaining = self.deadline - time.monotonic()
        if remaining <= 0:
            raise TimeoutError("timed out")
        self.socket.settimeout(remaining)
        return super().readinto(buffer)


class DeadlineResponse(http.client.HTTPResponse):
    """An answer that must be whole within the timeout that its socket has for one read."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        deadline = time.monotonic() + (sock.gettimeout() or 0)
        unbounded, self.fp = self.fp, io.BufferedReader(DeadlineReader(sock, deadline))
        sock._io_refs += 1  # type: ignore[attr-defined]  # as socket.makefile() does; closing the reader takes it back
        unbounded.close()


class DeadlineHTTPPool(HTTPConnectionPool):
    """urllib3's pool for http:// with answers that have a deadline."""

    class ConnectionCls(HTTPConnection):
        response_class = DeadlineResponse


class DeadlineHTTPSPool(HTTPSConnectionPool):
    """urllib3's pool for https:// with answers that have a deadline."""

    class ConnectionCls(HTTPSConnection):
        response_class = DeadlineResponse


class DeadlineAdapter(HTTPAdapter):
    """What a `requests.Session` mounts to have it so."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": DeadlineHTTPPool, "https": DeadlineHTTPSPool}
