"""LCS's local stand-in: the four calls over real HTTP, with demo people. For laptops and tests, never for production.

`manage.py runlcs` serves it; tests start `DevLCS` in a thread and give it faults.
"""

import copy
import itertools
import json
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import BaseServer
from typing import Any, Self

PASSWORD = "hackru"  # noqa: S105 - everybody's, and printed at start: nothing here is worth guarding
ROLES = ("hacker", "volunteer", "judge", "sponsor", "mentor", "organizer", "director")


def _person(email: str, first_name: str, last_name: str, *roles: str) -> dict[str, Any]:
    return {
        "email": email,
        "first_name": first_name,
        "last_name": last_name,
        "role": {role: role in roles for role in ROLES},
        "registration_status": "checked-in",  # one of the many things in a profile that are none of our business
    }


PEOPLE = [
    _person("ada@example.edu", "Ada", "Lovelace", "hacker"),
    _person("grace@example.edu", "Grace", "Hopper", "hacker"),
    _person("linus@example.edu", "Linus", "Torvalds", "hacker"),
    _person("madonna@example.edu", "Madonna", "", "hacker"),
    _person("hana@example.edu", "花", "山田", "hacker"),
    _person("vera@example.edu", "Vera", "Volunteer", "volunteer"),
    _person("sam@example.edu", "Sam", "Sponsor", "sponsor", "judge"),
    _person("mia@example.edu", "Mia", "Mentor", "mentor"),
    _person("max@example.edu", "Max", "Mentor", "mentor"),
    _person("zoe@example.edu", "Zoë", "Müller", "mentor"),
    _person("olga@example.edu", "Olga", "Organizer", "organizer"),
    _person("dan@example.edu", "Dan", "Director", "director"),
    _person("dora@example.edu", "Dora", "Director", "director", "mentor"),
]


class ServingMixin(BaseServer):
    """A socketserver for tests: `stopped` tells answers that take long to end."""

    stopped: threading.Event

    @contextmanager
    def serving(self) -> Iterator[Self]:
        """Serve in a thread for as long as the block runs."""
        thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.stopped.set()
            self.shutdown()
            self.server_close()
            thread.join()


class DevLCS(ServingMixin, ThreadingHTTPServer):
    """LCS on a port of this machine; port 0 takes any free one. `people` may be changed while it runs."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.people: dict[str, dict[str, Any]] = {person["email"]: copy.deepcopy(person) for person in PEOPLE}
        self.owners: dict[str, str] = {}  # of tokens
        self.fault = ""  # a name of FAULTS: what every call meets instead of its answer
        self.delay = 0.0  # seconds that every answer takes
        self.calls: list[tuple[str, dict[str, Any]]] = []  # what was asked, for tests to look at
        self.stopped = threading.Event()

    @property
    def url(self) -> str:
        """The base URL, ending in a stage as LCS's does."""
        return f"http://127.0.0.1:{self.server_port}/dev"

    def sign_in(self, email: str) -> str:
        """Return a new LCS token of that person, by whose beginning the tests find it where it must not be."""
        token = f"lcs-token-{secrets.token_urlsafe(32)}"
        self.owners[token] = email
        return token

    def answer(self, call: str, data: dict[str, Any]) -> tuple[int, Any]:
        """Return LCS's `statusCode` and `body`."""
        if call == "authorize":
            return self.authorize(data.get("email"), data.get("password"))
        if not data.get("token"):
            return 400, "Required fields are missing"
        owner = self.owners.get(data["token"])
        if owner not in self.people:
            return 403, "Token is invalid or expired"
        if call == "validate":
            return 200, self.people[owner]
        if call == "read":
            return 200, [person for person in self.people.values() if person["email"] == data["query"]["email"]]
        return self.slack_dm(owner, data.get("other_email"))

    def authorize(self, email: str | None, password: str | None) -> tuple[int, Any]:
        """Return a token for an e-mail and the password that all have."""
        if email not in self.people:
            return 403, "User email not found"
        if password != PASSWORD:
            return 403, "Wrong Password"
        return 200, {"token": self.sign_in(email)}

    def slack_dm(self, owner: str, other: str | None) -> tuple[int, Any]:
        """Return a link; people without a last name have no Slack account."""
        if other not in self.people:
            return 403, "Other user not found within LCS"
        if not (self.people[owner]["last_name"] and self.people[other]["last_name"]):
            return 403, "Slack ID not present within LCS for the given user(s)"
        return 200, {"slack_dm_link": f"https://app.slack.com/client/T0DEV/{other.partition('@')[0].upper()}"}


