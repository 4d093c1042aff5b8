"""GET /api/tickets/<id>/history/."""

import pytest
from django.db.models import ProtectedError

from mentorq_backend.models import TicketEvent


def test_every_move_is_kept_the_creation_first(ada, mia, max_, olga, client_of, make_ticket):
    ticket = make_ticket(ada)
    ticket.claim(by=mia)
    ticket.claim(by=olga, mentor_email=max_.email)
    ticket.close(by=max_)
    ticket.reopen(by=olga)
    ticket.cancel(by=ada)

    rows = client_of(olga).get(f"/api/tickets/{ticket.pk}/history").json()

    assert [(row["by"], row["from"], row["to"], row["mentor_email"]) for row in rows] == [
        ("ada@example.edu", "", "OPEN", ""),
        ("mia@example.edu", "OPEN", "CLAIMED", "mia@example.edu"),
        ("olga@example.edu", "CLAIMED", "CLAIMED", "max@example.edu"),
        ("max@example.edu", "CLAIMED", "CLOSED", "max@example.edu"),
        ("olga@example.edu", "CLOSED", "OPEN", ""),
        ("ada@example.edu", "OPEN", "CANCELLED", ""),
    ]


def test_a_row_has_the_instant_of_its_move(ada, mia, olga, client_of, make_ticket):
    ticket = make_ticket(ada, "CLOSED", mentor=mia)
    client = client_of(olga)
    shown = client.get(f"/api/tickets/{ticket.pk}/").json()

    rows = client.get(f"/api/tickets/{ticket.pk}/history/").json()

    assert [set(row) for row in rows] == [{"at", "by", "from", "to", "mentor_email", "note"}] * 3
    assert [row["at"] for row in rows] == [shown["created"], shown["claimed_datetime"], shown["closed_datetime"]]


@pytest.mark.parametrize("name", ["ada", "mia", "max"])
def test_mentors_and_the_owner_do_not_read_it(name, ada, mia, person, client_of, make_ticket):
    ticket = make_ticket(ada, "CLAIMED", mentor=mia)

    response = client_of(person(name)).get(f"/api/tickets/{ticket.pk}/history/")

    assert (response.status_code, response.json()) == (
        403,
        {"detail": "Only organizers and directors may read a ticket's history.", "code": "permission_denied"},
    )


@pytest.mark.parametrize("name", ["grace", "olga"])
def test_of_a_ticket_that_they_do_not_see_there_is_none(name, ada, person, client_of, make_ticket):
    ticket = make_ticket(ada)
    pk = ticket.pk if name == "grace" else ticket.pk + 1

    response = client_of(person(name)).get(f"/api/tickets/{pk}/history/")

    assert (response.status_code, response.json()["code"]) == (404, "not_found")


def test_a_ticket_with_a_history_cannot_be_deleted(ada, make_ticket):
    ticket = make_ticket(ada)

    with pytest.raises(ProtectedError):
        ticket.delete()

    assert TicketEvent.objects.filter(ticket=ticket).count() == 1
