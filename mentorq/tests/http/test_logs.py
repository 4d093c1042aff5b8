"""What is logged of a request: an id that its answer has too, who, what and how long, and nothing secret."""

import json
import logging
import re
import subprocess
import sys
import uuid

import pytest
from django.db import OperationalError, connection
from django.http import HttpResponse
from django.test import RequestFactory
from rest_framework.test import APIClient

from mentorq.http.middleware import UnexpectedProxyMiddleware
from mentorq.http.request_ids import RequestId
from mentorq.settings import BASE_DIR
from mentorq_users.models import User


def of_requests(caplog):
    return [record for record in caplog.records if record.name == "mentorq.requests"]


def test_a_request_is_one_line(client_of, ada, caplog):
    caplog.set_level(logging.INFO)

    response = client_of(ada).post("/api/tickets", {"title": "Secret title", "location": "Table 12"})

    (record,) = of_requests(caplog)
    assert re.fullmatch(rf"POST /api/tickets 201 \d+\.\d ms, user {ada.pk}", record.getMessage())
    assert (record.method, record.path, record.status, record.user) == ("POST", "/api/tickets", 201, ada.pk)
    assert response["X-Request-ID"]


def test_a_sign_in_and_a_refresh_are_logged_as_whose_they_are(client, db, lcs, caplog):
    caplog.set_level(logging.INFO)
    credentials = {"email": "ada@example.edu", "lcs_token": lcs.sign_in("ada@example.edu")}

    tokens = APIClient().post("/api/auth/token", credentials).json()
    APIClient().post("/api/auth/refresh", {"refresh": tokens["refresh"]})
    APIClient().post("/api/auth/token", {**credentials, "lcs_token": "a guess"})

    ada = User.objects.get().pk
    assert [(record.status, record.user) for record in of_requests(caplog)] == [(200, ada), (200, ada), (401, None)]


def test_the_id_that_a_proxy_gives_is_kept(db):
    given = str(uuid.uuid4())

    assert APIClient().get("/api/tickets", headers={"X-Request-ID": given})["X-Request-ID"] == given


@pytest.mark.parametrize("given", ["x", "1\r\nSet-Cookie: a=b", "{}", "a" * 5000, "é"])
def test_one_that_is_no_id_is_not(db, given):
    answered = APIClient().get("/api/tickets", headers={"X-Request-ID": given})["X-Request-ID"]

    assert uuid.UUID(answered).version == 4


def test_two_requests_have_two_ids(db):
    ids = {APIClient().get("/healthz")["X-Request-ID"] for _ in range(20)}

    assert len(ids) == 20


@pytest.mark.parametrize("path", ["/healthz", "/readyz/", "/healthz/"])
def test_a_probe_is_no_news(db, caplog, path):
    caplog.set_level(logging.DEBUG)

    APIClient().get(path)

    assert [record.levelname for record in of_requests(caplog)] == ["DEBUG"]


@pytest.mark.parametrize("path", ["/api/queue/", "/api/queue", "/board/"])
@pytest.mark.parametrize(("token", "level"), [(None, "DEBUG"), ("Bearer x", "INFO")])
def test_public_figures_are_logged_only_if_they_are_refused(db, client, caplog, path, token, level):
    caplog.set_level(logging.DEBUG)

    response = client.get(path, headers={"Authorization": token} if token else {})

    refused = response.status_code == 401
    assert refused == (token is not None and path != "/board/")
    assert [record.levelname for record in of_requests(caplog)] == [level if refused else "DEBUG"]


def test_a_poll_that_found_nothing_new_is_none_either(client_of, ada, caplog):
    client = client_of(ada)
    etag = client.get("/api/tickets")["ETag"]
    caplog.set_level(logging.DEBUG)
    caplog.clear()

    client.get("/api/tickets", headers={"If-None-Match": etag})

    assert [record.levelname for record in of_requests(caplog)] == ["DEBUG"]


def test_a_search_is_not_logged(client_of, ada, logged):
    client_of(ada).get("/api/tickets?search=something+private&owner_email=ada@example.edu")

    assert [line for line in logged if "private" in line or "example.edu" in line] == []


def test_a_path_cannot_begin_another_line(db, caplog):
    caplog.set_level(logging.INFO)

    APIClient().get("/api/x%0a2026-01-01 00:00:00 INFO mentorq: all is well")

    (record,) = of_requests(caplog)
    assert "\n" not in record.getMessage()


def test_an_organizer_is_named_by_id_too(client, olga, caplog):
    client.force_login(olga, backend="mentorq_users.backends.LCSBackend")
    caplog.set_level(logging.INFO)

    client.get("/admin/")

    assert [record.user for record in of_requests(caplog)] == [olga.pk]


