"""What /metrics says of the queue, the outbox, upkeep and the database."""

import platform
import re
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from mentorq import __version__
from mentorq_backend.models import Notice, Ticket, Webhook
from mentorq_backend.notices import outbox
from mentorq_backend.upkeep.models import Heartbeat
from mentorq_backend.waits.queue import QUEUE

MINUTE = timedelta(minutes=1)
PREFIX = "mentorq_"


@pytest.fixture
def scrape(client, db, settings):
    """Every sample of /metrics, by name and labels."""
    settings.METRICS_TOKEN = "only-for-prometheus"

    def get():
        QUEUE.clear()
        response = client.get("/metrics", headers={"Authorization": "Bearer only-for-prometheus"})
        lines = re.findall(r"^(mentorq_\S+?(?:\{.*\})?) (\S+)$", response.content.decode(), re.MULTILINE)
        return {name.removeprefix(PREFIX): float(value) for name, value in lines}

    return get


@pytest.fixture
def webhook(db):
    webhook = Webhook(name="Mentors", kind="standard", tells=["opened", "cancelled"])
    webhook.url = "https://hooks.example/x"
    webhook.save()
    return webhook


def seconds(minutes):
    return pytest.approx(minutes * 60, abs=20)


def test_the_oldest_open_ticket_is_the_one_that_entered_the_queue_first(scrape, make_ticket, ada, grace, mia):
    make_ticket(ada, created=timezone.now() - 10 * MINUTE)
    make_ticket(grace, created=timezone.now() - 30 * MINUTE)
    make_ticket(ada, "CLAIMED", mentor=mia, created=timezone.now() - 50 * MINUTE)

    assert scrape()["oldest_open_ticket_seconds"] == seconds(30)


def test_a_ticket_that_was_reopened_waits_from_then_on(scrape, make_ticket, ada):
    make_ticket(ada, "CANCELLED", created=timezone.now() - 30 * MINUTE).reopen(by=ada)

    assert scrape()["oldest_open_ticket_seconds"] == seconds(0)


def test_without_an_open_ticket_nobody_waits(scrape, make_ticket, ada):
    make_ticket(ada, "CANCELLED", created=timezone.now() - 30 * MINUTE)

    assert scrape()["oldest_open_ticket_seconds"] == 0


def test_a_clock_that_is_ahead_makes_no_negative_age(scrape, make_ticket, ada):
    make_ticket(ada, created=timezone.now() + 10 * MINUTE)

    assert scrape()["oldest_open_ticket_seconds"] == 0


def test_the_forecast_is_the_one_of_the_public_queue(scrape, make_ticket, ada, mia):
    start = timezone.now() - 60 * MINUTE
    for number in range(1, 7):
        make_ticket(ada, "CLOSED", mentor=mia, title=f"{number}", created=start)
    Ticket.objects.update(claimed_datetime=start + 7 * MINUTE, left_queue=start + 7 * MINUTE, ahead=0)

    samples = scrape()

    wait = APIClient().get("/api/queue/").json()["wait"]
    assert (samples['wait_seconds{percentile="50"}'], samples['wait_seconds{percentile="90"}']) == (420, 420)
    assert (wait["median_seconds"], wait["p90_seconds"]) == (420, 420)


def test_without_a_forecast_there_is_no_figure_of_it(scrape):
    assert [name for name in scrape() if name.startswith("wait_seconds")] == []


def test_what_is_not_delivered_yet_is_in_the_outbox(scrape, webhook, make_ticket, ada):
    make_ticket(ada, "CANCELLED")
    Notice.objects.filter(happening="opened").update(at=timezone.now() - 15 * MINUTE, attempts=3)

    samples = scrape()

    assert (samples["outbox_notices"], samples["outbox_oldest_seconds"]) == (2, seconds(15))


def test_what_is_delivered_or_given_up_is_not(scrape, webhook, make_ticket, ada):
    make_ticket(ada, "CANCELLED")
    Notice.objects.update(next_attempt=None, at=timezone.now() - 15 * MINUTE)
    Notice.objects.filter(happening="opened").update(delivered=timezone.now())

    samples = scrape()

    figures = [samples[name] for name in ("outbox_notices", "outbox_oldest_seconds", "outbox_given_up")]
    assert figures == [0, 0, 1]


def test_notices_of_a_webhook_that_is_off_wait_for_nobody_but_a_test_does(scrape, webhook, make_ticket, ada):
    make_ticket(ada)
    webhook.switch(on=False)
    outbox.tell_test(webhook)

    assert scrape()["outbox_notices"] == 1


def test_upkeep_was_seen_at_its_last_round(scrape):
    Heartbeat.objects.beat()
    Heartbeat.objects.update(at=timezone.now() - 3 * MINUTE)

    assert scrape()["upkeep_last_seen_seconds"] == seconds(3)


def test_upkeep_that_never_ran_has_no_figure(scrape):
    assert "upkeep_last_seen_seconds" not in scrape()


def test_postgresql_counts_its_connections_and_sqlite_has_none(scrape):
    samples = scrape()

    found = {name: value for name, value in samples.items() if name.startswith("database_connections")}
    if connection.vendor == "sqlite":
        assert found == {}
        return
    with connection.cursor() as cursor:
        cursor.execute("SHOW max_connections")
        (limit,) = cursor.fetchone()
    assert found["database_connections_max"] == float(limit)
    assert 1 <= found["database_connections"] < float(limit)


def test_the_version_is_the_one_of_the_openapi_document(scrape, client):
    labels = f'{{database="{connection.vendor}",python="{platform.python_version()}",version="{__version__}"}}'

    assert scrape()[f"info{labels}"] == 1
    assert client.get("/api/schema/", headers={"Accept": "application/json"}).json()["info"]["version"] == __version__


@pytest.mark.parametrize("part", ["mentorq_backend_ticket", "mentorq_backend_notice", "mentorq_backend_heartbeat", ""])
def test_a_database_that_fails_anywhere_leaves_out_all_of_its_figures(scrape, webhook, make_ticket, ada, part):
    make_ticket(ada)
    Heartbeat.objects.beat()
    known = scrape()

    def broken(execute, sql, *args):
        if part in sql:
            raise DatabaseError
        return execute(sql, *args)

    with connection.execute_wrapper(broken):
        left = scrape()

    gone = {name.partition("{")[0] for name in set(known) - set(left)}
    of_postgresql = {"database_connections", "database_connections_max"} if connection.vendor == "postgresql" else set()
    assert gone == of_postgresql | {
        "tickets", "oldest_open_ticket_seconds", "outbox_notices", "outbox_oldest_seconds", "outbox_given_up",
        "upkeep_last_seen_seconds",
    }  # fmt: skip
    assert (known["database_up"], left["database_up"]) == (1, 0)


def test_a_scrape_takes_so_many_queries_however_full_the_database(scrape, webhook, make_ticket, ada, grace):
    def queries():
        with CaptureQueriesContext(connection) as captured:
            scrape()
        return len(captured)

    empty = queries()
    for owner in (ada, grace):
        make_ticket(owner)

    expected = 8 if connection.vendor == "sqlite" else 9
    assert (empty, queries()) == (expected, expected)
