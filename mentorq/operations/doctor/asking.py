"""How the doctor asks other servers: within a deadline, and without following redirects."""

import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import requests
from urllib3.exceptions import HTTPError

from mentorq.outgoing import AbortableAdapter, Session

SECONDS = 5.0
MOST_BYTES = 64 * 1024
LATE = "no whole answer in time"


class NoAnswer(Exception):
    """Nothing came in time. The text says why, without the URL, which may hold a password."""


@dataclass(frozen=True)
class Answer:
    """A response, with at most MOST_BYTES of its content."""

    status: int
    headers: Mapping[str, str]
    cookies: Mapping[str, str]
    content: bytes

    @property
    def is_redirect(self) -> bool:
        return self.status in (301, 302, 303, 307, 308)

    @property
    def kind(self) -> str:
        """The media type."""
        return self.headers.get("Content-Type", "").partition(";")[0].strip() or "nothing"


def ask(method: str, url: str, *, seconds: float = SECONDS, first: bool = False, ca: str = "", **request: Any) -> Answer:
    """Return the answer, or with `first` its first bytes; raises NoAnswer after so many seconds, however it drips.

    `ca` is a file with the certificates to trust instead of the usual ones.
    """
    adapter = AbortableAdapter()
    timer = threading.Timer(seconds, adapter.abort)
    with Session() as session:
        session.mount("https://", adapter)
        session.mount("http://", adapter)
        session.verify = ca or True
        timer.start()
        try:
            with session.request(method, url, timeout=seconds, stream=True, **request) as response:
                answer = read(response, first)
        except (requests.RequestException, HTTPError, OSError) as error:
            raise NoAnswer(LATE if adapter.aborted else reason(error)) from error
        finally:
            timer.cancel()
    if adapter.aborted and not first:
        raise NoAnswer(LATE)
    return answer


def read(response: requests.Response, first: bool) -> Answer:
    read_some = response.raw.read1 if first else response.raw.read
    content = read_some(MOST_BYTES, decode_content=True)
    return Answer(response.status_code, response.headers, response.cookies.get_dict(), content)


def reason(error: BaseException) -> str:
    """Return why there is no answer, in the words of the innermost error that has some."""
    text = str(error)
    if "NameResolutionError" in text or "getaddrinfo" in text:
        return "the name does not resolve"
    if isinstance(error, (requests.Timeout, TimeoutError)) or "timed out" in text:
        return "no answer in time"
    if isinstance(error, (requests.exceptions.SSLError, ssl.SSLError)):
        return "TLS fails"
    if "Connection refused" in text:
        return "the connection is refused"
    return f"the connection fails ({type(error).__name__})"
