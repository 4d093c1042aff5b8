"""`/metrics`: for Prometheus alone, and true."""

import errno
import json
import os
import re
import subprocess
import sys

import pytest
from django.db import OperationalError, connection
from django.test import Client
from prometheus_client import REGISTRY

from mentorq.histograms import FILES, take_room
from mentorq.settings import BASE_DIR
from mentorq.tests.servers import migrated
from mentorq_users.lcs import transport

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

    assert (response.status_code, response.content) == (401, b"Send METRICS_TOKEN as a Bearer token.\n")
    assert response["WWW-Authenticate"] == "Bearer"


@pytest.mark.usefixtures("metrics_token")
@pytest.mark.parametrize("name", ["ada", "mia", "olga", "dan"])
def test_a_persons_token_reads_nothing(client_of, person, name):
    response = client_of(person(name)).get("/metrics")

    assert (response.status_code, response.content) == (401, b"Send METRICS_TOKEN as a Bearer token.\n")


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_metrics_are_only_read(db, client, metrics_token, method):
    assert getattr(client, method)("/metrics", headers=SCRAPE).status_code == 405


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [("", "text/plain"), ("application/openmetrics-text;version=1.0.0", "application/openmetrics-text")],
)
def test_metrics_come_in_both_formats_of_prometheus(db, client, metrics_token, accept, media_type):
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
        transport.breaker.failed()
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
        subprocess.run(command, cwd=BASE_DIR, env=environment, capture_output=True, check=True, text=True) for _ in range(2)
    ]

    logins = r'mentorq_request_seconds_count\{method="GET",status="200",view="admin:login"\} (\S+)'
    assert [re.findall(logins, worker.stdout) for worker in run] == [["1.0"], ["2.0"]]


# Metrics that cannot be kept

BROKEN = f"""
import json, os, resource, shutil, sys
folder = os.environ["PROMETHEUS_MULTIPROC_DIR"]
from mentorq.wsgi import application
from django.test import Client
from mentorq_users.lcs.standin import DevLCS
from django.conf import settings
from django.core.management import call_command

def ask():
    client = Client(HTTP_HOST="mentorq.example", HTTP_X_FORWARDED_PROTO="https", raise_request_exception=False)
    credentials = {{"email": "ada@example.edu", "lcs_token": lcs.sign_in("ada@example.edu")}}
    answers = [client.get(path, headers={SCRAPE!r}) for path in ("/healthz", "/api/nope", "/admin/login/", "/metrics")]
    answers.append(client.post("/api/auth/token", credentials, "application/json"))
    return [(a.status_code, a.headers["Content-Type"].partition(";")[0]) for a in answers]

if ":memory:" in os.environ["DATABASE_URL"]:
    call_command("migrate", verbosity=0)
lcs = DevLCS()
with lcs.serving():
    settings.LCS_BASE_URL = lcs.url
    WHEN
    print(json.dumps([ask(), ask()]))
"""
GONE = "shutil.rmtree(folder)"
GONE_LATER = "ask(); shutil.rmtree(folder)"
FULL = "resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))"
DAMAGED = "ask(); open(f'{folder}/histogram_1.db', 'w').close()"
HTML, JSON, TEXT = "text/html", "application/json", "text/plain"


@pytest.mark.parametrize(
    ("when", "scraped", "lost"),
    [(GONE, 503, 1), (GONE_LATER, 503, 1), (FULL, 200, 1), (DAMAGED, 503, 1), ("pass", 200, 0)],
    ids=["folder gone", "folder gone later", "disk full", "file damaged", "all well"],
)
def test_metrics_that_cannot_be_kept_break_no_request_and_are_logged_once(tmp_path, when, scraped, lost):
    (tmp_path / "metrics").mkdir()
    environment = {
        "SECRET_KEY": "x" * 60, "ALLOWED_HOSTS": "mentorq.example", "METRICS_TOKEN": TOKEN,
        "PROMETHEUS_MULTIPROC_DIR": f"{tmp_path}/metrics", "DATABASE_URL": migrated(str(tmp_path)),
    }  # fmt: skip
    if when == FULL:  # SQLite's file as well; nothing there needs room to be read
        environment["DATABASE_URL"] = "sqlite:///:memory:"
    command = [sys.executable, "-c", BROKEN.replace("WHEN", when)]

    run = subprocess.run(command, cwd=BASE_DIR, env=environment, capture_output=True, text=True)

    assert run.returncode == 0, run.stderr
    answers = [[200, JSON], [404, JSON], [200, HTML], [scraped, TEXT], [200, JSON]]
    assert json.loads(run.stdout) == [answers, answers]
    assert run.stderr.count("Metrics are lost") == lost


def test_room_that_could_not_be_taken_is_asked_for_again_and_leaves_no_empty_file(tmp_path, monkeypatch):
    def fail(*args):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", fail)
    with pytest.raises(OSError, match="No space left"):
        take_room(str(tmp_path), 7)
    left = list(tmp_path.iterdir())
    monkeypatch.undo()
    take_room(str(tmp_path), 7)

    assert (left, {file.name: file.stat().st_size for file in tmp_path.iterdir()}) == (
        [],
        {f"{name}_7.db": room for name, room in FILES.items()},
    )


@pytest.mark.usefixtures("metrics_token")
@pytest.mark.parametrize("name", ["mentorq_backend/favicon.svg", "admin/css/base.css"])
def test_an_unchanged_static_file_is_no_poll(client, db, name):
    labels = {"method": "GET", "status": "304"}
    before = {view: count("mentorq_request_seconds", view=view, **labels) for view in ("ticket-list", "none")}
    modified = client.get(f"/static/{name}")["Last-Modified"]

    response = client.get(f"/static/{name}", headers={"If-Modified-Since": modified})

    after = {view: count("mentorq_request_seconds", view=view, **labels) for view in before}
    assert response.status_code == 304
    assert after == {"ticket-list": before["ticket-list"], "none": before["none"] + 1}


def test_a_page_of_another_origin_cannot_read_it(db, metrics_token):
    response = Client(headers={"Origin": "http://localhost:3000"}).get("/metrics", headers=SCRAPE)

    assert "Access-Control-Allow-Origin" not in response
