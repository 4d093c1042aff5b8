"""Every path and method, known or not: slashes are optional, errors under /api are JSON, others stay HTML."""

import json

import pytest
from django.db import InterfaceError, OperationalError
from django.test import Client

from mentorq.tests.routes import API_ROUTES, METHODS, ROUTES, all_routes, database_down, error_of, path_of
from mentorq_backend.models import Feedback
from mentorq_users.tokens import RefreshToken, issue

NOT_FOUND = {"detail": "Not Found.", "code": "not_found"}
NO_TICKET = {"detail": "No Ticket matches the given query.", "code": "not_found"}
SERVER_ERROR = {"detail": "Internal Server Error.", "code": "internal_server_error"}
DOWN = {"detail": "The database does not answer. Please try again in a moment.", "code": "service_unavailable"}
NOT_A_DIRECTORS = {
    ("PATCH", "/api/feedback/<ticket>/"),
    ("GET", "/api/tickets/<pk>/slack-dm/"),
    ("HEAD", "/api/tickets/<pk>/slack-dm/"),
}
TICKET = {"title": "My build loops", "location": "Table 12"}


@pytest.fixture
def ticket(ada, mia, make_ticket):
    rated = make_ticket(ada, "CLOSED", mentor=mia)
    Feedback.objects.give(rated, rating=5)
    return rated


@pytest.fixture
def director(client_of, dan):
    """A client that may do everything, and sees a crash as the world would."""
    client = client_of(dan)
    client.raise_request_exception = False
    return client


@pytest.fixture
def crash(monkeypatch):
    """The statistics crash."""

    def divide(tickets):
        return len(tickets) / 0

    monkeypatch.setattr("mentorq_backend.stats.summary", divide)


# Routes and methods


def status_of(route, method):
    """What a director with an empty object for a body is answered, who owns no ticket and of whom LCS knows no token."""
    if method not in ROUTES[route].split():
        return 405
    if method == "POST":
        return 400
    if (method, route) == ("GET", "/api/live/"):
        return 404  # only mentorq.asgi serves it
    return 403 if (method, route) in NOT_A_DIRECTORS else 200


def test_the_routes_are_those_written_down():
    assert all_routes() == sorted(ROUTES)


@pytest.mark.parametrize("route", [route for route in ROUTES if route != "/admin/…"])
def test_a_route_takes_the_methods_written_down(director, ticket, route):
    path = path_of(route, ticket.pk)

    statuses = {method: director.generic(method, path, "{}", "application/json").status_code for method in METHODS}

    assert " ".join(method for method in METHODS if statuses[method] != 405) == ROUTES[route]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("route", [*API_ROUTES, "/healthz/", "/readyz/"])
def test_a_path_answers_with_and_without_its_slash_for_every_method(director, ticket, lcs, route, method):
    path = path_of(route, ticket.pk)

    with_slash = director.generic(method, path, "{}", "application/json")
    without = director.generic(method, path.removesuffix("/"), "{}", "application/json")

    assert (without.status_code, without.headers["Content-Type"]) == (
        with_slash.status_code,
        with_slash.headers["Content-Type"],
    )
    assert with_slash.status_code == status_of(route, method)


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize("route", API_ROUTES)
def test_a_method_that_a_route_does_not_take_is_405_in_json_and_says_which_it_takes(
    director, ticket, settings, route, debug
):
    settings.DEBUG = debug

    response = director.delete(path_of(route, ticket.pk))

    assert response.status_code == 405
    assert response.headers["Content-Type"] in {"application/json", "application/vnd.oai.openapi+json"}
    assert sorted(response.headers["Allow"].split(", ")) == ROUTES[route].split()
    detail = response.json() if route.endswith("/slack-dm/") else response.json()["detail"]
    assert detail in {'Method "DELETE" not allowed.', 'error: Method "DELETE" not allowed.', "Method Not Allowed."}


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_a_ticket_can_be_neither_replaced_nor_deleted(director, ticket, method, slash):
    response = director.generic(method, f"/api/tickets/{ticket.pk}{slash}", '{"title": "Mine"}', "application/json")

    expected = {"detail": f'Method "{method}" not allowed.', "code": "method_not_allowed"}
    assert error_of(response) == (405, "application/json", expected)
    ticket.refresh_from_db()
    assert ticket.title == "My build loops"


