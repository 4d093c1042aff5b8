"""Every answer under /api, errors included, may be read by a page of an allowed origin, and by no other page."""

import json

import pytest
from corsheaders.defaults import default_headers
from django.db import OperationalError, connection

from mentorq_users.throttles import TokenThrottle

ORIGIN = "http://localhost:3000"
READABLE = {
    "access-control-allow-origin": ORIGIN,
    "access-control-expose-headers": "ETag, Location, Retry-After, X-Request-ID",
}
LARGE = json.dumps({"title": "x" * 300_000})


@pytest.fixture
def ask(person, client_of, client):
    """Ask as somebody, or as nobody, from a page of that origin."""

    def get(name, method, path, body="", origin=ORIGIN, **headers):
        asker = client_of(person(name)) if name else client
        asker.raise_request_exception = False
        return asker.generic(method, path, body, "application/json", headers={"origin": origin, **headers})

    return get


def cors(response):
    """The headers that a browser reads before it lets a page read the answer."""
    return {name.lower(): value for name, value in response.headers.items() if name.lower().startswith("access-control-")}


ANSWERS = [
    (200, "dan", "GET", "/api/tickets", ""),
    (200, "dan", "GET", "/api/tickets/stats/", ""),
    (200, "dan", "HEAD", "/api/tickets/", ""),
    (200, None, "GET", "/api/schema/", ""),
    (201, "ada", "POST", "/api/tickets/", '{"title": "My build loops", "location": "Table 12"}'),
    (400, "dan", "POST", "/api/tickets", "{}"),
    (400, "dan", "POST", "/api/tickets/", "["),
    (400, "dan", "GET", "/api/tickets/stats/?created_after=soon", ""),
    (401, None, "GET", "/api/tickets", ""),
    (401, None, "POST", "/api/auth/refresh", '{"refresh": "x"}'),
    (403, "ada", "GET", "/api/tickets/stats", ""),
    (404, "dan", "GET", "/api/tickets/1", ""),
    (404, "dan", "PATCH", "/api/tickets/1/", '{"status": "CLAIMED"}'),
    (200, None, "GET", "/api", ""),
    (404, None, "GET", "/api/nope/", ""),
    (404, None, "POST", "/api/%0a", ""),
    (405, "dan", "DELETE", "/api/tickets/", ""),
    (405, None, "POST", "/api/docs", ""),
    (413, "dan", "POST", "/api/tickets/", LARGE),
    (413, None, "POST", "/api/auth/token", LARGE),
]


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize(("status", "name", "method", "path", "body"), ANSWERS)
def test_an_allowed_origin_may_read_the_answer(ask, settings, debug, status, name, method, path, body):
    settings.DEBUG = debug

    response = ask(name, method, path, body)

    assert (response.status_code, cors(response)) == (status, READABLE)
    assert "origin" in response.headers["Vary"]


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
@pytest.mark.parametrize("port", [3000, 5173])
def test_a_page_in_development_may_read_the_answer(ask, host, port):
    origin = f"http://{host}:{port}"

    response = ask("dan", "GET", "/api/tickets", origin=origin)

    assert cors(response) == {**READABLE, "access-control-allow-origin": origin}


def test_an_allowed_origin_may_read_a_conflict(ask, ada, mia, make_ticket):
    ticket = make_ticket(ada, "CLAIMED", mentor=mia)

    response = ask("max", "PATCH", f"/api/tickets/{ticket.pk}", '{"status": "CLAIMED"}')

    assert (response.status_code, cors(response)) == (409, READABLE)


def test_an_allowed_origin_may_read_that_it_asks_too_often(ask, lcs, monkeypatch):
    monkeypatch.setattr(TokenThrottle, "rate", "1/min", raising=False)
    body = json.dumps({"email": "often@example.edu", "lcs_token": "x"})

    responses = [ask(None, "POST", "/api/auth/token", body) for _ in range(2)]

    assert [(response.status_code, cors(response)) for response in responses] == [(401, READABLE), (429, READABLE)]


