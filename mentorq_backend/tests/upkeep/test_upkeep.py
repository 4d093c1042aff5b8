"""The rounds of upkeep, its command, and how others see whether it runs."""

import json
import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from io import StringIO

import pytest
from django.conf import settings as project
from django.core.management import call_command
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from mentorq.tests.routes import database_down
from mentorq.tests.servers import migrated
from mentorq_backend.models import Heartbeat, Notice
from mentorq_backend.notices import transport
from mentorq_backend.tests.notices.receiver import answers, hangs
from mentorq_backend.upkeep import loop
from mentorq_backend.upkeep.loop import Upkeep

NONE = {"expired": 0, "returned": 0, "ended": 0, "delivered": 0, "failed": 0}


def once():
    out = StringIO()
    call_command("upkeep", "--once", stdout=out, stderr=StringIO())
    return json.loads(out.getvalue())


def test_one_round_prints_what_it_did(committed, make_event, make_webhook, receiver, ada, make_ticket):
    make_event(-10, expire_after=60)
    make_webhook(receiver.url, tells=["cancelled"])
    make_ticket(ada, created=timezone.now() - timedelta(minutes=61))

    assert [once(), once()] == [{**NONE, "expired": 1, "delivered": 1}, NONE]
    assert [request.json["type"] for request in receiver.received] == ["ticket.cancelled"]


def test_a_round_without_events_and_webhooks_does_nothing(committed, ada, make_ticket):
    make_ticket(ada, created=timezone.now() - timedelta(days=9))

    assert once() == NONE


def test_an_idle_round_writes_nothing_but_its_heartbeat(db, make_event, make_webhook, ada, make_ticket):
    make_event(-10, expire_after=60, return_claims_after=60, cancel_after=60)
    make_webhook(tells=["waiting"], minutes=10)
    make_ticket(ada)
    upkeep = Upkeep()
    upkeep.round()

    with CaptureQueriesContext(connection) as queries:
        upkeep.round()

    writes = [query["sql"] for query in queries if query["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]
    assert (len(writes), "heartbeat" in writes[0]) == (1, True)


def test_a_hung_webhook_delays_no_other_and_the_round_ends(
    committed, make_webhook, receiver, ada, make_ticket, monkeypatch, settings
):
    settings.TICKETS_MAX_OPEN = 100
    monkeypatch.setattr(transport, "TIMEOUT", 0.5)
    slow, fast = make_webhook(f"{receiver.url}slow", name="slow"), make_webhook(receiver.url, name="fast")
    receiver.fault = lambda request: (hangs(12) if request.path.endswith("slow") else answers(200))(request)
    for number in range(10):
        make_ticket(ada, title=f"T{number}")

    start = time.monotonic()
    counts = once()

    assert counts == {**NONE, "delivered": 10, "failed": 1}
    assert time.monotonic() - start < 10
    assert (slow.notices.pending().count(), fast.notices.pending().count()) == (10, 0)


def test_a_round_that_fails_is_logged_and_the_next_one_goes_on(committed, logged, monkeypatch):
    upkeep = Upkeep()
    rounds = []

    def tend():
        rounds.append(1)
        if len(rounds) == 1:
            raise OperationalError("the database has gone")
        upkeep.must_end.set()
        return loop.Counter()

    monkeypatch.setattr(loop.chores, "tend_tickets", tend)
    upkeep.run(0.01)

    assert len(rounds) == 2
    assert len([line for line in logged if "This round of upkeep failed: the database has gone" in line]) == 1


def test_expired_things_are_deleted_once_an_hour(db, monkeypatch):
    deleted = []
    monkeypatch.setattr(loop.chores, "delete_expired", lambda: deleted.append(1))
    upkeep = Upkeep()
    for _ in range(3):
        upkeep.round()
    upkeep.deleted -= 3601
    upkeep.round()

    assert len(deleted) == 2


# Whether it runs


@pytest.mark.parametrize(
    ("seconds", "seen"),
    [(None, "never seen"), (7, "last seen 7 s ago"), (600, "last seen 600 s ago"), (-20, "last seen 0 s ago")],
)
def test_readyz_and_the_desk_say_when_it_was_last_seen(seconds, seen, client, olga):
    if seconds is not None:
        Heartbeat.objects.create(pk=1, at=timezone.now() - timedelta(seconds=seconds))

    response = client.get("/readyz")

    assert (response.status_code, response.json()) == (200, {"status": "ready", "upkeep": seen})
    client.force_login(olga, backend="mentorq_users.backends.LCSBackend")
    page = client.get("/admin/").content.decode()
    assert f"Upkeep {seen}." in page
    assert "not running" not in page


@pytest.mark.parametrize("seconds", [None, 61, -3600])
@pytest.mark.parametrize(
    ("minutes", "webhook", "needs"),
    [({"expire_after": 5}, False, "events"), ({}, True, "webhooks"), ({"cancel_after": 5}, True, "webhooks and events")],
)
def test_a_missing_upkeep_is_a_warning_if_something_needs_it(
    seconds, minutes, webhook, needs, client, olga, make_event, make_webhook
):
    make_event(**minutes)
    if webhook:
        make_webhook()
    if seconds is not None:
        Heartbeat.objects.create(pk=1, at=timezone.now() - timedelta(seconds=seconds))
    warning = f"Upkeep is not running, and {needs} need it. Start it on one of the servers: python manage.py upkeep"

    response = client.get("/readyz")

    assert (response.status_code, response.json()["warning"]) == (200, warning)
    client.force_login(olga, backend="mentorq_users.backends.LCSBackend")
    assert warning in client.get("/admin/").content.decode()


def test_an_upkeep_that_runs_is_no_warning(client, make_webhook):
    make_webhook()
    Upkeep().round()

    assert "warning" not in client.get("/readyz").json()


def test_readyz_is_503_without_its_database(client, db):
    with database_down():
        assert client.get("/readyz").status_code == 503


# The process


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_in_order_when_told_to(number, tmp_path):
    environment = {"PATH": os.environ["PATH"], "DATABASE_URL": migrated(str(tmp_path)), "UPKEEP_PERIOD": "60"}
    process = subprocess.Popen(
        [sys.executable, "manage.py", "upkeep"], cwd=project.BASE_DIR, env=environment, stderr=subprocess.PIPE, text=True
    )
    lines = [process.stderr.readline() for _ in range(2)]
    time.sleep(0.5)
    process.send_signal(number)

    _, errors = process.communicate(timeout=10)
    assert (process.returncode, errors, lines[1]) == (0, "", "Upkeep runs every 60 s.\n")


def test_notices_of_the_last_move_are_there_after_a_kill(committed, make_webhook, receiver, ada, make_ticket):
    """A process that dies between an answer and its mark delivers twice, and nothing is lost."""
    make_webhook(receiver.url, tells=["opened"])
    make_ticket(ada)
    once()
    Notice.objects.update(delivered=None, next_attempt=timezone.now(), attempts=0)  # as it was before the mark

    assert once()["delivered"] == 1
    assert len({request.headers["webhook-id"] for request in receiver.received}) == 1
