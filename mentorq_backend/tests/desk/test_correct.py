"""Correcting a ticket: an organizer's, never lost, never over somebody else's."""

import pytest

from mentorq_backend.exceptions import MoveNotAllowed, TicketConflict
from mentorq_backend.models import Ticket, TicketEvent


def texts():
    return list(Ticket.objects.values_list("title", "location", "contact"))


def test_a_correction_changes_the_texts_and_keeps_the_old_ones(ada, olga, make_ticket):
    ticket = make_ticket(ada, contact="@ada")

    ticket.correct(by=olga, title="My tests loop", location="Table 21", contact="@ada")

    assert texts() == [("My tests loop", "Table 21", "@ada")]
    assert (ticket.title, ticket.location) == ("My tests loop", "Table 21")
    event = ticket.events.last()
    assert (event.by, event.from_status, event.to_status, event.mentor_email, event.note) == (
        "olga@example.edu",
        "OPEN",
        "OPEN",
        "",
        "title: My build loops → My tests loop\nlocation: Table 12 → Table 21",
    )


def test_a_claimed_ticket_keeps_its_mentor_and_its_instants(ada, mia, olga, make_ticket):
    ticket = make_ticket(ada, "CLAIMED", mentor=mia)
    before = Ticket.objects.values("status", "mentor", "mentor_email", "claimed_datetime", "time_to_claim").get()

    ticket.correct(by=olga, location="Table 21")

    assert Ticket.objects.values(*before).get() == before
    assert ticket.events.last().mentor_email == mia.email


def test_the_same_texts_are_no_correction(ada, olga, make_ticket):
    ticket = make_ticket(ada)

    ticket.correct(by=olga, title="My build loops", location="Table 12")

    assert (Ticket.objects.get().version, TicketEvent.objects.count()) == (ticket.version, 1)


@pytest.mark.parametrize("name", ["ada", "mia"])
def test_only_organizers_correct_a_ticket(name, ada, person, make_ticket):
    ticket = make_ticket(ada)

    with pytest.raises(MoveNotAllowed, match=r"^Only organizers and directors may correct a ticket"):
        ticket.correct(by=person(name), title="Mine")

    assert (texts(), TicketEvent.objects.count()) == ([("My build loops", "Table 12", "")], 1)


def test_the_second_of_two_who_correct_the_same_is_told_so(ada, olga, dan, make_ticket):
    first = make_ticket(ada)
    second = Ticket.objects.get()
    first.correct(by=olga, title="Olga's")

    with pytest.raises(TicketConflict, match=r"^The ticket has changed meanwhile: look at it again") as refusal:
        second.correct(by=dan, title="Dan's")

    assert (texts(), TicketEvent.objects.count()) == ([("Olga's", "Table 12", "")], 2)
    assert (refusal.value.code, refusal.value.ticket.title) == ("conflict", "Olga's")


def test_one_who_saw_another_status_is_told_so_too(ada, mia, olga, make_ticket):
    ticket = make_ticket(ada)
    Ticket.objects.get().claim(by=mia)

    with pytest.raises(TicketConflict):
        ticket.correct(by=olga, title="Olga's")

    assert [event.note for event in TicketEvent.objects.all()] == ["", ""]


def test_the_api_shows_it_as_a_row_without_a_move(ada, olga, make_ticket, client_of):
    ticket = make_ticket(ada)
    ticket.correct(by=olga, title="My tests loop")

    row = client_of(olga).get(f"/api/tickets/{ticket.pk}/history/").json()[-1]

    assert {key: row[key] for key in row if key != "at"} == {
        "by": "olga@example.edu", "from": "OPEN", "to": "OPEN", "mentor_email": "",
        "note": "title: My build loops → My tests loop",
    }  # fmt: skip


def test_of_sixteen_at_once_one_corrects_it(at_once, person, make_ticket):
    ticket, olga = make_ticket(person("ada")), person("olga")
    read = [Ticket.objects.get(pk=ticket.pk) for _ in range(16)]

    def correct(number):
        try:
            read[number].correct(by=olga, title=f"Version {number}")
        except TicketConflict:
            return 0
        return 1

    done = at_once([lambda number=number: correct(number) for number in range(16)])

    assert (sum(done), TicketEvent.objects.count()) == (1, 2)
