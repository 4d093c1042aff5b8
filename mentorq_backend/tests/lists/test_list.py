"""GET /api/tickets/."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

SEES_EVERYTHING = ["mia", "olga", "dan", "dora"]


def ids(response):
    return [ticket["id"] for ticket in response.json()]


def test_the_list_is_an_array_even_of_nothing(ada, client_of):
    response = client_of(ada).get("/api/tickets/")

    assert (response.status_code, response.json()) == (200, [])


@pytest.mark.parametrize("name", SEES_EVERYTHING)
def test_whoever_helps_sees_every_ticket_closed_ones_too(name, ada, grace, mia, person, client_of, make_ticket):
    tickets = [make_ticket(ada), make_ticket(grace, "CLOSED", mentor=mia), make_ticket(ada, "CANCELLED")]

    response = client_of(person(name)).get("/api/tickets/")

    assert ids(response) == [ticket.pk for ticket in reversed(tickets)]


@pytest.mark.parametrize("name", ["ada", "vera", "sam"])
def test_everyone_else_sees_their_own(name, grace, mia, person, client_of, make_ticket):
    own = make_ticket(person(name), "CLOSED", mentor=mia)
    make_ticket(grace)

    response = client_of(person(name)).get("/api/tickets/")

    assert ids(response) == [own.pk]


def test_newest_first_whatever_the_order_of_their_ids(ada, client_of, make_ticket):
    new = make_ticket(ada)
    old = make_ticket(ada, created="2020-01-01T00:00:00Z")
    middle = make_ticket(ada, created="2021-01-01T00:00:00Z")

    response = client_of(ada).get("/api/tickets/")

    assert ids(response) == [new.pk, middle.pk, old.pk]


def test_the_list_shows_each_ticket_as_its_own_page_does(ada, mia, client_of, make_ticket):
    make_ticket(ada, "CLOSED", mentor=mia)

    shown = client_of(mia).get("/api/tickets/").json()

    assert shown == [client_of(mia).get(shown[0]["url"]).json()]


@pytest.mark.parametrize("count", [1, 300])
@pytest.mark.parametrize("name", ["ada", "mia"])
def test_the_list_takes_as_many_queries_and_no_lcs_call_however_many_tickets(
    name, count, person, lcs, client_of, make_ticket, settings
):
    settings.TICKETS_MAX_OPEN = settings.TICKETS_PER_HOUR = count
    for _ in range(count):
        make_ticket(person("ada"))
    client = client_of(person(name))

    with CaptureQueriesContext(connection) as queries:
        response = client.get("/api/tickets")

    assert len(response.json()) == count
    # The account, the fingerprint, the tickets with their feedback; for a mentor, whether they gave feedback themselves.
    assert len(queries) == (4 if name == "mia" else 3)
    assert lcs.calls == []
