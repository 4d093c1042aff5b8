"""`/metrics`: for Prometheus alone, and true."""

import re
import subprocess
import sys

import pytest
from django.db import OperationalError, connection
from django.test import Client
from prometheus_client import REGISTRY

from mentorq.settings import BASE_DIR
from mentorq_users import lcs as lcs_module

TOKEN = "only-for-prometheus"
SCRAPE = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def metrics_token(settings):
    settings.METRICS_TOKEN = TOKEN


def count(name, **labels):
    return REGISTRY.get_sample_value(f"{name}_count", labels) or 0


def samples(response, name):
    return dict(re.findall(rf"^{name}(\{{.*\}})? (\S+)$", response.content.decode(), re.MULTILINE))


@pytest.mark.parametrize("path", ["/metrics", "/metrics/"])
@pytest.mark.parametrize("headers", [{}, SCRAPE, {"Authorization": "Bearer "}])
def test_without_a_token_in_the_settings_it_is_not_there(db, client, path, headers):
    assert client.get(path, headers=headers).status_code == 404


@pytest.mark.parametrize(
    "given", ["", "Bearer", "Bearer ", TOKEN, f"bearer {TOKEN}", f"Bearer {TOKEN}x", "Bearer é", "Basic x"]
)
def test_another_token_reads_nothing(db, client, metrics_token, given):
    response = client.get("/metrics", headers={"Authorization": given})

    assert (response.status_code, response.content) == (401, b"METRICS_TOKEN is asked for.\n")
    assert response["WWW-Authenticate"] == "Bearer"


@pytest.mark.usefixtures("metrics_token")
@pytest.mark.parametrize("name", ["ada", "mia", "olga", "dan"])
def test_a_persons_token_reads_nothing(client_of, person, name):
    response = client_of(person(name)).get("/metrics")

    assert (response.status_code, response.content) == (401, b"METRICS_TOKEN is asked for.\n")


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_it_is_only_read(db, client, metrics_token, method):
    assert getattr(client, method)("/metrics", headers=SCRAPE).status_code == 405


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [("", "text/plain"), ("application/openmetrics-text;version=1.0.0", "application/openmetrics-text")],
)
def test_it_speaks_both_of_prometheus_formats(db, client, metrics_token, accept, media_type):
    response = client.get("/metrics", headers={**SCRAPE, "Accept": accept})

    assert (response.status_code, response["Content-Type"].partition(";")[0]) == (200, media_type)


def test_tickets_are_counted_by_status(client, metrics_token, make_ticket, ada, grace, mia):
    make_ticket(ada)
    make_ticket(grace)
    make_ticket(ada, "CLAIMED", mentor=mia)
    make_ticket(ada, "CANCELLED")

    response = client.get("/metrics", headers=SCRAPE)

    assert samples(response, "mentorq_tickets") == {
        '{status="OPEN"}': "2.0", '{status="CLAIMED"}': "1.0", '{status="CLOSED"}': "0.0", '{status="CANCELLED"}': "1.0"
    }  # fmt: skip
    assert samples(response, "mentorq_database_up") == {"": "1.0"}


def test_a_broken_database_is_a_figure_too(client, db, metrics_token):
    def broken(execute, *args):
        raise OperationalError

    with connection.execute_wrapper(broken):
        response = client.get("/metrics", headers=SCRAPE)

    assert samples(response, "mentorq_database_up") == {"": "0.0"}
    assert samples(response, "mentorq_tickets") == {}


@pytest.mark.usefixtures("metrics_token")
@pytest.mark.parametrize(
    ("method", "path", "labels"),
    [
        ("GET", "/api/tickets", {"method": "GET", "view": "ticket-list", "status": "200"}),
        ("PATCH", "/api/tickets/999", {"method": "PATCH", "view": "ticket-detail", "status": "404"}),
        ("GET", "/api/tickets/stats", {"method": "GET", "view": "ticket-stats", "status": "403"}),
        ("GET", "/nope/1", {"method": "GET", "view": "none", "status": "404"}),
        ("GET", "/admin/login/", {"method": "GET", "view": "admin:login", "status": "200"}),
        ("BREW", "/healthz", {"method": "other", "view": "healthz", "status": "405"}),
    ],
)
def test_each_request_is_measured_by_method_view_and_status(client_of, ada, method, path, labels):
    client = client_of(ada)
    before = count("mentorq_request_seconds", **labels)

    client.generic(method, path)

    assert count("mentorq_request_seconds", **labels) - before == 1