class Handler(BaseHTTPRequestHandler):
    """Speaks LCS's dialect of HTTP: nearly always 200, the real status in the JSON, CORS for everyone."""

    server: DevLCS

    def do_OPTIONS(self) -> None:
        self.send(200, b"")

    def do_POST(self) -> None:
        call = self.path.rstrip("/").rpartition("/")[2]
        if call not in ("authorize", "validate", "read", "slack-dm"):
            FAULTS["gateway"](self, {})
            return
        try:
            data = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))))
            self.server.calls.append((call, data))
            status, body = self.server.answer(call, data)
        except (ValueError, AttributeError, KeyError, TypeError):
            status, body = 400, "Malformed request"
        self.server.stopped.wait(self.server.delay)
        FAULTS.get(self.server.fault, send_envelope)(self, {"statusCode": status, "body": body})

    def do_GET(self) -> None:
        FAULTS["gateway"](self, {})

    def send(self, status: int, content: bytes, **headers: str) -> None:
        """Answer with that content."""
        self.send_response(status)
        cors = {f"Access-Control-Allow-{what}": "*" for what in ("Origin", "Methods", "Headers")}
        for name, value in {
            "Content-Type": "application/json",
            "Content-Length": str(len(content)),
            **cors,
            **headers,
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def drip(self, chunks: Iterator[bytes], pause: float) -> None:
        """Write the chunks with pauses (seconds), until they end, the client leaves or the server stops."""
        for chunk in chunks:
            try:
                self.wfile.write(chunk)
            except OSError:
                break
            if self.server.stopped.wait(pause):
                break
        self.close_connection = True

    def log_message(self, *args: Any) -> None:
        """Keep quiet: what people send here should be nowhere else."""


Envelope = dict[str, Any]


def send_envelope(handler: Handler, envelope: Envelope) -> None:
    """Answer as LCS does."""
    handler.send(200, json.dumps(envelope).encode())


def _raw(status: int, content: bytes, **headers: str) -> Callable[[Handler, Envelope], None]:
    return lambda handler, envelope: handler.send(status, content, **headers)


def _instead(body: Callable[[Any], Any]) -> Callable[[Handler, Envelope], None]:
    """Return a fault that answers well, but with another body."""
    return lambda handler, envelope: send_envelope(handler, {**envelope, "body": body(envelope["body"])})


def _without(field: str) -> Callable[[Handler, Envelope], None]:
    return _instead(lambda body: {key: value for key, value in body.items() if key != field})


def _drip(first: bytes, drop: bytes, pause: float) -> Callable[[Handler, Envelope], None]:
    return lambda handler, envelope: handler.drip(itertools.chain([first], itertools.repeat(drop, 10_000)), pause)


OK = b"HTTP/1.1 200 OK\r\n"
FAULTS: dict[str, Callable[[Handler, Envelope], None]] = {
    "crashed": _raw(200, b'{"errorMessage": "x", "errorType": "KeyError", "stackTrace": ["..."]}'),
    "gateway": _raw(403, b'{"message": "Missing Authentication Token"}'),
    "server-error": _raw(500, b'{"message": "Internal server error"}'),
    "server-error-with-envelope": lambda handler, envelope: handler.send(502, json.dumps(envelope).encode()),
    "html": _raw(200, b"<!doctype html><title>It works!</title>", **{"Content-Type": "text/html"}),
    "empty": _raw(200, b""),
    "null": _raw(200, b"null"),
    "garbage": _raw(200, bytes(range(256))),
    "truncated": lambda handler, envelope: handler.send(200, json.dumps(envelope).encode()[:-9]),
    "deep": _raw(200, b"[" * 200_000),
    "envelope-is-list": lambda handler, envelope: handler.send(200, json.dumps([envelope]).encode()),
    "status-is-text": lambda handler, envelope: send_envelope(handler, {**envelope, "statusCode": "200"}),
    "status-is-true": lambda handler, envelope: send_envelope(handler, {**envelope, "statusCode": True}),
    "status-503": lambda handler, envelope: send_envelope(handler, {"statusCode": 503, "body": "Later"}),
    "body-missing": lambda handler, envelope: send_envelope(handler, {"statusCode": 200}),
    "body-is-list": _instead(lambda body: [body]),
    "body-is-number": _instead(lambda body: 7),
    "body-is-text": _instead(lambda body: "welcome"),
    "no-email": _without("email"),
    "email-is-none": _instead(lambda body: {**body, "email": None}),
    "email-is-nonsense": _instead(lambda body: {**body, "email": "ada"}),
    "email-is-surrogate": _instead(lambda body: {**body, "email": "ada@\ud800.edu"}),
    "no-role": _without("role"),
    "role-is-list": _instead(lambda body: {**body, "role": ["director"]}),
    "role-is-text": _instead(lambda body: {**body, "role": "director"}),
    "redirect": _raw(307, b"", Location="/dev/elsewhere"),
    "reset": lambda handler, envelope: handler.connection.close(),
    "huge": lambda handler, envelope: handler.drip(
        itertools.chain([OK + b"\r\n"], itertools.repeat(b" " * 65_536, 4_800)),
        0,  # 300 MB
    ),
    "hanging": _drip(b"", b"", 1),
    "dripping-body": _drip(OK + b"Content-Length: 10000\r\n\r\n", b" ", 0.05),
    "dripping-headers": _drip(OK, b"X", 0.05),
}
