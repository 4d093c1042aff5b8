"""LCS's stand-in: its four calls over real HTTP, with demo people. For laptops and tests, never for production.

`manage.py runlcs` serves it. Tests start `DevLCS` in a thread and give it faults.
"""

import copy
import json
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import BaseServer
from typing import Any, Self

from mentorq_users.lcs import faults

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
        thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.001}, daemon=True)
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
        self.fault = ""  # a name in FAULTS: what every call gets instead of its answer
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
        email = (email or "").lower()  # as LCS does
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
            faults.gateway(self, {})
            return
        try:
            data = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))))
            self.server.calls.append((call, data))
            status, body = self.server.answer(call, data)
        except (ValueError, AttributeError, KeyError, TypeError):
            status, body = 400, "Malformed request"
        self.server.stopped.wait(self.server.delay)
        faults.FAULTS.get(self.server.fault, faults.send_envelope)(self, {"statusCode": status, "body": body})

    def do_GET(self) -> None:
        faults.gateway(self, {})

    def send(self, status: int, content: bytes, **headers: str) -> None:
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
