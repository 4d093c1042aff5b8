"""What all our requests to other servers need: a way to end them from outside, and no redirects."""

import socket
from contextlib import suppress
from typing import Any

import requests
from requests.adapters import HTTPAdapter


class AbortableAdapter(HTTPAdapter):
    """The transport of one call, which another thread can end.

    The timeout of requests is for each read and starts again with each byte, so it does not bound a whole answer.
    """

    def __init__(self) -> None:
        super().__init__()
        self.aborted = False
        self.socket: socket.socket | None = None

    def abort(self) -> None:
        """End the call now: a thread that waits for an answer gets an error."""
        self.aborted = True
        if self.socket:
            with suppress(OSError):  # it was closed meanwhile
                self.socket.shutdown(socket.SHUT_RDWR)

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        """Return urllib3's pool, whose connections tell this adapter their socket."""
        pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
        pool.ConnectionCls = self.connection_class(pool.ConnectionCls)
        return pool

    def connection_class(self, base: Any) -> Any:
        adapter = self

        class Connection(base):  # type: ignore[misc]
            def connect(self) -> None:
                super().connect()
                adapter.socket = self.sock
                if adapter.aborted:  # while it connected
                    adapter.abort()

        return Connection


class Session(requests.Session):
    """A session that does not read where a redirect points: following it would send passwords and secrets there.

    No proxy, .netrc or CA bundle from the environment sees them either.
    """

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        return None
