"""Tickets in the admin site: moves go through the model's verbs, nothing else changes."""

import pytest

from mentorq_backend.models import Ticket, TicketEvent

CHANGELIST = "/admin/mentorq_backend/ticket/"


@pytest.fixture
def desk(client, olga):
    """A browser in which an organizer is signed in."""
    client.force_login(olga, backend="mentorq_users.backends.LCSBackend")
    return client


def act(desk, action, *tickets):
    """Choose the tickets, run the action, and return the messages shown."""
    form = {"action": action, "_selected_action": [ticket.pk for ticket in tickets]}
    response = desk.post(CHANGELIST, form, follow=True)
    return [str(message) for message in response.context["messages"]]


@pytest.mark.parametrize(
    ("action", "before", "after"),
    [
        ("claim", "OPEN", "CLAIMED"),
        ("release", "CLAIMED", "OPEN"),
        ("close", "CLAIMED", "CLOSED"),
        ("cancel", "CLAIMED", "CANCELLED"),
        ("reopen", "CLOSED", "OPEN"),
        ("reopen", "CANCELLED", "OPEN"),
    ],
)
def test_an_action_makes_its_move_with_its_history(action, before, after, desk, ada, mia, make_ticket):
    ticket = make_ticket(ada, before, mentor=mia)

    shown = act(desk, action, ticket)

    ticket.refresh_from_db()
    assert (ticket.status, shown) == (after, [f"{action.capitalize()}: 1 done."])
    assert ticket.events.last().by == "olga@example.edu"


def test_a_refusal_is_shown_and_the_others_are_moved(desk, ada, mia, make_ticket):
    taken, free = make_ticket(ada, "CLAIMED", mentor=mia), make_ticket(ada)

    shown = act(desk, "claim", taken, free)

    free.refresh_from_db()
    assert free.mentor_email == "olga@example.edu"
    assert shown == [f"#{taken.pk} My build loops: Mia Mentor has claimed it already.", "Claim: 1 done."]


@pytest.mark.parametrize(("action", "status"), [("release", "CLOSED"), ("reopen", "CLAIMED"), ("claim", "CANCELLED")])
def test_an_impossible_move_is_shown_as_such(action, status, desk, ada, mia, make_ticket):
    ticket = make_ticket(ada, status, mentor=mia)

    shown = act(desk, action, ticket)

    assert len(shown) == 1
    assert shown[0].startswith(f"#{ticket.pk} My build loops: A ticket that is {status} cannot be ")
    assert Ticket.objects.get().status == status


def test_a_local_superuser_moves_tickets_too(client, admin_user, ada, make_ticket):
    client.force_login(admin_user)
    ticket = make_ticket(ada)

    act(client, "cancel", ticket)

    assert Ticket.objects.get().status == "CANCELLED"


def test_the_history_is_on_the_tickets_page(desk, ada, mia, make_ticket):
    ticket = make_ticket(ada, "CLAIMED", mentor=mia)

    page = desk.get(f"{CHANGELIST}{ticket.pk}/change/").content.decode()

    assert [str(event) in page for event in ticket.events.all()] == [True, True]


def test_the_page_changes_nothing(desk, ada, make_ticket):
    ticket = make_ticket(ada)

    response = desk.post(f"{CHANGELIST}{ticket.pk}/change/", {"title": "Other", "status": "CLOSED"})

    assert response.status_code == 403
    assert list(Ticket.objects.values_list("title", "status")) == [("My build loops", "OPEN")]


@pytest.mark.parametrize("path", ["add/", "{pk}/delete/"])
def test_tickets_are_neither_added_nor_deleted_here(path, desk, ada, make_ticket):
    ticket = make_ticket(ada)

    response = desk.get(CHANGELIST + path.format(pk=ticket.pk))

    assert response.status_code == 403


def test_deleting_is_no_action(desk, ada, make_ticket):
    ticket = make_ticket(ada)

    act(desk, "delete_selected", ticket)

    assert (Ticket.objects.count(), TicketEvent.objects.count()) == (1, 1)


@pytest.mark.parametrize("query", ["?q=loops", "?q=ada@example", "?status__exact=OPEN", "?active__exact=1"])
def test_it_is_searched_and_filtered(query, desk, ada, mia, make_ticket):
    make_ticket(ada)
    make_ticket(mia, "CANCELLED", title="Else", active=False)

    page = desk.get(CHANGELIST + query)

    assert [ticket.title for ticket in page.context["cl"].queryset] == ["My build loops"]
