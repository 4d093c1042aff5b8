"""A change whose history cannot be written is no change."""

from contextlib import contextmanager

import pytest
from django.db import OperationalError, connection

from mentorq_backend.models import Revision, Ticket, TicketEvent

pytestmark = pytest.mark.usefixtures("committed")

MOVES = {
    "claim": ("OPEN", "mia", {"status": "CLAIMED"}),
    "close at once": ("OPEN", "mia", {"status": "CLOSED"}),
    "cancel": ("OPEN", "ada", {"status": "CANCELLED"}),
    "release": ("CLAIMED", "mia", {"status": "OPEN"}),
    "hand over": ("CLAIMED", "olga", {"mentor_email": "max@example.edu"}),
    "rename": ("CLAIMED", "mia", {"mentor": "Dr. M"}),
    "close": ("CLAIMED", "mia", {"status": "CLOSED"}),
    "close and mark": ("CLAIMED", "mia", {"status": "CLOSED", "active": False}),
    "reopen": ("CLOSED", "mia", {"status": "OPEN"}),
    "take up again": ("CANCELLED", "ada", {"status": "OPEN"}),
}


@contextmanager
def history_breaks():
    """The database fails as soon as a row of history is written."""

    def fail(execute, sql, params, many, context):
        if sql.startswith("INSERT") and TicketEvent._meta.db_table in sql:
            raise OperationalError("the disk is full")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(fail):
        yield


def everything():
    """All that a change of a ticket writes."""
    tables = (Ticket.objects.order_by("pk"), TicketEvent.objects.order_by("pk"), Revision.objects.order_by("pk"))
    return [list(rows.values()) for rows in tables]


@pytest.mark.parametrize("move", MOVES)
def test_a_move_without_its_history_is_503_and_changes_nothing(move, ada, mia, olga, person, make_ticket, client_of):
    status, name, body = MOVES[move]
    ticket = make_ticket(ada, status, mentor=mia)
    before = everything()

    with history_breaks():
        response = client_of(person(name)).patch(f"/api/tickets/{ticket.pk}/", body)

    assert (response.status_code, everything()) == (503, before)


@pytest.mark.parametrize("status", ["OPEN", "CLOSED"])
def test_a_ticket_without_its_history_is_503_and_is_not_there(status, olga, client_of):
    with history_breaks():
        response = client_of(olga).post("/api/tickets/", {"title": "It loops", "location": "Here", "status": status})

    assert (response.status_code, Ticket.objects.count()) == (503, 0)


def test_a_correction_without_its_history_changes_nothing(ada, olga, make_ticket):
    ticket = make_ticket(ada)
    before = everything()

    with history_breaks(), pytest.raises(OperationalError):
        ticket.correct(by=olga, title="It loops for ever")

    assert everything() == before
