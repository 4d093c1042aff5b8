"""Bodies that are slow to come, and bodies that nobody reads.

Only so many requests of a process wait for theirs at once. A WSGI server reads a body in one of its threads, however long
it takes, and cannot be told to stop: a few dozen requests that are never sent to their end would hold every thread. A
proxy that reads requests whole keeps them away altogether.

A request that is answered before its body was read (413, but also 401 and 404) ends its connection, and the answer says so.
Servers close such a connection without a word, or with one by chance, and the client loses its next request.
To read the rest instead would take a thread for as long as it drips.
"""

import math
from collections.abc import Callable, Iterable
from threading import BoundedSemaphore
from typing import Any
from wsgiref.types import InputStream, StartResponse, WSGIApplication, WSGIEnvironment

# Where a body is read before anybody has signed in; elsewhere it is read for people with a token or a session alone.
DOORS = ("/api/auth/", "/admin/")
# With lcs.MAX_CALLS fewer than the 16 threads that docs/operations.md gives a worker.
AT_THE_DOOR, INSIDE = BoundedSemaphore(3), BoundedSemaphore(4)
PATIENCE = 0.1  # seconds


class Body:
    """A request's body, waited for in one of `places`; where none is free TimeoutError, Django's UnreadablePostError."""

    def __init__(self, stream: InputStream, places: BoundedSemaphore, length: float) -> None:
        self.stream, self.places = stream, places
        self.left = length  # how many bytes nobody has read

    def read(self, size: int = -1, /) -> bytes:
        """Return so many bytes."""
        return self._in_a_place(self.stream.read, size)

    def readline(self, size: int = -1, /) -> bytes:
        """Return a line of at most so many bytes."""
        return self._in_a_place(self.stream.readline, size)

    def _in_a_place(self, read: Callable[[int], bytes], size: int) -> bytes:
        if not self.places.acquire(timeout=PATIENCE):
            raise TimeoutError("too many bodies are slow to come")
        try:
            data = read(size)
        finally:
            self.places.release()
        self.left = self.left - len(data) if data or size == 0 else 0
        return data


def limit_bodies(application: WSGIApplication) -> WSGIApplication:
    """Return the application with bodies that take their time in few of the server's threads."""

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
    """Return how many bytes the body has; infinity if it comes in chunks, or if the length is not a number."""
    length = environ.get("CONTENT_LENGTH") or "0"
    chunked = "HTTP_TRANSFER_ENCODING" in environ
    return int(length) if length.isdecimal() and not chunked else math.inf


def announce_close(environ: WSGIEnvironment, start_response: StartResponse) -> list[tuple[str, str]]:
    """Have the server close the connection after this answer; return the headers that it needs for that.

    PEP 3333 leaves `Connection` to the server. granian takes the application's, gunicorn has a method of its own, and
    runserver, which reads the rest, crashes on the header. HTTP/2 ends the stream alone.
    """
    force_close = getattr(getattr(start_response, "__self__", None), "force_close", None)
    if force_close:
        force_close()
    is_granian = environ.get("SERVER_SOFTWARE") == "Granian" and environ.get("SERVER_PROTOCOL", "").startswith("HTTP/1")
    return [("Connection", "close")] if is_granian else []
