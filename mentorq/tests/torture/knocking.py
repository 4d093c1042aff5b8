"""Fifty people a second try to sign in: what they hear, after how long, and whose token they are given."""

import base64
import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from statistics import quantiles
from typing import Any, NamedTuple

from mentorq.tests.bench.load import Client, http

KNOCKS_A_SECOND = 50


class Knock(NamedTuple):
    """A try to sign in: as whom, the status that was answered (0: none), and the e-mail in the access token ("": none)."""

    email: str
    status: int
    seconds: float
    owner: str


class Knocker:
    """Tries to sign in once a second, each time as somebody else; late ones are made up for, so that the rate is kept."""

    def __init__(self, port: int, prefix: str, number: int) -> None:
        self.port, self.name = port, f"{prefix}{number}"
        self.client: Client | None = None
        self.due = time.monotonic() + number / KNOCKS_A_SECOND

    def knock(self, heard: list[Knock], over: threading.Event) -> None:
        """Go on until it is `over`, and note what is heard."""
        while not over.wait(max(self.due - time.monotonic(), 0)):
            email = f"{self.name}-{len(heard)}@example.edu"
            start = time.monotonic()
            status, body = self.ask(email)
            heard.append(Knock(email, status, time.monotonic() - start, owner(body) if status == 200 else ""))
            self.due += 1

    def ask(self, email: str) -> tuple[int, bytes]:
        """Return status and body of the answer; 0 where there is none."""
        body = json.dumps({"email": email, "lcs_token": f"token of {email}"})
        try:
            self.client = self.client or Client(self.port)
            head, answer = self.client.ask(http("/api/auth/token", method="POST", body=body))
            return int(head[9:12]), answer
        except (OSError, ValueError):
            self.client = None
            return 0, b""


def owner(body: bytes) -> str:
    """Return whose access token is in the answer, without verifying it."""
    payload = json.loads(body)["access"].split(".")[1]
    return str(json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["email"])


@contextmanager
def knocking(port: int, prefix: str) -> Iterator[list[Knock]]:
    """What they heard whose e-mails begin so, growing for as long as the block runs; raises what ended one of them."""
    heard: list[Knock] = []
    over = threading.Event()
    with ThreadPoolExecutor(KNOCKS_A_SECOND) as pool:
        ends = [pool.submit(Knocker(port, prefix, number).knock, heard, over) for number in range(KNOCKS_A_SECOND)]
        try:
            yield heard
        finally:
            over.set()
    for end in ends:
        end.result()


def figures_of(heard: list[Knock]) -> dict[str, Any]:
    """Return how many there were, how they ended, and how long they took."""
    centiles = quantiles([knock.seconds * 1000 for knock in heard], n=100, method="inclusive")
    return {
        "sign-ins": len(heard),
        "signed in": sum(knock.status == 200 for knock in heard),
        "without an answer": sum(knock.status == 0 for knock in heard),
        "sign-in median ms": round(centiles[49]),
        "sign-in 99 % ms": round(centiles[98]),
        "tokens of somebody else": sum(knock.status == 200 and knock.owner != knock.email for knock in heard),
    }