def test_the_api_needs_no_csrf_token(db):
    response = Client(enforce_csrf_checks=True).post("/api/auth/logout/", {"refresh": "x"}, "application/json")

    assert error_of(response) == (401, "application/json", {"detail": "Token is invalid", "code": "token_not_valid"})


# The index

INDEX = {
    "tickets": "https://mentorq.example/api/tickets/",
    "statistics": "https://mentorq.example/api/tickets/stats/",
    "feedback": "https://mentorq.example/api/feedback/",
    "leaderboard": "https://mentorq.example/api/feedback/leaderboard/",
    "queue": "https://mentorq.example/api/queue/",
    "live": "https://mentorq.example/api/live/",
    "token": "https://mentorq.example/api/auth/token/",
    "refresh": "https://mentorq.example/api/auth/refresh/",
    "logout": "https://mentorq.example/api/auth/logout/",
    "schema": "https://mentorq.example/api/schema/",
    "docs": "https://mentorq.example/api/docs/",
}


@pytest.mark.parametrize("path", ["/api", "/api/"])
@pytest.mark.parametrize("accept", ["text/html", "application/json"])
@pytest.mark.parametrize("token", ["", "Bearer x"])
def test_the_index_is_for_anyone_and_names_where_to_go_on(db, settings, path, accept, token):
    settings.ALLOWED_HOSTS = ["mentorq.example"]
    headers = {"accept": accept, "host": "mentorq.example", "Authorization": token}

    response = Client().get(path, headers=headers, secure=True)

    assert error_of(response) == (200, "application/json", INDEX)


def test_every_path_of_the_api_without_a_number_in_it_is_in_the_index():
    named = {url.removeprefix("https://mentorq.example") for url in INDEX.values()}

    assert named == {route for route in API_ROUTES if "<" not in route} - {"/api/"}


# Paths that are none


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize(
    "path",
    [
        "/api/nope", "/api/nope/", "/api//", "/api//tickets/", "/api/tickets//", "/api/tickets.json",
        "/api/%0a", "/api/%0a/", "/api/%00", "/api/%ff", "/api/%2e%2e/admin/", "/api/tickets%0a", "/api/tickets/abc",
        "/api/tickets/²/", "/api/tickets/-1", "/api/tickets/1.5/", "/api/tickets/%D9%A1/", "/api/tickets/1%0a",
        "/api/tickets/1%0a/", "/api/tickets/1/nope/", "/api/tickets/1/history/nope",
    ],
)  # fmt: skip
def test_an_unknown_path_is_404_in_json(client, settings, path, debug):
    settings.DEBUG = debug

    response = client.get(path, headers={"accept": "text/html"})

    assert error_of(response) == (404, "application/json", NOT_FOUND)


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize("number", [0, 2**31 - 1, 2**31, 2**32, 2**63 - 1, 2**63, 2**64, 10**25])
def test_a_ticket_that_is_not_there_is_404_in_json_whatever_its_number(director, settings, number, debug):
    settings.DEBUG = debug

    responses = [director.get(f"/api/tickets/{number}{rest}") for rest in ("", "/", "/history", "/history/")]

    assert [error_of(response) for response in responses] == [(404, "application/json", NO_TICKET)] * 4


def test_a_ticket_of_five_thousand_digits_is_404_in_json(director):
    responses = [director.get(f"/api/tickets/{'7' * 5000}{rest}") for rest in ("", "/", "/history")]

    expected = {"detail": "Not found.", "code": "not_found"}
    assert [error_of(response) for response in responses] == [(404, "application/json", expected)] * 3


def test_nobody_learns_without_a_token_which_tickets_there_are(client, ticket):
    paths = [f"/api/tickets/{number}" for number in (ticket.pk, 2**31, 2**63, "7" * 5000)]

    responses = [client.get(path) for path in paths]

    expected = {"detail": "Authentication credentials were not provided.", "code": "not_authenticated"}
    assert [error_of(response) for response in responses] == [(401, "application/json", expected)] * 4


