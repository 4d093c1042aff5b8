"""Sends one notice: to public addresses only, within a deadline, and without reading more than it must."""

import ipaddress
import socket
import threading
from collections.abc import Mapping
from concurrent.futures import Future
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple

import requests
import urllib3
from django.conf import settings

from mentorq.outgoing import AbortableAdapter, Session

TIMEOUT = 10.0  # seconds for a whole attempt, name look-up included
MAX_ANSWER_BYTES = 64 * 1024
NAT64 = ipaddress.ip_network("64:ff9b::/96")  # RFC 6052
PROTOCOLS = ipaddress.ip_network("192.0.0.0/24")  # RFC 6890. Python 3.11.7 takes parts of it for global.

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class NotSent(Exception):
    """There is no complete answer. The text is for the desk. Unlike those of its causes, it never holds the URL."""


class TimedOut(NotSent):
    """The receiver took too long."""


class NotPublic(Exception):
    """The name leads to an address that only our own network should reach."""


class Answer(NamedTuple):
    """What the receiver said: HTTP status, the beginning of its body, and the seconds of `Retry-After`."""

    status: int
    text: str
    retry_after: float = 0


def send(url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
    """POST the body; raises NotSent, TimedOut.

    requests-hardened would let ::127.0.0.1 and site-local addresses through, and has no deadline for the whole attempt.
    """
    adapter, future = PublicAdapter(), Future[Answer]()
    # Not of a pool, which would wait at the end for one that hangs.
    threading.Thread(target=_run, args=[future, adapter, url, body, headers], daemon=True).start()
    try:
        return future.result(TIMEOUT)
    except (TimeoutError, requests.Timeout) as error:
        adapter.abort()
        raise TimedOut(f"It did not answer within {TIMEOUT:.0f} s.") from error
    except NotPublic as error:
        raise NotSent(str(error)) from error
    except requests.exceptions.SSLError as error:
        raise NotSent("Its certificate is not valid for this address.") from error
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
        raise NotSent(f"It cannot be reached, or it broke off: {type(error).__name__}.") from error


def _run(future: Future[Answer], *arguments: Any) -> None:
    try:
        future.set_result(_post(*arguments))
    except Exception as error:  # noqa: BLE001 - it is raised where the answer is waited for
        future.set_exception(error)


def _post(adapter: AbortableAdapter, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
    with Session() as session:
        for scheme in ("https://", "http://"):
            session.mount(scheme, adapter)
        with session.post(url, data=body, headers=dict(headers), timeout=TIMEOUT, stream=True) as response:
            content = b""
            for chunk in response.iter_content(8 * 1024):
                content += chunk
                if len(content) >= MAX_ANSWER_BYTES:
                    break
            text = content.decode("utf-8", "replace").replace("\0", "")
            return Answer(response.status_code, text, retry_after(response.headers.get("Retry-After", "")))


class PublicAdapter(AbortableAdapter):
    """Connects to an address that it has checked, so that a name cannot change between look-up and connection."""

    def connection_class(self, base: Any) -> Any:
        class Connection(super().connection_class(base)):  # type: ignore[misc]
            _dns_host: str

            def _new_conn(self) -> socket.socket:
                name = self._dns_host
                error: Exception = OSError()
                try:
                    for address in addresses_of(name, self.port):
                        self._dns_host = address
                        try:
                            return super()._new_conn()  # type: ignore[no-any-return]
                        except urllib3.exceptions.HTTPError as failed:
                            error = failed
                finally:
                    self._dns_host = name  # TLS checks the certificate against the name
                raise error

        return Connection


def addresses_of(name: str, port: int) -> list[str]:
    """Look the name up; raises NotPublic if any address is not public, OSError if there is none."""
    found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not settings.NOTICES_TO_PRIVATE_ADDRESSES and not all(map(is_public, addresses)):
        raise NotPublic("Its name leads to an address that is not public: see NOTICES_TO_PRIVATE_ADDRESSES.")
    return addresses


def is_public(text: str) -> bool:
    """Return whether the address is one of the Internet's. An IPv4 address within an IPv6 one counts itself."""
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        embedded = _embedded(address)
        if embedded:
            return is_public(str(embedded))
        if address.is_site_local:
            return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address in PROTOCOLS)


def _embedded(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """Return the IPv4 address of an IPv4-mapped, 6to4 or NAT64 address."""
    if address in NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


def retry_after(header: str) -> float:
    """Return the seconds of a `Retry-After`, which names seconds or a date; 0 for anything else."""
    if header.strip().isdecimal() and header.isascii():
        return float(header)
    try:
        until = parsedate_to_datetime(header)
    except (ValueError, OverflowError):
        return 0
    return max((until.replace(tzinfo=until.tzinfo or UTC) - datetime.now(UTC)).total_seconds(), 0)
