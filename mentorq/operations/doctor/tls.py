"""Where the server is reached, and its certificate."""

import socket
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from requests.utils import DEFAULT_CA_BUNDLE_PATH

from mentorq.operations.doctor.asking import SECONDS, Answer, NoAnswer, ask, reason
from mentorq.operations.doctor.findings import Finding, amber, green, red

ABOUT = "TLS"
SOON = 14  # days
RENEW = "Renew the certificate, and look why that did not happen by itself."
CERTIFICATE = (
    "Serve a certificate for this host that browsers trust, with its whole chain. If it comes from a CA of your own, name"
    " that with --ca FILE."
)
REACH = "Correct --url, or look whether DNS, the firewall and the proxy let people through."
REDIRECT = "Let the proxy redirect port 80: `return 301 https://$host$request_uri;`."


@dataclass(frozen=True)
class Target:
    """The server as people reach it. `ca` is a file of certificates to trust, "" for the usual ones."""

    host: str
    port: int = 443
    ca: str = ""

    @property
    def name(self) -> str:
        return f"[{self.host}]" if ":" in self.host else self.host

    @property
    def origin(self) -> str:
        return f"https://{self.name}" if self.port == 443 else f"https://{self.name}:{self.port}"

    def ask(self, method: str, path: str, **request: Any) -> Answer:
        """Raises NoAnswer."""
        return ask(method, self.origin + path, ca=self.ca, **request)


def tls(target: Target) -> Iterator[Finding]:
    """Yield whether the certificate is trusted, and for how long."""
    try:
        days = days_left(target)
    except ssl.SSLCertVerificationError as error:
        yield red(ABOUT, f"The certificate of {target.name} is not trusted: {error.verify_message}.", CERTIFICATE)
    except OSError as error:
        yield red(ABOUT, f"{target.origin} cannot be reached: {reason_of(error)}.", REACH)
    else:
        text = f"The certificate of {target.name} is trusted, for {days} more days."
        yield green(ABOUT, text) if days >= SOON else amber(ABOUT, text, RENEW)


def days_left(target: Target) -> int:
    """Raises OSError; SSLCertVerificationError is one."""
    context = ssl.create_default_context(cafile=target.ca or DEFAULT_CA_BUNDLE_PATH)
    with (
        socket.create_connection((target.host, target.port), SECONDS) as plain,
        context.wrap_socket(plain, server_hostname=target.host) as secure,
    ):
        certificate: Any = secure.getpeercert()
    return int((ssl.cert_time_to_seconds(certificate["notAfter"]) - time.time()) // 86_400)


def reason_of(error: OSError) -> str:
    return "the name does not resolve" if isinstance(error, socket.gaierror) else reason(error)


def plain_http(target: Target) -> Iterator[Finding]:
    """Yield what answers on port 80: a redirect, or nothing. With another port than 443 nobody expects it."""
    if target.port == 443:
        yield from on_plain(f"http://{target.name}/api/")


def on_plain(url: str) -> Iterator[Finding]:
    try:
        answer = ask("GET", url)
    except NoAnswer:
        yield green("http", f"Nothing answers at {url}.")
        return
    if answer.is_redirect and answer.headers.get("Location", "").startswith("https://"):
        yield green("http", f"{url} leads to https.")
    else:
        yield red("http", f"{url} answers {answer.status} without TLS, instead of leading to https.", REDIRECT)
