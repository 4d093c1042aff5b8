"""The live stream over HTTP, from granian in a process of its own."""

import json
import signal
import time
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.db import connection

from mentorq_backend.tests.live.process import Listener, LiveProcess, listeners
from mentorq_users.models import User
from mentorq_users.tokens import AccessToken, issue

IN_TIME = 2.0  # seconds from the commit to the event


@pytest.fixture(scope="module")
def started(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        process = LiveProcess()
    yield process
    if process.process.poll() is None:
        process.end(signal.SIGTERM)


@pytest.fixture
def running(started):
    """The process, again if a test ended it."""
    if started.process.poll() is not None:
        started.start()
    return started


@pytest.fixture
def live(running, committed):
    """The running process, on the database of this test."""
    time.sleep(0.6)  # the watcher has seen that the tables were emptied
    return running


def token(user, **lifetime):
    issued = issue(AccessToken, user)
    if lifetime:
        issued.set_exp(lifetime=timedelta(**lifetime))
    return str(issued)


def test_a_stream_has_the_headers_that_proxies_and_browsers_need(live, mia):
    listener = Listener(live.port, mia, Origin="http://localhost:3000")

    headers = listener.response.headers
    assert (listener.response.status, headers["Content-Type"]) == (200, "text/event-stream")
    assert (headers["Cache-Control"], headers["X-Accel-Buffering"]) == ("no-cache", "no")
    assert headers["Access-Control-Allow-Origin"] == "http://localhost:3000"
    listener.close()


def test_those_whose_view_changes_hear_in_time_and_the_others_do_not(live, ada, grace, mia, make_ticket):
    ticket = make_ticket(ada)
    with listeners(live.port, ada, grace, mia, None) as (owner, other, mentor, nobody):
        time.sleep(2)
        for listener in (owner, other, mentor, nobody):
            listener.hear(0)  # of the emptied tables

        committed_at = time.monotonic()
        ticket.claim(by=mia)

        for listener in (owner, mentor):
            assert listener.wait_for("tickets") - committed_at <= IN_TIME
        for listener in (owner, other, mentor, nobody):
            assert listener.wait_for("queue") - committed_at <= IN_TIME
        assert (other.hear(1), nobody.hear(0)) == (set(), set())


def test_who_asks_for_the_queue_after_its_event_gets_the_new_figures(live, client, ada, make_ticket):
    with listeners(live.port, None) as (nobody,):
        nobody.hear(2)  # of the emptied tables
        client.get("/api/queue/")  # this process now has figures that are good for a second
        make_ticket(ada)

        nobody.wait_for("queue")

        assert client.get("/api/queue/").json()["waiting"] == 1


def test_a_bad_token_is_refused_in_json_with_cors(live):
    response = live.get("/api/live", Authorization="Bearer x", Origin="http://localhost:3000")

    assert (response.status, json.loads(response.content)["code"]) == (401, "token_not_valid")
    assert response.headers["Access-Control-Allow-Origin"] == "http://localhost:3000"


@pytest.mark.parametrize("path", ["/", "/admin/", "/api/", "/api/tickets/", "/board/", "/readyz", "/metrics", "/static/x"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_nothing_else_is_served(running, method, path):
    response = running.get(path, method)

    assert (response.status, response.headers["Content-Type"]) == (404, "application/json")
    assert json.loads(response.content) == {
        "detail": "This process serves only /api/live/ and /healthz/.",
        "code": "not_found",
    }


def test_healthz_is_served(running):
    assert json.loads(running.get("/healthz").content) == {"status": "ok"}


@pytest.mark.parametrize("method", ["HEAD", "POST", "PATCH", "DELETE"])
def test_other_methods_open_no_stream(running, method):
    assert running.get("/api/live/", method).status == 405


def test_a_large_body_is_not_kept_and_the_answer_is_the_same(running):
    response = running.get("/api/live/", "POST", body=b"x" * 5_000_000)

    assert (response.status, json.loads(response.content)["code"]) == (405, "method_not_allowed")


def test_a_fifth_stream_of_a_person_is_refused_until_one_is_closed(live, mia):
    with listeners(live.port, mia, mia, mia, mia) as opened:
        refused = live.get("/api/live/", Authorization=f"Bearer {token(mia)}")
        assert (refused.status, refused.headers["Retry-After"]) == (503, "30")
        assert json.loads(refused.content)["code"] == "too_many_streams"

        opened[0].close()
        time.sleep(0.3)

        again = Listener(live.port, mia)
        assert again.response.status == 200
        again.close()


def test_a_session_of_the_desk_counts_and_ends_with_the_sign_out(live, client, olga, ada, make_ticket):
    client.force_login(olga, backend="mentorq_users.backends.LCSBackend")
    listener = Listener(live.port, Cookie=f"sessionid={client.cookies['sessionid'].value}")
    make_ticket(ada)
    assert listener.wait_for("tickets")

    Session.objects.all().delete()

    assert listener.wait_for_end(8)
    listener.close()


def test_a_person_who_is_deactivated_loses_the_stream(live, mia):
    with listeners(live.port, mia) as (listener,):
        User.objects.filter(pk=mia.pk).update(is_active=False)

        assert (listener.wait_for_end(8), listener.whole) == (True, True)
    assert live.get("/api/live/", Authorization=f"Bearer {token(mia)}").status == 401


def test_a_token_that_expires_ends_the_stream(live, mia):
    listener = Listener(live.port, Authorization=f"Bearer {token(mia, seconds=2)}")

    assert (listener.wait_for_end(5), listener.whole) == (True, True)
    listener.close()


def test_a_new_role_takes_effect_in_an_open_stream(live, grace, ada, make_ticket):
    with listeners(live.port, grace) as (listener,):
        User.objects.filter(pk=grace.pk).update(is_mentor=True)
        assert listener.wait_for("tickets", 8)

        make_ticket(ada)

        assert listener.wait_for("tickets")


def test_who_comes_back_hears_at_once_of_what_was_missed_and_of_nothing_else(live, ada, mia, make_ticket):
    ticket = make_ticket(ada)
    time.sleep(2)
    first = Listener(live.port, ada)
    first.close()
    calm = Listener(live.port, ada, last_id=first.id)
    assert calm.hear(1) == set()
    calm.close()

    ticket.claim(by=mia)
    time.sleep(2)

    back = Listener(live.port, ada, last_id=first.id)
    assert back.hear(1) == {"tickets", "queue"}
    back.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_end_of_the_process_ends_all_streams_in_order(live, mia, number):
    with listeners(live.port, mia, None, None) as opened:
        seconds = live.end(number)

        assert all(listener.wait_for_end(1) for listener in opened)
        assert [listener.whole for listener in opened] == [True, True, True]
        assert seconds < 5
        assert "Traceback" not in live.output


def test_a_change_during_a_kill_is_heard_after_the_restart(live, ada, mia, make_ticket):
    ticket = make_ticket(ada)
    time.sleep(2)
    with listeners(live.port, ada, mia) as opened:
        live.end(signal.SIGKILL)
        ticket.claim(by=mia)
        live.start()

        for user, listener in zip((ada, mia), opened, strict=True):
            back = Listener(live.port, user, last_id=listener.id)
            assert "tickets" in back.hear(1)
            back.close()


@contextmanager
def no_database():
    """The watcher's table goes away, and on PostgreSQL all connections of others end."""
    run("ALTER TABLE mentorq_backend_revision RENAME TO away")
    if connection.vendor == "postgresql":
        others = "datname = current_database() AND pid <> pg_backend_pid()"
        run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}")
    try:
        yield
    finally:
        run("ALTER TABLE away RENAME TO mentorq_backend_revision")


def run(statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)


def test_a_restart_alone_is_no_news(live, ada, mia, make_ticket):
    make_ticket(ada)
    time.sleep(2)
    with listeners(live.port, ada, mia) as opened:
        live.end(signal.SIGKILL)
        live.start()

        for user, listener in zip((ada, mia), opened, strict=True):
            back = Listener(live.port, user, last_id=listener.id)
            assert back.hear(1) == set()
            back.close()


def test_a_stream_keeps_no_thread_and_so_no_connection_to_the_database(live):
    before = live.threads()

    with listeners(live.port, *[None] * 30):
        assert live.threads() - before < 10


def test_a_database_that_goes_away_and_comes_back_is_survived(live, ada, make_ticket):
    with listeners(live.port, ada) as (listener,):
        with no_database():
            time.sleep(1.2)

        make_ticket(ada)

        assert listener.wait_for("tickets", 10)


def test_no_token_is_in_the_log(live, mia):
    listener = Listener(live.port, mia)
    listener.close()
    live.get("/api/live/?token=eyJhbGciOiJIUzI1NiJ9.x.y", Authorization=f"Bearer {token(mia)}x")

    live.end(signal.SIGTERM)

    assert ("eyJ" in live.output, "GET /api/live/ 401" in live.output) == (False, True)
