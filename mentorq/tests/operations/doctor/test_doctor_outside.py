"""What `manage.py doctor --url` says of mistakes in front of the server. Each is planted into a proxy that is all green."""

import re
import time
from io import StringIO

import pytest
from django.core.management import call_command
from django.core.signing import TimestampSigner

from mentorq.operations.doctor import outside, tls
from mentorq.operations.doctor.findings import Finding, Level
from mentorq.operations.doctor.question import FORGED, HEADER, headers_of_question
from mentorq.tests.certificates import Certificates
from mentorq.tests.operations.doctor.fronts import Front, on_plain_http
from mentorq.tests.servers import free_ports

FRONTEND, OTHER = "https://frontend.example", "https://other.example"
APPEND = "`proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;`"
PROTO = "Let the proxy set it: `proxy_set_header X-Forwarded-Proto $scheme;`."
PREFLIGHT = (
    "Restart the server after a change of CORS_ALLOWED_ORIGINS, and let the proxy pass OPTIONS on and set no"
    " Access-Control headers itself."
)
OWN_ERRORS = "Let the proxy pass our errors on: `client_max_body_size 300k;`, and no `proxy_intercept_errors`."
UNBUFFERED = "Switch buffering off for /api/live/: `proxy_buffering off;`."
ROUTE = "Start the live process, and let the proxy send /api/live/ to it (docs/operations.md). Until then clients poll."
CERTIFICATE = (
    "Serve a certificate for this host that browsers trust, with its whole chain. If it comes from a CA of your own, name"
    " that with --ca FILE."
)


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def front(committed, healthy, monkeypatch, certificates):
    """A proxy and its server, as docs/operations.md has them."""
    healthy.ALLOWED_HOSTS = ["localhost"]
    healthy.REST_FRAMEWORK = {**healthy.REST_FRAMEWORK, "NUM_PROXIES": 1}
    monkeypatch.setenv("ALLOWED_HOSTS", "localhost")
    with Front(certificates).serving() as server:
        yield server


@pytest.fixture
def doctor(front, certificates):
    """Run it on that front; return its lines about the outside, and the exit status."""

    def look(ca=certificates.ca):
        out, code = StringIO(), 0
        url = f"https://localhost:{front.server_port}"
        try:
            call_command("doctor", url=url, ca=str(ca or ""), stdout=out, no_color=True)
        except SystemExit as end:
            code = end.code
        lines = out.getvalue().replace(url, "https://localhost").splitlines()
        return lines[lines.index(next(line for line in lines if " TLS: " in line)) :], code

    return look


@pytest.fixture
def wrong(doctor):
    """The lines about the outside that are not green, each with its remedy, and the exit status."""

    def look(**options):
        lines, code = doctor(**options)
        return re.findall(r"^((?:amber|red) .*)\n {7}(.*)$", "\n".join(lines), re.MULTILINE), code

    return look


def test_a_healthy_proxy_is_green_from_top_to_bottom(doctor):
    assert doctor() == (
        [
            "green  TLS: The certificate of localhost is trusted, for 90 more days.",
            "green  server: https://localhost/api/ answers, and knows its host and that TLS is in front.",
            "green  CORS: A page of https://frontend.example may call the API.",
            "green  NUM_PROXIES: NUM_PROXIES is 1, and 1 proxy adds to X-Forwarded-For.",
            "green  desk: Its forms are accepted.",
            "green  stream: It comes unbuffered.",
            "green  metrics: Strangers may not read them.",
        ],
        0,
    )


# TLS


def test_a_certificate_of_an_unknown_ca_and_then_nothing_else_is_asked(wrong, front):
    line = "red    TLS: The certificate of localhost is not trusted: unable to get local issuer certificate."
    assert wrong(ca=None) == ([(line, CERTIFICATE)], 1)
    assert front.asked == []


def test_a_certificate_that_has_expired(wrong, certificates, tmp_path):
    old = Certificates(tmp_path, days=-2)

    with Front(old).serving() as front:
        (finding,) = tls.tls(tls.Target("localhost", front.server_port, str(old.ca)))

    text = "The certificate of localhost is not trusted: certificate has expired."
    assert finding == Finding(Level.RED, "TLS", text, CERTIFICATE)


def test_a_certificate_that_expires_soon(tmp_path):
    soon = Certificates(tmp_path, days=13)

    with Front(soon).serving() as front:
        (finding,) = tls.tls(tls.Target("localhost", front.server_port, str(soon.ca)))

    remedy = "Renew the certificate, and look why that did not happen by itself."
    assert finding == Finding(Level.AMBER, "TLS", "The certificate of localhost is trusted, for 13 more days.", remedy)