# Whatever the client says it wants


@pytest.mark.parametrize(
    "accept", ["text/html", "application/xml", "image/*", "nonsense", "application/json; indent=x", ""]
)
@pytest.mark.parametrize("query", ["", "?format=xml", "?format=json", "?format=api"])
def test_the_answer_is_json_whatever_the_client_accepts(director, client, accept, query):
    answer = director.get(f"/api/tickets/{query}", headers={"accept": accept})
    refusal = client.get(f"/api/tickets/{query}", headers={"accept": accept})

    assert (answer.status_code, answer.headers["Content-Type"], answer.json()) == (200, "application/json", [])
    assert (refusal.status_code, refusal.headers["Content-Type"]) == (401, "application/json")


# Bodies

UNREADABLE = {
    "deep list": (b"[" * 100_000, "nested too deep"),
    "deep object": (b'{"a":' * 40_000, "nested too deep"),
    "not UTF-8": (b'{"a": "\xff"}', "'utf-8' codec can't decode byte 0xff in position 7: invalid start byte"),
    "UTF-16": ('{"a": 1}'.encode("utf-16-be"), "Expecting value: line 1 column 1 (char 0)"),
    "not a number": (b'{"a": NaN}', "Out of range float values are not JSON compliant: 'NaN'"),
    "infinity": (b'{"a": -Infinity}', "Out of range float values are not JSON compliant: '-Infinity'"),
    "truncated": (b'{"a": 1', "Expecting ',' delimiter: line 1 column 8 (char 7)"),
    "two documents": (b"{} {}", "Extra data: line 1 column 4 (char 3)"),
    "a form": (b"a=1", "Expecting value: line 1 column 1 (char 0)"),
}


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("/api/tickets/", "application/json"),
        ("/api/tickets/", "application/json; charset=utf-16"),
        ("/api/tickets/", "application/json; charset=nonsense"),
        ("/api/auth/token/", "application/json"),
        ("/api/auth/refresh", "application/json; charset=utf-8"),
        ("/api/auth/logout", "application/json"),
    ],
)
@pytest.mark.parametrize("name", UNREADABLE)
def test_a_body_that_is_no_json_in_utf_8_is_400(director, path, name, media_type):
    body, reason = UNREADABLE[name]

    response = director.generic("POST", path, body, media_type)

    expected = {"detail": f"JSON parse error - {reason}", "code": "parse_error"}
    assert error_of(response) == (400, "application/json", expected)


@pytest.mark.parametrize("debug", [False, True])
def test_half_a_surrogate_pair_is_400(director, ticket, settings, debug):
    settings.DEBUG = debug

    response = director.generic("PATCH", f"/api/tickets/{ticket.pk}", rb'{"status": "\ud800"}', "application/json")

    assert (response.status_code, response.headers["Content-Type"]) == (400, "application/json")


@pytest.mark.parametrize("body", [b"", b"{}"])
def test_an_empty_body_is_400_where_fields_are_required(director, body):
    response = director.generic("POST", "/api/tickets/", body, "application/json")

    required = ["This field is required."]
    assert error_of(response) == (400, "application/json", {"title": required, "location": required})


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"null", "No data provided"),
        (b"[]", "Invalid data. Expected a dictionary, but got list."),
        (b'"OPEN"', "Invalid data. Expected a dictionary, but got str."),
        (b"7", "Invalid data. Expected a dictionary, but got int."),
    ],
)
def test_json_that_is_no_object_is_400(director, ticket, body, reason):
    response = director.generic("PATCH", f"/api/tickets/{ticket.pk}", body, "application/json")

    assert error_of(response) == (400, "application/json", {"non_field_errors": [reason]})


@pytest.mark.parametrize("path", ["/api/tickets", "/api/auth/token", "/api/auth/refresh/", "/api/auth/logout/"])
def test_a_body_that_is_too_large_is_413(director, path):
    response = director.post(path, {"title": "x" * 300_000})

    assert error_of(response) == (413, "application/json", {"detail": "The body is too large.", "code": "too_large"})