@pytest.mark.parametrize("debug", [False, True])
def test_an_allowed_origin_may_read_a_crash(ask, settings, monkeypatch, debug):
    monkeypatch.setattr("mentorq_backend.stats.summary", lambda tickets: len(tickets) / 0)
    settings.DEBUG = debug

    response = ask("dan", "GET", "/api/tickets/stats/")

    assert (response.status_code, cors(response)) == (500, READABLE)


@pytest.mark.parametrize("debug", [False, True])
def test_an_allowed_origin_may_read_that_the_host_is_refused(ask, settings, debug):
    settings.DEBUG = debug

    response = ask(None, "GET", "/api/tickets", host="evil.example")

    assert (response.status_code, cors(response)) == (400, READABLE)


def test_an_allowed_origin_may_read_that_the_database_is_down(person, client_of):
    def fail(*args):
        raise OperationalError("server closed the connection unexpectedly")

    asker = client_of(person("mia"))
    with connection.execute_wrapper(fail):
        response = asker.get("/api/tickets", headers={"origin": ORIGIN})

    assert (response.status_code, cors(response)) == (503, READABLE)


def test_an_allowed_origin_may_read_that_lcs_is_down(ask, lcs):
    lcs.fault = "html"

    response = ask(None, "POST", "/api/auth/token/", '{"email": "ada@example.edu", "lcs_token": "x"}')

    assert (response.status_code, cors(response)) == (503, READABLE)


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH"])
@pytest.mark.parametrize("path", ["/api/tickets/7", "/api/tickets/7/", "/api/tickets", "/api/auth/token", "/api/nope"])
def test_a_preflight_needs_no_token_and_allows_what_the_page_sends(client, path, method):
    headers = {
        "origin": ORIGIN,
        "access-control-request-method": method,
        "access-control-request-headers": "authorization, content-type",
    }

    response = client.options(path, headers=headers)

    assert response.status_code == 200
    assert cors(response) == {
        **READABLE,
        "access-control-allow-headers": ", ".join([*default_headers, "if-none-match", "last-event-id"]),
        "access-control-allow-methods": "DELETE, GET, OPTIONS, PATCH, POST, PUT",
        "access-control-max-age": "86400",
    }


OTHERS = [
    "https://evil.example",
    "http://localhost:3000.evil.example",
    "https://localhost:3000",
    "http://localhost",
    "http://testserver",
    "null",
]


@pytest.mark.parametrize("origin", OTHERS)
@pytest.mark.parametrize(
    ("name", "path", "status"), [("dan", "/api/tickets", 200), (None, "/api/tickets", 401), (None, "/api/nope", 404)]
)
def test_a_page_of_another_origin_may_read_nothing(ask, name, path, status, origin):
    response = ask(name, "GET", path, origin=origin)

    assert (response.status_code, cors(response)) == (status, {})
    assert "origin" in response.headers["Vary"]  # so that no cache gives this answer to the page that may


@pytest.mark.parametrize("origin", OTHERS)
def test_a_page_of_another_origin_passes_no_preflight(client, origin):
    headers = {"origin": origin, "access-control-request-method": "PATCH"}

    response = client.options("/api/tickets/7", headers=headers)

    assert cors(response) == {}


@pytest.mark.parametrize(
    ("path", "status"), [("/", 302), ("/healthz", 200), ("/admin/login/", 200), ("/apix", 404), ("/nope", 404)]
)
def test_no_page_reads_what_is_not_the_api(ask, path, status):
    response = ask(None, "GET", path)

    assert (response.status_code, cors(response)) == (status, {})


def test_the_origins_are_those_of_the_setting(ask, settings):
    settings.CORS_ALLOWED_ORIGINS = ["https://mentorq.hackru.example"]

    allowed = ask("dan", "GET", "/api/tickets", origin="https://mentorq.hackru.example")
    former = ask("dan", "GET", "/api/tickets", origin=ORIGIN)

    assert cors(allowed) == {**READABLE, "access-control-allow-origin": "https://mentorq.hackru.example"}
    assert cors(former) == {}
