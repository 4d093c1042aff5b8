"""A database that is full, read-only or away: 503, nothing half done, and all is well once it is well."""

import json
from contextlib import contextmanager

import pytest
from django.db import InterfaceError, InternalError, OperationalError, connection
from django.test import Client

from mentorq_backend.models import Ticket, TicketEvent

POSTGRESQL = connection.vendor == "postgresql"
DOWN = {"detail": "The database does not answer. Please try again in a moment.", "code": "service_unavailable"}
TICKET = {"title": "It loops", "location": "Table 12"}


def run(sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchone() if cursor.description else None


@contextmanager
def read_only():
    """No statement may write, as on a PostgreSQL that a failover made a replica, or a disk mounted so."""
    run("SET default_transaction_read_only = on" if POSTGRESQL else "PRAGMA query_only = on")
    try:
        yield
    finally:
        run("SET default_transaction_read_only = off" if POSTGRESQL else "PRAGMA query_only = off")


def rows():
    return list(Ticket.objects.order_by("id").values()), list(TicketEvent.objects.order_by("id").values())


def test_a_commit_is_on_the_disk_before_anybody_hears_of_it(db):
    assert run("SHOW synchronous_commit" if POSTGRESQL else "PRAGMA synchronous") == (("on",) if POSTGRESQL else (2,))


@pytest.mark.usefixtures("committed")
@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_a_database_that_is_only_read_refuses_changes_with_503_and_goes_on_reading(client_of, ada, make_ticket, method):
    ticket, client = make_ticket(ada), client_of(ada)
    path = "/api/tickets" if method == "POST" else f"/api/tickets/{ticket.pk}"
    body, before = TICKET if method == "POST" else {"status": "CANCELLED"}, rows()

    with read_only():
        refused = client.generic(method, path, json.dumps(body), "application/json")
        read = client.get("/api/tickets")

    assert (refused.status_code, refused.json(), refused["Retry-After"]) == (503, DOWN, "5")
    assert (read.status_code, [row["id"] for row in read.json()]) == (200, [ticket.pk])
    assert rows() == before
    assert client.post("/api/tickets", TICKET).status_code == 201


@pytest.mark.usefixtures("committed")
def test_a_sign_in_to_a_database_that_is_only_read_is_503(lcs):
    body = {"email": "ada@example.edu", "lcs_token": lcs.sign_in("ada@example.edu")}

    with read_only():
        response = Client().post("/api/auth/token", body, content_type="application/json")

    assert (response.status_code, response.json()) == (503, DOWN)


@pytest.mark.parametrize("error", [OperationalError, InterfaceError, InternalError])
@pytest.mark.parametrize("path", ["/admin/", "/admin/mentorq_backend/ticket/"])
def test_the_desk_says_that_the_database_does_not_answer(client, olga, path, error):
    def broken(*args):
        raise error("server closed the connection unexpectedly")

    client.force_login(olga)
    client.raise_request_exception = False

    with connection.execute_wrapper(broken):
        response = client.get(path)

    assert (response.status_code, response["Content-Type"], response["Retry-After"]) == (
        503,
        "text/html; charset=utf-8",
        "5",
    )
    assert "The database does not answer" in response.content.decode()


def test_a_bug_on_the_desk_stays_a_500(client, olga, monkeypatch):
    monkeypatch.setattr("mentorq_backend.desk.dashboard.stats.now", lambda tickets: 1 / 0)
    client.force_login(olga)
    client.raise_request_exception = False

    assert client.get("/admin/").status_code == 500


if not POSTGRESQL:

    @pytest.mark.usefixtures("committed")
    def test_a_full_disk_refuses_changes_with_503_and_damages_nothing(client_of, ada, make_ticket, settings):
        settings.TICKETS_MAX_OPEN = 10_000
        make_ticket(ada)
        client = client_of(ada)
        (pages,) = run("PRAGMA page_count")
        statuses = []

        run(f"PRAGMA max_page_count = {pages}")  # "database or disk is full", in SQLite's words
        try:
            while 503 not in statuses:
                body = {**TICKET, "title": f"It loops {len(statuses)}", "comment": "x" * 2000}
                statuses.append(client.post("/api/tickets", body).status_code)
            again, read = client.post("/api/tickets", body), client.get("/api/tickets")
        finally:
            run("PRAGMA max_page_count = 1073741823")

        assert set(statuses[:-1]) <= {201}
        assert (again.status_code, again.json(), read.status_code) == (503, DOWN, 200)
        assert len(read.json()) == Ticket.objects.count() == TicketEvent.objects.count() == len(statuses)
        assert run("PRAGMA integrity_check") == ("ok",)
        assert client.post("/api/tickets", body).status_code == 201