def test_a_port_where_nobody_listens():
    (port,) = free_ports(1)

    (finding,) = tls.tls(tls.Target("127.0.0.1", port))

    text = f"https://127.0.0.1:{port} cannot be reached: the connection is refused."
    remedy = "Correct --url, or look whether DNS, the firewall and the proxy let people through."
    assert finding == Finding(Level.RED, "TLS", text, remedy)


def test_a_name_that_does_not_resolve():
    (finding,) = tls.tls(tls.Target("mentorq.invalid"))

    assert finding.text == "https://mentorq.invalid cannot be reached: the name does not resolve."
    assert finding.level == Level.RED


@pytest.mark.parametrize(
    ("answer", "level"),
    [
        (b"301 Moved Permanently\r\nLocation: https://mentorq.example/api/", Level.GREEN),
        (b"301 Moved Permanently\r\nLocation: http://mentorq.example/api/", Level.RED),
        (b"200 OK", Level.RED),
    ],
)
def test_plain_http_must_lead_to_https(answer, level):
    with on_plain_http(b"HTTP/1.1 " + answer + b"\r\nContent-Length: 0\r\n\r\n") as url:
        (finding,) = tls.on_plain(url)

    status = answer[:3].decode()
    said = f"{url} answers {status} without TLS, instead of leading to https."
    assert (finding.level, finding.text) == (level, said if level == Level.RED else f"{url} leads to https.")


# The proxy


@pytest.mark.parametrize("faults", [{"no proto"}, {"no proto", "no port"}])
def test_a_proxy_that_does_not_say_that_it_speaks_tls(wrong, front, faults):
    front.faults = faults

    line = "red    X-Forwarded-Proto: The server redirects https to https for ever: it hears nothing of TLS."
    assert wrong() == ([(line, PROTO)], 1)


def test_the_same_if_the_server_does_not_redirect(wrong, front, settings):
    settings.SECURE_SSL_REDIRECT = False
    front.start_server()
    front.faults = {"no proto"}

    found, code = wrong()

    line = "red    X-Forwarded-Proto: The server hears nothing of TLS, and names its URLs with http."
    assert (found[0], code) == ((line, PROTO), 1)


def test_a_host_that_is_not_in_allowed_hosts(wrong, settings):
    settings.ALLOWED_HOSTS = ["mentorq.example"]

    found, code = wrong()

    line = "red    hosts: The server refuses the host that it hears for https://localhost."
    remedy = (
        "Put localhost into ALLOWED_HOSTS, and let the proxy pass the name on: `proxy_set_header Host $host:$server_port;`."
    )
    assert (found[0], code) == ((line, remedy), 1)


def test_a_proxy_that_does_not_pass_the_host_on(wrong, front, settings):
    settings.ALLOWED_HOSTS = ["localhost", "upstream"]
    front.faults = {"no host"}

    found, code = wrong()

    line, remedy = found[0]
    assert re.fullmatch(r"red    hosts: The server takes upstream for its host, not localhost:\d+\.", line)
    assert remedy.startswith("Put localhost into ALLOWED_HOSTS, and let the proxy pass the name on")
    # Django compares the page's origin with the host.
    refused = "red    desk: Its forms are refused with 403."
    assert (found[1], code) == (
        (refused, "Put https://localhost into CSRF_TRUSTED_ORIGINS, and restart the server."),
        1,
    )


def test_a_proxy_whose_server_is_down(wrong, front):
    front.faults = {"down"}

    found, code = wrong()

    remedy = "Look whether the server runs, and at the proxy's log."
    assert (found[0], code) == (("red    server: https://localhost/api/ answers 502.", remedy), 1)


def test_a_server_that_talks_nonsense_does_not_end_the_doctor(wrong, front):
    front.faults = {"odd"}

    found, code = wrong()

    abouts = [line.split(":")[0].split()[1] for line, _ in found]
    assert (abouts, code) == (["server", "CORS", "NUM_PROXIES"], 1)


# CORS


def test_an_origin_without_its_cors_header(wrong, front):
    front.faults = {"no CORS"}

    found, code = wrong()

    line = (
        "red    CORS: A browser lets no page of https://frontend.example call the API:"
        " 200, Access-Control-Allow-Origin is missing."
    )
    assert (found[0], code) == ((line, PREFLIGHT), 1)
    unreadable = "red    CORS: A page cannot read our 404: 404 application/json, Access-Control-Allow-Origin is missing."
    assert found[1] == (unreadable, OWN_ERRORS)


