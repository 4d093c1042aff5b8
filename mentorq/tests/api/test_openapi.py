"""The OpenAPI document says what the API does, and its page needs no internet."""

import json
import re
import threading
from html.parser import HTMLParser

import pytest
import yaml
from django.conf import settings
from django.core.management import call_command
from drf_spectacular.generators import SchemaGenerator
from jsonschema import Draft202012Validator
from rest_framework.test import APIClient

from mentorq.api.views import generated
from mentorq.tests.routes import API_ROUTES, ROUTES
from mentorq_backend.models import Feedback
from mentorq_users.throttles import TokenThrottle

PATH = settings.BASE_DIR / "docs" / "openapi.yml"
DOCUMENT = yaml.safe_load(PATH.read_text(encoding="utf-8"))
OPERATIONS = {
    f"{method.upper()} {path}": operation
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
}


def resolved(response):
    """A response of the document, which may be a reference to a component."""
    return DOCUMENT["components"]["responses"][response["$ref"].rpartition("/")[2]] if "$ref" in response else response


def media_types():
    """Yield each place of the document that holds a body, by name: a request, or an answer with its status."""
    for name, operation in OPERATIONS.items():
        for media_type in operation.get("requestBody", {}).get("content", {}).values():
            yield name, media_type
        for status, response in operation["responses"].items():
            for media_type in resolved(response).get("content", {}).values():
                yield f"{name} {status}", media_type


EXAMPLES = {
    f"{place} {name}": (media_type["schema"], example["value"])
    for place, media_type in media_types()
    for name, example in media_type.get("examples", {}).items()
}


def as_json_schema(node):
    """OpenAPI 3.0's schema as JSON Schema, which has no `nullable`."""
    if isinstance(node, list):
        return [as_json_schema(item) for item in node]
    if not isinstance(node, dict):
        return node
    schema = {key: as_json_schema(value) for key, value in node.items() if key != "nullable"}
    return {"anyOf": [schema, {"type": "null"}]} if node.get("nullable") is True else schema


def misfits(body, schema):
    """What the document's schema would not have said of this body."""
    root = as_json_schema({**schema, "components": DOCUMENT["components"]})
    validator = Draft202012Validator(root, format_checker=Draft202012Validator.FORMAT_CHECKER)
    return [error.message for error in validator.iter_errors(body)]


class Resources(HTMLParser):
    """The URLs that a page makes a browser fetch."""

    def __init__(self):
        super().__init__()
        self.urls = []

    def handle_starttag(self, tag, attrs):
        name = {"link": "href", "script": "src", "img": "src", "iframe": "src"}.get(tag)
        self.urls += [value for key, value in attrs if key == name]


def resources_of(html):
    parser = Resources()
    parser.feed(html)
    return parser.urls


def test_the_committed_document_is_what_the_code_says_now(tmp_path):
    generated = tmp_path / "openapi.yml"

    call_command("spectacular", "--validate", "--fail-on-warn", file=str(generated))

    message = "docs/openapi.yml is behind the code: run `make openapi`, look at the difference and commit it"
    assert PATH.read_text(encoding="utf-8") == generated.read_text(encoding="utf-8"), message


def test_every_route_of_the_api_is_in_the_document_with_its_methods():
    routes = {
        route.replace("<pk>", "{id}").replace("<", "{").replace(">", "}"): ROUTES[route]
        for route in API_ROUTES
        if route not in ("/api/", "/api/docs/", "/api/schema/")
    }

    documented = {path: {method.upper() for method in operations} for path, operations in DOCUMENT["paths"].items()}

    assert documented == {path: set(methods.split()) - {"HEAD", "OPTIONS"} for path, methods in routes.items()}


SECURITY = {
    **{path: [] for path in ("/api/auth/token/", "/api/auth/refresh/", "/api/auth/logout/")},
    **{path: [{}, {"jwtAuth": []}] for path in ("/api/queue/", "/api/live/")},  # a token is optional
}


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_operation_says_what_it_does_and_how_it_fails(operation):
    described = OPERATIONS[operation]

    method, path = operation.split()
    errors = {"401", "503"} | ({"400", "413", "415"} if method in ("POST", "PATCH") else set())
    assert described["summary"]
    assert described["description"] != "`/api/tickets/…`."
    assert errors <= set(described["responses"])
    assert described["security"] == SECURITY.get(path, [{"jwtAuth": []}])


def test_operations_come_in_the_order_in_which_one_meets_them():
    assert list(OPERATIONS) == [
        "POST /api/auth/token/",
        "POST /api/auth/refresh/",
        "POST /api/auth/logout/",
        "GET /api/tickets/",
        "POST /api/tickets/",
        "GET /api/tickets/{id}/",
        "PATCH /api/tickets/{id}/",
        "GET /api/tickets/{id}/history/",
        "GET /api/feedback/",
        "POST /api/feedback/",
        "GET /api/feedback/{ticket}/",
        "PATCH /api/feedback/{ticket}/",
        "GET /api/tickets/{id}/slack-dm/",
        "GET /api/feedback/leaderboard/",
        "GET /api/queue/",
        "GET /api/tickets/stats/",
        "GET /api/live/",
    ]


