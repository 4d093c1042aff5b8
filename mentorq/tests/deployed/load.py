"""Polls and claims through the proxy, as browsers send them, and every answer that no browser should get."""

import json
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http import HTTPStatus
from http.client import HTTPException, HTTPResponse, HTTPSConnection, RemoteDisconnected
from ssl import SSLEOFError, create_default_context
from typing import Any

from mentorq.tests.deployed.proxy import HOST, Proxy

POLLERS, CLAIMERS = 12, 16
PAUSE = 0.1  # seconds between two requests of a browser, on average


@dataclass
class Load:
    """What the browsers did so far, by kind, and what failed: each failure with its request."""

    done: Counter[str] = field(default_factory=Counter)
    unchanged: Counter[str] = field(default_factory=Counter)  # those that were answered with 304
    failed: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    must_end: threading.Event = field(default_factory=threading.Event)

    def fail(self, kind: str, text: str) -> None:
        self.failed[kind] += 1
        self.failures.append(text)


class Browser:
    """A connection that is kept. If the server closed it meanwhile, the request is sent again, as browsers do it."""

    def __init__(self, proxy: Proxy, token: str, load: Load) -> None:
        self.load, self.token = load, token
        context = create_default_context(cafile=str(proxy.ca))
        self.connection = HTTPSConnection(HOST, proxy.port, timeout=20, context=context)

    def send(self, kind: str, method: str, path: str, body: object = None, **headers: str) -> Message:
        """Return the headers of the answer; none if there is no answer."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json", **headers}
        try:
            response = self.ask(method, path, body and json.dumps(body), headers)
            content = response.read()
        except (OSError, HTTPException) as error:
            self.connection.close()
            self.load.fail(kind, f"{method} {path}: {error!r}")
            return Message()
        self.load.done[kind] += 1
        self.load.unchanged[kind] += response.status == HTTPStatus.NOT_MODIFIED
        if response.status not in (HTTPStatus.OK, HTTPStatus.NOT_MODIFIED):
            self.load.fail(kind, f"{method} {path}: {response.status} {content[:200]!r}")
        return response.headers

    def ask(self, *request: Any) -> HTTPResponse:
        is_kept = self.connection.sock is not None
        try:
            self.connection.request(*request)
            return self.connection.getresponse()
        except (ConnectionError, RemoteDisconnected, SSLEOFError):
            self.connection.close()
            if not is_kept:
                raise
        self.connection.request(*request)
        return self.connection.getresponse()

    def open_stream(self) -> None:
        """Open `/api/live/`, read the first line, and leave."""
        try:
            self.connection.request("GET", "/api/live/")
            response = self.connection.getresponse()
            line = response.readline()
        except (OSError, HTTPException) as error:
            self.load.fail("stream", f"GET /api/live/: {error!r}")
        else:
            self.load.done["stream"] += 1
            if response.status != HTTPStatus.OK or not line.startswith(b"retry:"):
                self.load.fail("stream", f"GET /api/live/: {response.status} {line[:200]!r}")
        self.connection.close()


def keep_polling(browser: Browser) -> None:
    etag = ""
    while not browser.load.must_end.wait(random.uniform(0, 2 * PAUSE)):
        headers = browser.send("poll", "GET", "/api/tickets/?status=OPEN", **({"If-None-Match": etag} if etag else {}))
        etag = headers.get("ETag", "")


def keep_claiming(browser: Browser, ticket: int) -> None:
    """Claim and release one ticket in turn, so that each request succeeds."""
    while True:
        for status in ("CLAIMED", "OPEN"):
            if browser.load.must_end.wait(random.uniform(0, 2 * PAUSE)):
                return
            browser.send("claim", "PATCH", f"/api/tickets/{ticket}", {"status": status})


@contextmanager
def under_load(proxy: Proxy, mentors: list[str], tickets: list[int]) -> Iterator[Load]:
    """Browsers at work until the block ends."""
    load = Load()
    threads = [
        *(threading.Thread(target=keep_polling, args=[Browser(proxy, token, load)]) for token in mentors[:POLLERS]),
        *(
            threading.Thread(target=keep_claiming, args=[Browser(proxy, token, load), ticket])
            for token, ticket in zip(mentors[:CLAIMERS], tickets, strict=False)
        ),
    ]
    for thread in threads:
        thread.start()
    try:
        yield load
        time.sleep(1)
    finally:
        load.must_end.set()
        for thread in threads:
            thread.join()
