"""Bodies that are slow to come: only so many requests of a process wait for theirs at once.

A WSGI server reads a body in one of its threads, however long it takes, and cannot be told to stop: a few dozen requests
that are never sent to their end would hold every thread. A proxy that reads requests whole keeps them away altogether.
"""

from collections.abc import Callable, Iterable
from threading import BoundedSemaphore
from wsgiref.types import InputStream, StartResponse, WSGIApplication, WSGIEnvironment

# Where a body is read before anybody has signed in; elsewhere it is read for people with a token or a session alone.
DOORS = ("/api/auth/", "/admin/")
# With lcs.MAX_CALLS fewer than the 16 threads that docs/operations.md gives a worker.
AT_THE_DOOR, INSIDE = BoundedSemaphore(3), BoundedSemaphore(4)
PATIENCE = 0.1  # seconds


class Body:
    """A request's body, waited for in one of `places`; where none is free TimeoutError, Django's UnreadablePostError."""

    def __init__(self, stream: InputStream, places: BoundedSemaphore) -> None:
        self.stream, self.places = stream, places

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
            return read(size)
        finally:
            self.places.release()


def limit_bodies(application: WSGIApplication) -> WSGIApplication:
    """Return the application with bodies that take their time in few of the server's threads."""

    def limited(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        places = AT_THE_DOOR if environ.get("PATH_INFO", "").startswith(DOORS) else INSIDE
        environ["wsgi.input"] = Body(environ["wsgi.input"], places)
        return application(environ, start_response)

    return limited
