"""A closed ticket that an organizer or director strikes out, as the frontend offers directors with "Cancel"."""

import pytest

from mentorq_backend.models import Feedback, Ticket, TicketEvent

CANCEL = {"status": "CANCELLED", "mentor_email": ""}  # what the frontend sends


@pytest.fixture
def closed(ada, mia, make_ticket):
    """A ticket of Ada's that Mia closed and Ada rated."""
    ticket = make_ticket(ada, "CLOSED", mentor=mia)
    Feedback.objects.give(ticket, rating=5)
    return ticket


@pytest.mark.parametrize("name", ["olga", "dan"])
def test_a_ticket_that_is_struck_out_is_cancelled_and_no_longer_closed(name, closed, person, client_of):
    response = client_of(person(name)).patch(f"/api/tickets/{closed.pk}/", CANCEL)

    shown = response.json()
    assert (response.status_code, shown["status"], shown["mentor_email"]) == (200, "CANCELLED", "")
    assert (shown["closed_datetime"], Ticket.objects.get().time_to_close) == (None, None)
    event = TicketEvent.objects.last()
    assert (event.by, event.from_status, event.to_status) == (f"{name}@example.edu", "CLOSED", "CANCELLED")


def test_feedback_stays_with_the_mentor(closed, dan, client_of):
    client = client_of(dan)

    client.patch(f"/api/tickets/{closed.pk}/", CANCEL)

    [leader] = client.get("/api/feedback/leaderboard/").json()
    assert (leader["mentor"], leader["average_rating"]) == ("mia@example.edu", 5)


def test_a_ticket_that_is_struck_out_leaves_the_average_closing_time(closed, dan, client_of):
    client = client_of(dan)

    client.patch(f"/api/tickets/{closed.pk}/", CANCEL)

    figures = client.get("/api/tickets/stats/").json()
    assert (figures["average_closed_datetime_seconds"], figures["Cancelled Tickets"]) == (None, 1)


@pytest.mark.parametrize("name", ["ada", "mia", "max"])
def test_nobody_else_does(name, closed, person, client_of):
    response = client_of(person(name)).patch(f"/api/tickets/{closed.pk}/", CANCEL)

    refusal = "You may not strike out this ticket: only an organizer or director may."
    assert (response.status_code, response.json()["detail"]) == (403, refusal)
    assert Ticket.objects.get().status == "CLOSED"


def test_the_desk_has_a_button_for_it(closed, olga, client):
    client.force_login(olga, "mentorq_users.backends.LCSBackend")
    path = f"/admin/mentorq_backend/ticket/{closed.pk}/change/"
    button = f"strike out|{closed.pk}|CLOSED|mia@example.edu"

    assert f'value="{button}"' in client.get(path).content.decode()
    client.post(path, {"_move": button})

    ticket = Ticket.objects.get()
    assert (ticket.status, ticket.mentor_email, ticket.closed_datetime) == ("CANCELLED", "mia@example.edu", None)