def test_a_server_that_was_started_before_an_origin_was_added(doctor, front, monkeypatch):
    """The middleware reads the setting at each request, so the doctor's own is changed."""
    monkeypatch.setattr(outside, "settings", Settings([FRONTEND, OTHER]))

    lines, code = doctor()

    green = f"green  CORS: A page of {FRONTEND} may call the API."
    red = f"red    CORS: A browser lets no page of {OTHER} call the API: 200, Access-Control-Allow-Origin is missing."
    assert (green in lines, lines[lines.index(red) + 1].strip(), code) == (True, PREFLIGHT, 1)


class Settings:
    def __init__(self, origins):
        self.CORS_ALLOWED_ORIGINS = origins


def test_a_proxy_that_refuses_large_bodies_itself(wrong, front):
    front.faults = {"small bodies"}

    line = "red    CORS: A page cannot read our 413: 413 text/html, Access-Control-Allow-Origin is missing."
    assert wrong() == ([(line, OWN_ERRORS)], 1)


def test_several_mistakes_at_once_are_each_named(wrong, front, monkeypatch):
    monkeypatch.setattr(outside, "STREAM_SECONDS", 0.5)
    front.faults = {"no proto", "no address", "small bodies", "buffers"}

    assert [line.split(":")[0] for line, _ in wrong()[0]] == [
        "red    X-Forwarded-Proto", "red    CORS", "red    NUM_PROXIES", "red    stream",
    ]  # fmt: skip


# NUM_PROXIES


@pytest.mark.parametrize(
    ("number", "faults", "line", "remedy"),
    [
        (0, set(), "NUM_PROXIES is 0, and 1 proxy adds to X-Forwarded-For: all clients share a proxy's tries to sign in.",
         "NUM_PROXIES=1"),
        (2, set(), "NUM_PROXIES is 2, and 1 proxy adds to X-Forwarded-For: clients can choose their address, and escape the"
         " limit of sign-ins.", f"NUM_PROXIES=1, or, if 2 stand in front, let each append: {APPEND}."),
        (1, {"no address"}, "NUM_PROXIES is 1, and 0 proxies add to X-Forwarded-For: clients can choose their address, and"
         " escape the limit of sign-ins.", f"NUM_PROXIES=0, or, if 1 stand in front, let each append: {APPEND}."),
        (0, {"no address"}, "A proxy stands in front, but does not say for whom it asks: all clients share its address.",
         f"Let it say so: {APPEND}. Then set NUM_PROXIES=1."),
    ],
)  # fmt: skip
def test_a_number_of_proxies_that_is_not_theirs(wrong, front, settings, number, faults, line, remedy):
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "NUM_PROXIES": number}
    front.faults = faults

    assert wrong() == ([(f"red    NUM_PROXIES: {line}", remedy)], 1)


def test_a_server_with_another_key(wrong, monkeypatch):
    monkeypatch.setattr("mentorq.operations.doctor.outside.headers_of_question", lambda: {HEADER: "x:y:z"})

    line = "amber  NUM_PROXIES: The server does not answer the doctor's question: it has another SECRET_KEY."
    remedy = "Run this with the server's environment, and restart the server after an upgrade: docs/operations.md."
    assert wrong() == ([(line, remedy)], 0)


# The stream


def test_a_stream_that_a_proxy_buffers(wrong, front, monkeypatch):
    monkeypatch.setattr(outside, "STREAM_SECONDS", 0.5)
    front.faults = {"buffers"}

    assert wrong() == ([("red    stream: Nothing of it comes within 0.5 s: the proxy keeps it.", UNBUFFERED)], 1)


def test_a_stream_that_is_not_routed_to_its_process(wrong, front):
    front.faults = {"not routed"}

    assert wrong() == ([("amber  stream: /api/live/ answers 404.", ROUTE)], 0)


# The question


def asked(client, **headers):
    return client.get("/readyz", headers={"X-Forwarded-For": FORGED, **headers}).json().get("doctor")


def test_a_signed_question_hears_how_the_server_sees_it(client, db):
    seen = asked(client, **headers_of_question(), **{"X-Forwarded-Proto": "https"})

    assert seen == {"forwarded": [FORGED], "num_proxies": 0, "proto": "https"}


@pytest.mark.parametrize("question", ["", "x", "how do you see me?", "how do you see me?:1vQ0aa:c2lnbmVk"])
def test_a_stranger_hears_nothing_of_it(client, db, question):
    assert asked(client, **{HEADER: question}) is None


def test_neither_does_a_signature_that_was_made_for_something_else(client, db):
    assert asked(client, **{HEADER: TimestampSigner().sign("how do you see me?")}) is None


def test_an_old_question_is_not_answered(client, db, monkeypatch):
    now = time.time()
    with monkeypatch.context() as earlier:
        earlier.setattr("django.core.signing.time.time", lambda: now - 121)
        question = headers_of_question()

    assert asked(client, **question) is None