def test_every_tag_is_described_and_in_use():
    used = [tag for operation in OPERATIONS.values() for tag in operation["tags"]]

    assert [tag["name"] for tag in DOCUMENT["tags"]] == ["auth", "tickets", "feedback", "queue", "live", "statistics"]
    assert {tag["name"] for tag in DOCUMENT["tags"] if tag["description"]} == set(used)


def test_every_error_is_described_once():
    errors = [
        response
        for operation in OPERATIONS.values()
        for status, response in operation["responses"].items()
        if status >= "400"
    ]
    components = DOCUMENT["components"]["responses"]

    assert [list(error) for error in errors if list(error) != ["$ref"]] == []
    assert {error["$ref"] for error in errors} == {f"#/components/responses/{name}" for name in components}
    assert len({repr(component) for component in components.values()}) == len(components)


def test_the_answers_that_ask_for_patience_have_retry_after():
    waiting = {
        (status, tuple(resolved(response).get("headers", ())))
        for operation in OPERATIONS.values()
        for status, response in operation["responses"].items()
        if status >= "400"
    }

    assert {status for status, headers in waiting if headers} == {"429", "503"}
    assert {headers for status, headers in waiting if status in ("429", "503")} == {("Retry-After",)}


@pytest.mark.parametrize("slash", ["", "/"])
def test_the_document_is_served_to_anyone_as_json(client, slash):
    response = client.get(f"/api/schema{slash}", headers={"accept": "text/html"})

    assert (response.status_code, response.headers["Content-Type"]) == (200, "application/vnd.oai.openapi+json")
    assert json.loads(response.content) == DOCUMENT
    assert re.fullmatch(r"3\.0\.\d", DOCUMENT["openapi"])


@pytest.fixture
def generators(monkeypatch):
    """The names of the threads that generated the document, which nobody has asked for yet."""
    names, generate = [], SchemaGenerator.get_schema

    def get_schema(*args, **kwargs):
        names.append(threading.current_thread().name)
        return generate(*args, **kwargs)

    generated.cache_clear()
    monkeypatch.setattr(SchemaGenerator, "get_schema", get_schema)
    yield names
    generated.cache_clear()


def test_the_document_is_generated_once_whoever_asks_and_however(client, client_of, dan, generators):
    paths = ["/api/schema/", "/api/schema", "/api/schema/?version=2", "/api/schema/?lang=de", "/api/schema/?format=x"]

    answers = [asked.get(path, headers={"host": "localhost"}) for path in paths for asked in (client, client_of(dan))]

    assert {answer.content for answer in answers} == {answers[0].content}
    assert [answer.status_code for answer in answers] == [200] * 10
    assert len(generators) == 1


def test_the_document_is_generated_once_for_many_who_ask_at_once(at_once, generators):
    answers = at_once([lambda: APIClient().get("/api/schema/").content] * 4)

    assert (len(set(answers)), len(generators)) == (1, 1)


@pytest.mark.parametrize("slash", ["", "/"])
def test_the_page_is_served_to_anyone_as_html(client, slash):
    response = client.get(f"/api/docs{slash}", headers={"accept": "application/json"})

    assert (response.status_code, response.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert "<title>MentorQ</title>" in response.content.decode()


def test_the_page_finds_all_it_needs_on_this_server(client):
    urls = resources_of(client.get("/api/docs/").content.decode())

    assert urls == [
        "/static/drf_spectacular_sidecar/swagger-ui-dist/favicon-32x32.png",
        "/static/drf_spectacular_sidecar/swagger-ui-dist/swagger-ui.css",
        "/static/mentorq/docs.css",
        "/static/mentorq/docs.js",
        "/static/drf_spectacular_sidecar/swagger-ui-dist/swagger-ui-bundle.js",
        "/static/drf_spectacular_sidecar/swagger-ui-dist/swagger-ui-standalone-preset.js",
        "/api/docs/?script=",
    ]
    for url in urls:
        response = client.get(url)
        assert (url, response.status_code, response.getvalue() != b"") == (url, 200, True)


def test_the_page_asks_no_other_server(client):
    page = client.get("/api/docs/").content.decode()
    script = client.get("/api/docs/?script=").content.decode()
    sheets = [url for url in resources_of(page) if url.endswith(".css")]
    style = "".join(client.get(url).getvalue().decode() for url in sheets)

    assert len(sheets) == 2
    assert re.findall(r"https?://", page + script) == []
    assert re.findall(r"@import|url\(\s*[\"']?(?:https?:)?//", style) == []
    assert re.findall(r'url: "(.*?)"', script) == ["/api/schema/"]


def test_the_document_has_examples_of_what_people_send():
    assert sorted(EXAMPLES) == [
        "PATCH /api/tickets/{id}/ ClaimIt",
        "PATCH /api/tickets/{id}/ CloseIt",
        "PATCH /api/tickets/{id}/ HandItOver(organizers)",
        "POST /api/auth/token/ 200 SignedIn",
        "POST /api/auth/token/ AHacker",
        "POST /api/feedback/ FourAndAHalfStars",
        "POST /api/tickets/ AHackerWhoIsStuck",
    ]


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_example_fits_its_schema_and_names_only_its_fields(name):
    schema, example = EXAMPLES[name]
    properties = DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]]["properties"]

    assert misfits(example, schema) == []
    assert set(example) - set(properties) == set()