def test_a_server_writes_json(tmp_path):
    ask = """
import logging
from mentorq.wsgi import application
from django.test import Client
Client(headers={"host": "mentorq.example"}).get("/api/nope")
logging.getLogger("mentorq").error("odd\\ntext")
"""
    environment = {"SECRET_KEY": "x" * 60, "ALLOWED_HOSTS": "mentorq.example", "SECURE_SSL_REDIRECT": "off"}
    command = [sys.executable, "-c", ask]
    written = subprocess.run(command, cwd=BASE_DIR, env=environment, capture_output=True, text=True, check=True).stderr

    lines = [json.loads(line) for line in written.splitlines()]
    assert [(line["level"], line["logger"], line.get("status"), line["message"][:8]) for line in lines] == [
        ("INFO", "mentorq.requests", 404, "GET /api"),
        ("ERROR", "mentorq", None, "odd\ntext"),
    ]
    assert re.fullmatch("[0-9a-f]{32}", lines[0]["request_id"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:]{8}\.\d{6}\+00:00", lines[0]["at"])


@pytest.mark.parametrize(
    ("debug", "url", "said"),
    [
        (True, "http://127.0.0.1:9/dev", "http://127.0.0.1:9/dev: manage.py runlcs 9"),
        (False, "http://127.0.0.1:9/dev", "http://127.0.0.1:9/dev"),
        (True, "http://somebody:s3cret@127.0.0.1:9/dev", "http://…@127.0.0.1:9/dev: manage.py runlcs 9"),
    ],
)
def test_a_missing_lcs_is_named_with_its_url_and_on_a_laptop_with_its_stand_in(db, settings, caplog, debug, url, said):
    settings.DEBUG, settings.LCS_BASE_URL = debug, url

    APIClient().post("/api/auth/token", {"email": "ada@example.edu", "lcs_token": "x"})

    messages = [record.getMessage() for record in caplog.records if record.name == "mentorq_users.lcs.client"]
    assert messages == [f"LCS /validate is unavailable: ConnectionError ({said})"]


def test_a_line_for_people_has_an_id_only_if_a_request_is_asked(db, settings):
    line = settings.LOGGING["formatters"]["line"]
    handler, lines = logging.Handler(), []
    handler.addFilter(RequestId())
    handler.setFormatter(logging.Formatter(line["format"], style=line["style"]))
    handler.emit = lambda record: lines.append(handler.format(record)[24:])
    logging.getLogger().addHandler(handler)

    try:
        logging.getLogger("mentorq").error("It starts")
        answer = APIClient().get("/api/nope")
    finally:
        logging.getLogger().removeHandler(handler)

    assert lines[0] == "ERROR mentorq: It starts"
    assert lines[-1].startswith(f"INFO mentorq.requests {answer['X-Request-ID']}: GET /api/nope 404 ")


def test_that_files_are_watched_is_no_news():
    assert not logging.getLogger("django.utils.autoreload").isEnabledFor(logging.INFO)


# A proxy that nobody expects


@pytest.fixture
def warnings(monkeypatch, caplog):
    """How often a new server, with so many proxies in front, has warned after these requests: paths and their headers."""

    def get(num_proxies, *requests):
        monkeypatch.setattr("rest_framework.settings.api_settings.NUM_PROXIES", num_proxies)
        caplog.clear()
        client = APIClient()
        for path, headers in requests:
            client.get(path, headers=headers)
        assert [record for record in caplog.records if "198.51.100.7" in record.getMessage()] == []
        return [record.getMessage()[:73] for record in caplog.records if record.levelname == "WARNING"]

    return get


FORWARDED = {"X-Forwarded-For": "198.51.100.7"}
UNEXPECTED = "A request came with X-Forwarded-For while NUM_PROXIES is 0. If a proxy st"


@pytest.mark.parametrize("path", ["/api/tickets", "/healthz", "/api/nope", "/admin/login/", "/static/nope"])
def test_a_forwarded_header_that_is_not_expected_is_a_warning_without_its_value(db, warnings, path):
    assert warnings(0, (path, FORWARDED)) == [UNEXPECTED]


def test_a_thousand_of_them_are_one_warning(db, warnings):
    assert warnings(0, *[("/healthz", FORWARDED)] * 1000) == [UNEXPECTED]


def test_of_many_at_once_one_warns(at_once, monkeypatch, caplog):
    monkeypatch.setattr("rest_framework.settings.api_settings.NUM_PROXIES", 0)
    server = UnexpectedProxyMiddleware(HttpResponse)
    request = RequestFactory().get("/", headers=FORWARDED)

    at_once([lambda: [server(request) for _ in range(200)]] * 8)

    assert [record.getMessage()[:73] for record in caplog.records] == [UNEXPECTED]


@pytest.mark.parametrize(("num_proxies", "headers"), [(0, {}), (1, FORWARDED), (2, FORWARDED), (None, FORWARDED)])
def test_what_is_expected_is_no_warning(db, warnings, num_proxies, headers):
    assert warnings(num_proxies, ("/healthz", headers), ("/api/tickets", headers)) == []


# Ready?


@pytest.mark.parametrize("path", ["/readyz", "/readyz/"])
def test_a_server_is_ready_if_every_migration_is_applied(db, path):
    response = APIClient().get(path)

    assert (response.status_code, response.json()) == (200, {"status": "ready", "upkeep": "never seen"})


def test_a_server_is_not_ready_while_a_migration_is_missing(db):
    with connection.cursor() as cursor:
        cursor.execute("SELECT MAX(name) FROM django_migrations WHERE app = 'mentorq_backend'")
        cursor.execute("DELETE FROM django_migrations WHERE name = %s", cursor.fetchone())

    response = APIClient().get("/readyz")

    assert (response.status_code, response.json()) == (
        503,
        {"status": "unavailable", "migrations": "missing: python manage.py migrate"},
    )


def test_a_server_is_not_ready_without_its_database(db, monkeypatch):
    def refuse(*args, **kwargs):
        raise OperationalError("gone")

    with monkeypatch.context() as broken:
        broken.setattr(connection, "cursor", refuse)
        response = APIClient().get("/readyz")

    assert (response.status_code, response.json()) == (503, {"status": "unavailable", "database": "does not answer"})
