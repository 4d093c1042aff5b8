"""`python -m mentorq.tests.servers`: gunicorn and granian serve production, say little, finish what they have in hand
when they are told to end, do not wait for ever for what is half sent, and want a SECRET_KEY to start.

Needs requirements-dev.txt. Prints a line for each server and exits with 1 where one of them fails.
"""

import http.client
import json
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO

from mentorq.environment import static_version
from mentorq_users.lcs.standin import DevLCS

BASE_DIR = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
STATIC = f"/static/{static_version(BASE_DIR)}/"  # where a server has its static files
# As the README and docs/operations.md have it.
GRANIAN: list[str | Path] = [
    BIN / "granian", "--interface=wsgi", "--workers=2", "--blocking-threads=16", "--backlog=4096", "--backpressure=4096",
    "--respawn-failed-workers", "--workers-kill-timeout=30",
]  # fmt: skip
SERVERS: dict[str, list[str | Path]] = {
    "gunicorn": [BIN / "gunicorn", "--threads=4", "--bind=127.0.0.1:{port}", "mentorq.wsgi"],
    "granian": [BIN / "granian", "--interface=wsgi", "--port={port}", "mentorq.wsgi:application"],
    "granian as documented": [*GRANIAN, "--port={port}", "mentorq.wsgi:application"],
}
# How long a server waits for what it has in hand, instead of 30 seconds; of two such options the last one counts.
IMPATIENCE = 1
IMPATIENT = {"gunicorn": f"--graceful-timeout={IMPATIENCE}", "granian": f"--workers-kill-timeout={IMPATIENCE}"}
PATIENCE = 15.0  # seconds for a start, a refusal or a stop
# A version, or a word of what is inside. The servers do give their names.
REVEALING = re.compile(rb"(granian|gunicorn|python|django)[/ ]?[0-9]|traceback|\.py\b|site-packages", re.IGNORECASE)
OURS = b"Host: mentorq.example\r\nX-Forwarded-Proto: https\r\nConnection: close\r\n"
HALF_SENT = b"POST /api/auth/token HTTP/1.1\r\n" + OURS + b"Content-Length: 9\r\n\r\n{"
ODD_REQUESTS: dict[bytes, set[int]] = {
    b"GET /api/nope HTTP/1.1\r\n" + OURS: {404},
    b"GET /nope HTTP/1.1\r\n" + OURS: {404},
    b"GET /api/tickets HTTP/1.1\r\n" + OURS + b"Authorization: Bearer x\r\nAuthorization: Bearer y\r\n": {401},
    b"GET /api/tickets HTTP/1.1\r\n" + OURS + b"Authorization: Bearer \xff\xfe\r\n": {401},
    b"GET /api/tickets HTTP/1.1\r\n" + OURS + b"Authorization: Bearer " + b"a" * 100_000 + b"\r\n": {401, 431},
    b"GET /api/tickets HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n": {400},
    b"GET /api/tickets HTTP/1.1\r\nConnection: close\r\n": {400},
    b"GET /api/tickets HTTP/1.0\r\n": {400},
    b"GET /api/tickets HTTP/1.1\r\nHost: evil.example\r\n" + OURS: {400},
    b"GET /api/tickets HTTP/1.1\r\nno header\r\n" + OURS: {400},
    b"BREW /api/tickets HTTP/1.1\r\n" + OURS: {401, 405},
    b"nonsense\r\n": {400},
}
UNAUTHORIZED = {"detail": "Authentication credentials were not provided.", "code": "not_authenticated"}


class Failure(Exception):
    """A server does not do what it must; the text says what it did."""