def test_a_poll_that_found_nothing_new_is_measured_too(client_of, ada, metrics_token):
    client = client_of(ada)
    etag = client.get("/api/tickets")["ETag"]
    labels = {"method": "GET", "view": "ticket-list", "status": "304"}
    before = count("mentorq_request_seconds", **labels)

    client.get("/api/tickets", headers={"If-None-Match": etag})

    assert count("mentorq_request_seconds", **labels) - before == 1


def test_nothing_is_measured_where_nobody_asks(client_of, ada):
    labels = {"method": "GET", "view": "ticket-list", "status": "200"}
    before = count("mentorq_request_seconds", **labels)

    client_of(ada).get("/api/tickets")

    assert count("mentorq_request_seconds", **labels) == before


@pytest.mark.parametrize(
    ("token_of", "fault", "outcome"),
    [
        ("ada@example.edu", "", "answered"),
        ("nobody@example.edu", "", "refused"),
        ("ada@example.edu", "html", "unavailable"),
    ],
)
def test_a_call_of_lcs_is_measured_with_what_came_of_it(client, db, lcs, token_of, fault, outcome):
    token = lcs.sign_in(token_of)
    lcs.fault = fault
    before = count("mentorq_lcs_call_seconds", call="/validate", outcome=outcome)

    client.post("/api/auth/token", {"email": "ada@example.edu", "lcs_token": token}, content_type="application/json")

    assert count("mentorq_lcs_call_seconds", call="/validate", outcome=outcome) - before == 1


def test_a_call_that_is_spared_counts_as_unavailable(client, db, lcs):
    for _ in range(5):
        lcs_module.breaker.failed()
    before = count("mentorq_lcs_call_seconds", call="/validate", outcome="unavailable")

    client.post("/api/auth/token", {"email": "ada@example.edu", "lcs_token": "x"}, content_type="application/json")

    assert count("mentorq_lcs_call_seconds", call="/validate", outcome="unavailable") - before == 1


def test_no_address_and_no_text_is_a_label(client_of, client, metrics_token, make_ticket, ada):
    make_ticket(ada, title="A very odd title")
    client_of(ada).get("/api/tickets", {"search": "odd"})

    text = client.get("/metrics", headers=SCRAPE).content.decode()

    assert re.findall("ada|example.edu|odd", text) == []


ASK = f"""
import django; django.setup()
from django.conf import settings; settings.METRICS_TOKEN = {TOKEN!r}
from django.test import Client
Client(HTTP_HOST="localhost").get("/admin/login/")
print(Client(HTTP_HOST="localhost").get("/metrics", headers={SCRAPE!r}).content.decode())
"""


def test_all_workers_are_counted_together(tmp_path):
    environment = {"DJANGO_SETTINGS_MODULE": "mentorq.settings", "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    # Not as a server, which would want a SECRET_KEY; the database is another one, or none.
    command = [sys.executable, "-c", f"import sys; sys.argv = ['manage.py']\n{ASK}"]

    run = [
        subprocess.run(command, cwd=BASE_DIR, env=environment, capture_output=True, check=True, text=True) for _ in range(3)
    ]

    logins = r'mentorq_request_seconds_count\{method="GET",status="200",view="admin:login"\} (\S+)'
    assert [re.findall(logins, worker.stdout) for worker in run] == [["1.0"], ["2.0"], ["3.0"]]


def test_a_page_of_another_origin_cannot_read_it(db, metrics_token):
    response = Client(headers={"Origin": "http://localhost:3000"}).get("/metrics", headers=SCRAPE)

    assert "Access-Control-Allow-Origin" not in response
