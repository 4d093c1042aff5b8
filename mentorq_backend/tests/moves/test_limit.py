"""How many open tickets a person may have."""

import pytest

from mentorq_backend.models import Ticket

MINIMAL = {"title": "One more", "location": "Table 12"}
REACHED = {
    "detail": "Nobody may have more than 5 open tickets: cancel one, or wait for a mentor.",
    "code": "limit_reached",
}


def open_of(user):
    return Ticket.objects.filter(owner_email=user.email, status="OPEN").count()


@pytest.fixture
def five_open(ada, make_ticket):
    """Ada's five open tickets."""
    return [make_ticket(ada) for _ in range(5)]


@pytest.mark.parametrize("name", ["ada", "olga", "dan"])
def test_nobody_opens_a_sixth_for_one_person(name, five_open, person, client_of):
    response = client_of(person(name)).post("/api/tickets/", {**MINIMAL, "owner_email": "ADA@example.edu"})

    assert (response.status_code, response.json()) == (409, REACHED)
    assert Ticket.objects.count() == 5


@pytest.mark.parametrize("move", ["claim", "close", "cancel"])
def test_one_that_is_no_longer_open_makes_room(move, five_open, ada, mia, client_of):
    getattr(five_open[0], move)(by=ada if move == "cancel" else mia)

    response = client_of(ada).post("/api/tickets/", MINIMAL)

    assert (response.status_code, open_of(ada)) == (201, 5)


def test_tickets_of_others_do_not_count_toward_the_limit(five_open, grace, client_of):
    response = client_of(grace).post("/api/tickets/", MINIMAL)

    assert (response.status_code, open_of(grace)) == (201, 1)


def test_a_bad_request_is_that_rather_than_one_too_many(five_open, ada, client_of):
    response = client_of(ada).post("/api/tickets/", {})

    required = ["This field is required."]
    assert (response.status_code, response.json()) == (400, {"title": required, "location": required})


@pytest.mark.parametrize("status", ["CLAIMED", "CLOSED", "CANCELLED"])
def test_the_record_of_help_already_given_is_none_of_the_open_ones(status, five_open, olga, client_of):
    body = {**MINIMAL, "owner_email": "ada@example.edu", "status": status}

    response = client_of(olga).post("/api/tickets/", body)

    assert (response.status_code, response.json()["status"]) == (201, status)
    assert Ticket.objects.filter(status="OPEN").count() == 5


@pytest.fixture
def cancelled(ada, make_ticket):
    """A cancelled ticket of Ada's, from before the five open ones."""
    ticket = make_ticket(ada, "CANCELLED")
    for _ in range(5):
        make_ticket(ada)
    return ticket


def test_their_own_reopening_does_not_make_it_six(cancelled, ada, client_of):
    shown = client_of(ada).get(f"/api/tickets/{cancelled.pk}/").json()

    response = client_of(ada).patch(f"/api/tickets/{cancelled.pk}/", {"status": "OPEN"})

    assert (response.status_code, response.json()) == (409, {**REACHED, "ticket": shown})
    cancelled.refresh_from_db()
    assert (cancelled.status, cancelled.events.count()) == ("CANCELLED", 2)


@pytest.mark.parametrize("name", ["olga", "dan"])
def test_an_organizers_reopening_may_exceed_it(name, cancelled, person, client_of):
    response = client_of(person(name)).patch(f"/api/tickets/{cancelled.pk}/", {"status": "OPEN"})

    assert (response.status_code, Ticket.objects.filter(status="OPEN").count()) == (200, 6)


@pytest.mark.parametrize("status", ["CLAIMED", "CLOSED"])
def test_a_release_and_a_reopening_by_its_mentor_may_exceed_it(status, ada, mia, client_of, make_ticket):
    helped = make_ticket(ada, status, mentor=mia)
    for _ in range(5):
        make_ticket(ada)

    response = client_of(mia).patch(f"/api/tickets/{helped.pk}/", {"status": "OPEN"})

    assert (response.status_code, open_of(ada)) == (200, 6)


def test_the_limit_of_open_tickets_is_a_setting(ada, client_of, settings):
    settings.TICKETS_MAX_OPEN = 1
    client = client_of(ada)

    statuses = [client.post("/api/tickets/", {**MINIMAL, "title": title}).status_code for title in "ab"]

    assert statuses == [201, 409]


def test_an_organizers_reopening_of_their_own_may_exceed_it(olga, client_of, make_ticket):
    cancelled = make_ticket(olga, "CANCELLED")
    for _ in range(5):
        make_ticket(olga)

    response = client_of(olga).patch(f"/api/tickets/{cancelled.pk}/", {"status": "OPEN"})

    assert (response.status_code, open_of(olga)) == (200, 6)