@dataclass
class Server:
    """A server that was started, on a port of this machine."""

    port: int
    process: subprocess.Popen[str]
    log: IO[str]

    @property
    def output(self) -> str:
        """What it printed so far."""
        self.log.seek(0)
        return self.log.read()

    def get(self, path: str) -> tuple[int, str, bytes]:
        """Return status, media type and body of what it answers, asked as by a proxy that speaks TLS."""
        return self.ask("GET", path)

    def ask(self, method: str, path: str, body: str = "") -> tuple[int, str, bytes]:
        """Return the same for any method, with a JSON body; raises OSError or HTTPException where there is no answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        headers = {"Host": "mentorq.example", "X-Forwarded-Proto": "https", "Content-Type": "application/json"}
        try:
            connection.request(method, path, body or None, headers)
            response = connection.getresponse()
            return response.status, response.headers.get_content_type(), response.read()
        finally:
            connection.close()

    def say(self, request: bytes) -> bytes:
        """Return all that it answers to these very bytes.

        A server that does not read all of them may answer and reset the connection. What it answered can still be read.
        """
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
            with suppress(BrokenPipeError, ConnectionResetError):
                connection.sendall(request)
            return b"".join(received(connection))

    def wait_until_ready(self) -> None:
        """Return once /healthz is 200; raises Failure where that takes too long."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                if self.get("/healthz")[0] == 200:
                    return
            except OSError:
                time.sleep(0.1)
        raise Failure(f"does not answer /healthz:\n{self.output}")

    def wait_for_workers(self) -> None:
        """Return once it answers and no worker of its is still starting: granian's misses a SIGTERM in that instant.

        Then it ends after its --workers-kill-timeout, which is longer than a test should take.
        """
        self.wait_until_ready()
        deadline = time.monotonic() + PATIENCE
        while self.output.count("Started worker-") < self.output.count("Spawning worker-"):
            if time.monotonic() > deadline:
                raise Failure(f"does not start all of its workers:\n{self.output}")
            time.sleep(0.05)


def received(connection: socket.socket) -> Iterator[bytes]:
    """Yield what comes until the other side ends or resets the connection."""
    with suppress(ConnectionResetError):
        while part := connection.recv(64 * 1024):
            yield part


def free_ports(count: int) -> list[int]:
    """Return as many ports of 127.0.0.1 that were free a moment ago, all different."""
    with ExitStack() as stack:
        servers = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [server.getsockname()[1] for server in servers]


@contextmanager
def running(command: Iterable[str | Path], **variables: str) -> Iterator[Server]:
    """Start the server on a free `{port}` with nothing but these variables set, and end it with the block."""
    (port,) = free_ports(1)
    command = [str(word).format(port=port) for word in command]
    environment = {"PATH": os.environ["PATH"], **variables}
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(
            command, cwd=BASE_DIR, env=environment, stdout=log, stderr=log, text=True, start_new_session=True
        )
        try:
            yield Server(port, process, log)
        finally:
            stop(process)


def stop(process: subprocess.Popen[str]) -> None:
    """End the server as an operator would; raises TimeoutExpired, after killing it, where it does not stop."""
    process.terminate()
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)  # a session of its own: only itself and its workers
        process.wait()
        raise


def production(database: str, lcs: str = "http://127.0.0.1:9") -> dict[str, str]:
    """Return the environment of a server in production."""
    key = secrets.token_urlsafe(64)
    return {"SECRET_KEY": key, "ALLOWED_HOSTS": "mentorq.example", "DATABASE_URL": database, "LCS_BASE_URL": lcs}


def check_serves(name: str, database: str) -> None:
    """Raise Failure unless the server answers the API, the admin site and a static file of it."""
    with running(SERVERS[name], **production(database)) as server:
        server.wait_for_workers()
        status, media_type, body = server.get("/api/tickets")
        if (status, media_type) != (401, "application/json") or json.loads(body) != UNAUTHORIZED:
            raise Failure(f"/api/tickets is {status} {media_type} {body!r}")
        for path, expected in {"/admin/login/": "text/html", f"{STATIC}admin/css/base.css": "text/css"}.items():
            status, media_type, body = server.get(path)
            if (status, media_type) != (200, expected) or not body:
                raise Failure(f"{path} is {status} {media_type}, {len(body)} bytes")


