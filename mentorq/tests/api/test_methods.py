"""Methods that are none of ours, and other ways to smuggle one: refused in JSON, and nothing changes."""

import json

import pytest

from mentorq.tests.routes import API_ROUTES, ROUTES, path_of
from mentorq.tests.rows import rows

ODD = ["BREW", "CONNECT", "DELETE", "LINK", "M-SEARCH", "PROPFIND", "PUT", "QUERY", "TRACE", "X" * 1000]
NAMES = ["", "ada", "mia", "olga", "dan"]
PUBLIC = [
    "/api/",
    *(
        route
        for route in API_ROUTES
        if route.startswith(("/api/auth/", "/api/docs/", "/api/live/", "/api/queue/", "/api/schema/"))
    ),
]
# Who may not read these learns that first.
SOONER = {
    **{(route, ""): 401 for route in API_ROUTES if route not in PUBLIC},
    **{("/api/tickets/stats/", name): 403 for name in ("ada", "mia", "olga")},
}
OVERRIDES = ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "X-Original-Method"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("route", API_ROUTES)
def test_a_method_that_is_none_is_refused_in_json_and_changes_nothing(sender, effective, rated, route, name):
    client = sender(name)
    before = rows()

    answers = [client.generic(method, path_of(route, rated.pk), "{}", "application/json") for method in ODD]

    assert [answer.status_code for answer in answers] == [SOONER.get((route, name), 405)] * len(ODD)
    assert ["json" in answer.headers["Content-Type"] and bool(answer.json()) for answer in answers] == [True] * len(ODD)
    assert rows() == before


@pytest.mark.parametrize("name", ["ada", "dora"])
@pytest.mark.parametrize("override", OVERRIDES)
def test_a_header_makes_no_other_method_of_a_request(sender, effective, override, name):
    path, good = effective["PATCH /api/tickets/{id}/"]
    client, text = sender(name), json.dumps(good)
    before = rows()

    read = client.get(path, headers={override: "DELETE"})
    patched = client.generic("GET", path, text, "application/json", headers={override: "PATCH"})
    posted = client.generic("POST", path, text, "application/json", headers={override: "PATCH"})
    deleted = client.generic("POST", path, text, "application/json", headers={override: "DELETE"})

    assert [answer.status_code for answer in (read, patched, posted, deleted)] == [200, 200, 405, 405]
    assert read.json() == patched.json()
    assert rows() == before


@pytest.mark.parametrize("name", ["ada", "dora"])
@pytest.mark.parametrize("parameter", ["_method", "_httpmethod", "X-HTTP-Method-Override"])
def test_a_parameter_makes_no_other_method_of_a_request(sender, effective, parameter, name):
    path, good = effective["PATCH /api/tickets/{id}/"]
    client, text = sender(name), json.dumps({**good, parameter: "PATCH"})
    before = rows()

    answers = [
        client.generic("GET", f"{path}?{parameter}=PATCH", text, "application/json"),
        client.generic("POST", f"{path}?{parameter}=PATCH", text, "application/json"),
        client.generic("POST", path, f"{parameter}=PATCH&status=CANCELLED", "application/x-www-form-urlencoded"),
        client.generic("POST", f"/api/tickets/?{parameter}=DELETE", "{}", "application/json"),
    ]

    assert [answer.status_code for answer in answers] == [200, 405, 405, 400]
    assert rows() == before


def test_a_method_in_lower_case_is_the_method_and_no_silent_nothing(sender, effective):
    path, good = effective["PATCH /api/tickets/{id}/"]

    answer = sender("ada").generic("patch", path, json.dumps(good), "application/json")

    assert (answer.status_code, answer.json()["status"]) == (200, "CANCELLED")


@pytest.mark.parametrize("route", [route for route in API_ROUTES if "HEAD" in ROUTES[route]])
def test_head_says_what_get_says_without_a_body(sender, lcs, ada, mia, make_ticket, route):
    ticket = make_ticket(ada, "CLAIMED", mentor=mia)
    client = sender("dan")

    got, head = client.get(path_of(route, ticket.pk)), client.head(path_of(route, ticket.pk))

    assert (head.status_code, head.headers["Content-Type"], head.content) == (
        got.status_code,
        got.headers["Content-Type"],
        b"",
    )