# The answers that people get fit the document too


def errors_of(response, operation):
    """What the document would not have said of this answer."""
    documented = resolved(OPERATIONS[operation]["responses"][str(response.status_code)])
    missing = [f"no {name}" for name in documented.get("headers", {}) if name not in response.headers]
    return missing + misfits(response.json(), documented["content"]["application/json"]["schema"])


@pytest.mark.parametrize(
    ("name", "path", "operation"),
    [
        ("mia", "/api/tickets", "GET /api/tickets/"),
        ("ada", "/api/tickets/{pk}", "GET /api/tickets/{id}/"),
        ("grace", "/api/tickets/{pk}", "GET /api/tickets/{id}/"),
        ("olga", "/api/tickets/{pk}/history", "GET /api/tickets/{id}/history/"),
        ("ada", "/api/tickets/{pk}/history", "GET /api/tickets/{id}/history/"),
        ("dan", "/api/tickets/stats", "GET /api/tickets/stats/"),
        ("dan", "/api/tickets/stats?created_after=2999-01-01T00:00:00Z", "GET /api/tickets/stats/"),
        ("dan", "/api/tickets/stats?created_after=soon", "GET /api/tickets/stats/"),
        ("mia", "/api/tickets/stats", "GET /api/tickets/stats/"),
        ("mia", "/api/tickets?limit=1", "GET /api/tickets/"),
        ("mia", "/api/tickets?limit=x", "GET /api/tickets/"),
        ("ada", "/api/queue", "GET /api/queue/"),
        ("ada", "/api/feedback", "GET /api/feedback/"),
        ("ada", "/api/feedback/{pk}", "GET /api/feedback/{ticket}/"),
        ("grace", "/api/feedback/{pk}", "GET /api/feedback/{ticket}/"),
        ("grace", "/api/feedback/leaderboard?limit=3", "GET /api/feedback/leaderboard/"),
        ("grace", "/api/feedback/leaderboard?limit=x", "GET /api/feedback/leaderboard/"),
        ("ada", "/api/tickets/{pk}/slack-dm", "GET /api/tickets/{id}/slack-dm/"),
        ("grace", "/api/tickets/{pk}/slack-dm", "GET /api/tickets/{id}/slack-dm/"),
    ],
)
def test_what_is_read_fits_the_document(person, client_of, ada, mia, make_ticket, name, path, operation):
    ticket = make_ticket(ada, "CLOSED", mentor=mia)
    Feedback.objects.give(ticket, rating=4.5)

    response = client_of(person(name)).get(path.format(pk=ticket.pk))

    assert errors_of(response, operation) == []


def test_what_opening_a_ticket_twice_answers_fits_the_document(client_of, ada):
    body = {"title": "Stuck", "location": "Table 1"}

    responses = [client_of(ada).post("/api/tickets", body) for _ in range(2)]

    assert [response.status_code for response in responses] == [201, 200]
    assert [errors_of(response, "POST /api/tickets/") for response in responses] == [[], []]


@pytest.mark.parametrize(
    ("name", "body", "status"),
    [
        ("max", {"status": "CLAIMED"}, 200),
        ("mia", {"status": "OPEN"}, 200),
        ("ada", {"status": "CLAIMED"}, 403),
        ("max", {"status": "GONE"}, 400),
        ("max", [], 400),
        ("grace", {"status": "CLAIMED"}, 404),
    ],
)
def test_what_a_move_answers_fits_the_document(person, client_of, ada, make_ticket, name, body, status):
    ticket = make_ticket(ada)

    response = client_of(person(name)).patch(f"/api/tickets/{ticket.pk}", body)

    assert (response.status_code, errors_of(response, "PATCH /api/tickets/{id}/")) == (status, [])


@pytest.mark.parametrize("status", ["CLAIMED", "CLOSED"])
def test_what_a_conflict_answers_fits_the_document(client_of, ada, mia, max_, make_ticket, status):
    ticket = make_ticket(ada, status, mentor=mia)

    response = client_of(max_).patch(f"/api/tickets/{ticket.pk}", {"status": "CLAIMED"})

    assert (response.status_code, errors_of(response, "PATCH /api/tickets/{id}/")) == (409, [])


@pytest.mark.parametrize(("fault", "statuses"), [("", [401, 429]), ("html", [503, 429])])
def test_what_a_refused_sign_in_answers_fits_the_document(db, client, lcs, monkeypatch, fault, statuses):
    monkeypatch.setattr(TokenThrottle, "rate", "1/min", raising=False)
    lcs.fault = fault
    body = {"email": "ada@example.edu", "lcs_token": "x"}

    responses = [client.post("/api/auth/token", body, "application/json") for _ in range(2)]

    assert [response.status_code for response in responses] == statuses
    assert [errors_of(response, "POST /api/auth/token/") for response in responses] == [[], []]