def test_the_largest_ticket_is_not_too_large(director):
    largest = dict.fromkeys(("title", "comment", "contact", "location", "owner"), "🦉" * 2000)

    response = director.generic("POST", "/api/tickets/", json.dumps(largest), "application/json")

    assert response.status_code == 201
    assert {name: response.json()[name] for name in largest} == largest


@pytest.mark.parametrize("path", ["/api/tickets/", "/api/auth/token/", "/api/auth/refresh/", "/api/auth/logout/"])
@pytest.mark.parametrize(
    "media_type", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain", ""]
)
def test_a_body_that_does_not_claim_to_be_json_is_415(director, path, media_type):
    response = director.generic("POST", path, b"title=x", media_type)

    expected = {"detail": f'Unsupported media type "{media_type}" in request.', "code": "unsupported_media_type"}
    assert error_of(response) == (415, "application/json", expected)


# What goes wrong on our side


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize("accept", ["text/html", "application/json", "*/*"])
def test_a_crash_is_500_in_json_without_a_traceback(director, crash, settings, accept, debug):
    settings.DEBUG = debug

    response = director.get("/api/tickets/stats", headers={"accept": accept})

    assert error_of(response) == (500, "application/json", SERVER_ERROR)


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize("accept", ["text/html", "application/json"])
@pytest.mark.parametrize("path", ["/api/tickets", "/api/nope", "/api/docs/"])
def test_a_refused_host_is_400_in_json(client, settings, path, accept, debug):
    settings.DEBUG = debug

    response = client.get(path, headers={"host": "evil.example", "accept": accept})

    assert error_of(response) == (400, "application/json", {"detail": "Bad Request.", "code": "bad_request"})


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/tickets"), ("POST", "/api/tickets/"), ("GET", "/api/tickets/1"), ("PATCH", "/api/tickets/1/"),
        ("GET", "/api/tickets/1/history"), ("GET", "/api/tickets/stats/"), ("POST", "/api/auth/refresh"),
        ("POST", "/api/auth/logout/"), ("POST", "/api/auth/token"),
    ],
)  # fmt: skip
def test_a_database_that_breaks_is_503_and_says_when_to_try_again(director, dan, method, path, error):
    body = {**TICKET, "refresh": str(issue(RefreshToken, dan)), "email": "ada@example.edu", "lcs_token": "x"}

    with database_down(error):
        response = director.generic(method, path, json.dumps(body), "application/json")

    assert error_of(response) == (503, "application/json", DOWN)
    assert response.headers["Retry-After"] == "5"


def test_a_refused_host_leaves_no_traceback_in_the_log(client, db, logged):
    client.get("/api/tickets", headers={"Host": "scanner.example"})

    assert [json.loads(line)["message"].startswith("GET /api/tickets 400 ") for line in logged] == [True]


# Elsewhere errors are for people


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/nope", {}, 404),
        ("/apix", {}, 404),
        ("/API/tickets/", {}, 404),
        ("/healthz/nope", {}, 404),
        ("/admin/login/", {"host": "evil.example"}, 400),
    ],
)
@pytest.mark.parametrize("debug", [False, True])
def test_errors_outside_the_api_stay_html(client, settings, path, headers, status, debug):
    settings.DEBUG = debug

    response = client.get(path, headers={"accept": "text/html", **headers})

    assert (response.status_code, response.headers["Content-Type"].partition(";")[0]) == (status, "text/html")


def test_a_form_without_its_csrf_token_stays_html(db):
    response = Client(enforce_csrf_checks=True).post("/admin/login/")

    assert (response.status_code, response.headers["Content-Type"]) == (403, "text/html; charset=utf-8")


def test_why_the_database_broke_is_in_the_log(director, caplog):
    with database_down():
        director.get("/api/tickets/")

    record = next(record for record in caplog.records if record.name == "mentorq.exceptions")
    assert str(record.exc_info[1]) == "server closed the connection unexpectedly"
