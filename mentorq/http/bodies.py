"""Limits slow request bodies, and closes the connection after bodies that nobody reads.

Only a few requests of a process may wait for their body at once. A WSGI server reads a body in one of its threads and
cannot be told to stop: a few dozen half-sent requests would hold every thread. A proxy that buffers requests avoids this.

If a request is answered before its body was read (413, but also 401 and 404), the response announces that the
connection closes. Servers often close it without that, and the client loses its next request. Reading the rest instead
would take a thread for as long as a slow client sends.
"""

import math
from collections.abc import Callable, Iterable
from threading import BoundedSemaphore
from typing import Any
from wsgiref.types import InputStream, StartResponse, WSGIApplication, WSGIEnvironment

# Anybody may send a body here. Elsewhere it is read only for people with a token or a session.
DOORS = ("/api/auth/", "/admin/")
# Together with MAX_CALLS of LCS fewer than the 16 threads that docs/operations.md gives a worker.
AT_THE_DOOR, INSIDE = BoundedSemaphore(3), BoundedSemaphore(4)
PATIENCE = 0.1  # seconds


class Body:
    """A request body that is read in one of `places`. If none is free: TimeoutError, in Django UnreadablePostError."""

    def __init__(self, stream: InputStream, places: BoundedSemaphore, length: float) -> None:
        self.stream, self.places = stream, places
        self.left = length  # bytes that nobody has read

    def read(self, size: int = -1, /) -> bytes:
        return self._in_a_place(self.stream.read, size)

    def readline(self, size: int = -1, /) -> bytes:
        return self._in_a_place(self.stream.readline, size)

    def _in_a_place(self, read: Callable[[int], bytes], size: int) -> bytes:
        if not self.places.acquire(timeout=PATIENCE):
            raise TimeoutError("too many slow bodies")
        try:
            data = read(size)
        finally:
            self.places.release()
        self.left = self.left - len(data) if data or size == 0 else 0
        return data


def limit_bodies(application: WSGIApplication) -> WSGIApplication:
    """Return the application with slow bodies limited to a few threads."""

    def limited(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        places = AT_THE_DOOR if environ.get("PATH_INFO", "").startswith(DOORS) else INSIDE
        body = environ["wsgi.input"] = Body(environ["wsgi.input"], places, length_of(environ))
        if not body.left:
            return application(environ, start_response)

        def start(status: str, headers: list[tuple[str, str]], *exc_info: Any) -> Any:
            if body.left > 0:
                headers = [*headers, *announce_close(environ, start_response)]
            return start_response(status, headers, *exc_info)

        return application(environ, start)

    return limited


def length_of(environ: WSGIEnvironment) -> float:
    """Return the length in bytes; infinity for a chunked body or an invalid Content-Length."""
    length = environ.get("CONTENT_LENGTH") or "0"
    chunked = "HTTP_TRANSFER_ENCODING" in environ
    return int(length) if length.isdecimal() and not chunked else math.inf


def announce_close(environ: WSGIEnvironment, start_response: StartResponse) -> list[tuple[str, str]]:
    """Make the server close the connection after this response; return the headers that this needs.

    PEP 3333 leaves `Connection` to the server. granian uses the application's header. gunicorn has a method for it.
    runserver reads the rest of the body and crashes on the header. HTTP/2 closes only the stream.
    """
    force_close = getattr(getattr(start_response, "__self__", None), "force_close", None)
    if force_close:
        force_close()
    is_granian = environ.get("SERVER_SOFTWARE") == "Granian" and environ.get("SERVER_PROTOCOL", "").startswith("HTTP/1")
    return [("Connection", "close")] if is_granian else []
