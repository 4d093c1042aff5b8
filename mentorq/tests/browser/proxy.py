"""A proxy, as nginx is in production: the live stream and the application have one origin."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from socketserver import StreamRequestHandler, ThreadingTCPServer


class Proxy(ThreadingTCPServer):
    """Sends `/api/live/` to one port and everything else to the other."""

    allow_reuse_address = daemon_threads = True

    def __init__(self, application: int, live: int) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.application, self.live = application, live


class Handler(StreamRequestHandler):
    """One request for each connection, so that nothing needs to know where a body ends."""

    server: Proxy
    rbufsize = 0  # so that the body is still in the socket

    def handle(self) -> None:
        head = b"".join(iter(lambda: self.rfile.readline().replace(b"keep-alive", b"close"), b"\r\n")) + b"\r\n"
        if not head.strip():
            return
        port = self.server.live if b" /api/live/" in head.split(b"\r\n")[0] else self.server.application
        with socket.create_connection(("127.0.0.1", port)) as upstream, suppress(OSError):
            upstream.sendall(head)
            threading.Thread(target=pass_on, args=(self.connection, upstream), daemon=True).start()
            while data := upstream.recv(65536):
                self.wfile.write(data)


def pass_on(browser: socket.socket, upstream: socket.socket) -> None:
    """Send the body, and hang up if the browser does."""
    with suppress(OSError):
        while data := browser.recv(65536):
            upstream.sendall(data)
        upstream.shutdown(socket.SHUT_RDWR)


@contextmanager
def proxied(application: int, live: int) -> Iterator[str]:
    """Yield the URL of a proxy for both."""
    with Proxy(application, live) as proxy:
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{proxy.server_address[1]}"
        proxy.shutdown()
