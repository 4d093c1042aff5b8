"""The torture's audit finds each kind of loss and damage."""

import json

import pytest
from django.db import connection, transaction

from mentorq.tests.bench.audit import audit
from mentorq_backend.models import Ticket, TicketEvent

SOUND = {"lost": 0, "half done": 0, "history without a ticket": 0, "damaged": 0}


@pytest.fixture
def closed(make_ticket, ada, mia):
    """A ticket that Mia claimed and closed."""
    ticket = make_ticket(ada)
    ticket.claim(by=mia)
    ticket.close(by=mia)
    return ticket


@pytest.fixture
def audited(closed, ada, mia, tmp_path):
    """What the audit says where all of that was acknowledged."""

    def run():
        said = [(closed.pk, "OPEN", ada.email), (closed.pk, "CLAIMED", mia.email), (closed.pk, "CLOSED", mia.email)]
        file = tmp_path / "acknowledged.json"
        file.write_text(json.dumps(said))
        return audit(str(file))

    return run


def test_a_ticket_as_it_should_be_is_sound(audited):
    assert audited() == SOUND


@pytest.mark.parametrize(
    ("moves", "changes", "found"),
    [
        (["CLOSED"], {"by": "ada@example.edu"}, {"lost": 1}),
        (["CLAIMED"], {"by": "ada@example.edu"}, {"lost": 1}),
        (["CLAIMED", "CLOSED"], {"mentor_email": ""}, {"lost": 2, "half done": 1}),
        (["CLAIMED"], {"at": "2026-01-01T00:00:00Z"}, {"lost": 1}),
        (["CLAIMED"], {"from_status": "CLAIMED"}, {"lost": 1, "half done": 1}),
        (["CLOSED"], {"to_status": "CANCELLED"}, {"lost": 1, "half done": 1}),
    ],
)
def test_a_history_row_that_says_something_else_is_found(audited, moves, changes, found):
    TicketEvent.objects.filter(to_status__in=moves).update(**changes)

    assert audited() == {**SOUND, **found}


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"mentor_email": "max@example.edu"}, {"lost": 2, "half done": 1}),
        ({"claimed_datetime": None}, {"lost": 1}),
        ({"closed_datetime": "2026-01-01T00:00:00Z"}, {"lost": 1}),
        ({"status": "CANCELLED", "closed_datetime": None}, {"lost": 1, "half done": 1}),
    ],
)
def test_a_ticket_that_says_something_else_is_found(audited, closed, changes, found):
    Ticket.objects.filter(pk=closed.pk).update(**changes)

    assert audited() == {**SOUND, **found}


def test_a_move_made_twice_is_found(audited, closed):
    twice = TicketEvent.objects.get(to_status="CLAIMED")
    twice.pk = None
    twice.save(force_insert=True)

    assert audited() == {**SOUND, "lost": 1, "half done": 1}


def test_a_history_without_its_ticket_is_found(audited, closed):
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM mentorq_backend_ticket WHERE id = %s", [closed.pk])
        found = audited()
        transaction.set_rollback(True)

    # SQLite's own check finds the three rows too; PostgreSQL would not let such a transaction end.
    assert found == {**SOUND, "lost": 3, "history without a ticket": 1, "damaged": 3 * (connection.vendor == "sqlite")}


if connection.vendor == "postgresql":  # SQLite checks its own indexes

    def test_an_index_that_misses_a_row_is_found(audited, make_ticket, ada):
        ready = "UPDATE pg_index SET indisready = %s WHERE indexrelid = 'ticket_newest'::regclass"
        with connection.cursor() as cursor:
            cursor.execute(ready, [False])
            make_ticket(ada)
            cursor.execute(ready, [True])

        assert audited() == {**SOUND, "damaged": 1}