def check_finishes(name: str, database: str) -> None:
    """Raise Failure unless a sign-in that waits for LCS is answered by a server that is told to end, which then does."""
    lcs = DevLCS()
    lcs.delay = 1.5
    token = json.dumps({"email": "ada@example.edu", "lcs_token": lcs.sign_in("ada@example.edu")})
    with lcs.serving(), ThreadPoolExecutor(1) as pool, running(SERVERS[name], **production(database, lcs.url)) as server:
        server.wait_for_workers()
        answer = pool.submit(server.ask, "POST", "/api/auth/token", token)
        while not lcs.calls and not answer.done():
            time.sleep(0.01)
        server.process.terminate()
        try:
            status, _, body = answer.result()
        except (OSError, http.client.HTTPException) as error:
            raise Failure(f"hung up on a request in hand: {error!r}") from error
        if status != 200:
            raise Failure(f"answered a request in hand with {status} {body!r}")
        check_ends(server, PATIENCE)


def check_ends(server: Server, within: float) -> None:
    """Raise Failure unless a server that was told to end does so within so many seconds, as one that did nothing wrong."""
    try:
        code = server.process.wait(within)
    except subprocess.TimeoutExpired:
        raise Failure(f"still runs {within} s after it was told to end:\n{server.output}") from None
    if code not in (0, -signal.SIGTERM):
        raise Failure(f"ended with {code} when it was told to:\n{server.output}")


def check_lets_go(name: str, database: str) -> None:
    """Raise Failure unless a server that is told to end does not wait for ever for a request that is only half sent."""
    *command, application = SERVERS[name]
    command += [IMPATIENT[name.partition(" ")[0]], application]
    with running(command, **production(database)) as server:
        server.wait_for_workers()
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            connection.sendall(HALF_SENT)
            time.sleep(0.3)  # until it is in one of the threads
            server.process.terminate()
            check_ends(server, IMPATIENCE + 5)


def check_says_little(name: str, database: str) -> None:
    """Raise Failure where an answer to an odd request, also one that the server gives itself, tells what is behind it."""
    with running(SERVERS[name], **production(database)) as server:
        server.wait_for_workers()
        for request, statuses in ODD_REQUESTS.items():
            answer = server.say(request + b"\r\n")
            status = int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.") else None
            if status not in statuses or REVEALING.search(answer) or b"evil.example" in answer:
                raise Failure(f"{request[:80]!r} is answered with {answer[:800]!r}")


def check_refuses(name: str, database: str) -> None:
    """Raise Failure unless the server ends by itself, says why, and says how to go on."""
    with running(SERVERS[name], ALLOWED_HOSTS="mentorq.example", DATABASE_URL=database) as server:
        try:
            code = server.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            raise Failure(f"still runs without SECRET_KEY:\n{server.output}") from None
        if code == 0 or "SECRET_KEY is not set" not in server.output:
            raise Failure(f"ended with {code} without SECRET_KEY:\n{server.output}")


def migrated(folder: str) -> str:
    """Return the URL of a new SQLite database with its tables."""
    Path(f"{folder}/db.sqlite3").write_bytes(migrated_file())
    return f"sqlite:///{folder}/db.sqlite3"


@cache
def migrated_file() -> bytes:
    """Return the content of a new SQLite database with its tables. Making it takes a second, so it is made once."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {"PATH": os.environ["PATH"], "DATABASE_URL": f"sqlite:///{folder}/db.sqlite3"}
        command = [sys.executable, "manage.py", "migrate", "--verbosity=0"]
        subprocess.run(command, cwd=BASE_DIR, env=environment, check=True)
        return Path(f"{folder}/db.sqlite3").read_bytes()


def main() -> int:
    """Return 1 where any server fails, else 0."""
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        database = migrated(folder)
        for name in SERVERS:
            for check, good in (
                (check_serves, "serves production"),
                (check_finishes, "finishes what it has in hand"),
                (check_lets_go, "does not wait for ever for half a request"),
                (check_says_little, "says little of itself"),
                (check_refuses, "refuses to start without SECRET_KEY"),
            ):
                started = time.monotonic()
                try:
                    check(name, database)
                    result = good
                except (Failure, OSError, subprocess.TimeoutExpired) as failure:
                    failed, result = True, f"FAILED: {failure}"
                print(f"{name}: {result} ({time.monotonic() - started:.1f} s)")  # noqa: T201 - a script
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
