"""A ticket's page in the admin site: corrections, which are history, and feedback for who may read it."""

import pytest
from django.contrib.admin.models import LogEntry

from mentorq_backend.desk.tickets import state_digest
from mentorq_backend.models import Feedback, Ticket
from mentorq_backend.tests.desk.pages import CHANGELIST, messages_of


def correct(desk, ticket, state=None, **texts):
    """Save the ticket's page with these texts, and return the messages shown."""
    form = {"title": ticket.title, "location": ticket.location, "contact": ticket.contact, **texts}
    path = f"{CHANGELIST}{ticket.pk}/change/"
    state = state or state_digest(Ticket.objects.get(pk=ticket.pk))
    return messages_of(desk.post(path, {**form, "_state": state}, follow=True))


def test_an_organizer_corrects_title_place_and_contact(desk, ada, make_ticket):
    ticket = make_ticket(ada)

    correct(desk, ticket, title="My tests loop", location="Table 21", contact="@ada")

    assert list(Ticket.objects.values_list("title", "location", "contact")) == [("My tests loop", "Table 21", "@ada")]
    assert (ticket.events.last().by, ticket.events.count()) == ("olga@example.edu", 2)


def test_nothing_else_is_corrected(desk, ada, make_ticket):
    ticket = make_ticket(ada)
    before = Ticket.objects.values().get()

    correct(
        desk, ticket, status="CLOSED", owner_email="x@example.edu", comment="x", mentor_email="x@example.edu", active=""
    )

    assert Ticket.objects.values().get() == before


@pytest.mark.parametrize("state", ["0", " ", "x", "99", None])
def test_a_page_that_is_out_of_date_corrects_nothing(state, desk, ada, make_ticket):
    ticket = make_ticket(ada)
    before = state_digest(ticket)
    Ticket.objects.update(active=False)

    shown = correct(desk, ticket, state=state or before, title="My tests loop")

    assert (Ticket.objects.get().title, shown) == (
        "My build loops",
        ["The ticket has changed meanwhile: look at it again."],
    )
    assert LogEntry.objects.count() == 0


@pytest.mark.parametrize("title", ["", "   ", "x" * 2001])
def test_a_bad_title_is_said_and_corrects_nothing(title, desk, ada, make_ticket):
    ticket = make_ticket(ada)

    response = desk.post(f"{CHANGELIST}{ticket.pk}/change/", {"title": title, "location": "Here", "_state": "1"})

    assert (response.status_code, list(response.context["adminform"].form.errors)) == (200, ["title"])
    assert list(Ticket.objects.values_list("title", "location")) == [("My build loops", "Table 12")]


def test_a_correction_is_on_the_page(desk, ada, olga, make_ticket):
    ticket = make_ticket(ada)
    ticket.correct(by=olga, location="Table 21")

    assert "location: Table 12 → Table 21" in desk.get(f"{CHANGELIST}{ticket.pk}/change/").content.decode()


# Feedback


@pytest.mark.parametrize(("name", "seen"), [("olga", False), ("dan", True)])
def test_feedback_is_beside_the_ticket_for_directors(name, seen, client, person, ada, mia, make_ticket):
    client.force_login(person(name))
    ticket = make_ticket(ada, "CLOSED", mentor=mia)
    Feedback.objects.give(ticket, rating=4.5, comments="Patient & kind")

    page = client.get(f"{CHANGELIST}{ticket.pk}/change/").content.decode()

    assert ["4.5 stars" in page, "Patient &amp; kind" in page, 'id="feedback"' in page] == [seen] * 3
