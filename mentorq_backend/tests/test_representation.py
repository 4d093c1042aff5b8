"""The fast way of showing tickets writes the bytes that the declared fields would write."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from rest_framework import serializers
from rest_framework.renderers import JSONRenderer

from mentorq_backend.models import Feedback, Ticket
from mentorq_backend.serializers import TicketSerializer

PEOPLE = ["ada", "mia", "olga", "dan"]
QUERIES = ["", "?status=CLOSED", "?status=OPEN,CLAIMED", "?search=Table", "?active=true", "?ordering=title"]
PAGES = ["?limit=2", "?limit=2&offset=3", "?limit=100&status=CLOSED", "?limit=1&offset=1000"]
TEXTS = [
    "My build loops", 'a "quote" and a \\', "\u2028 and \u2029", "🙂 Ünïcode \U0010ffff 中", "\x7f \x01 \x1f \x80 \ufeff",
    "a table\tb\nc\rd\be\ff", "</script>&amp;'", "{}/%s",
]  # fmt: skip
MICROSECONDS = [0, 1, 120_000, 999_999]


def made(place, owner, text, status):
    """Return a ticket in that state, not yet saved, all of its texts that one and its instants of some kind."""
    at = datetime(2026, 2, 14, 23, 5, tzinfo=UTC).replace(microsecond=MICROSECONDS[(place + place // 4) % 4])
    columns = {"owner_email": owner.email, "owner": text, "title": text, "comment": text, "contact": text, "location": text}
    if status in ("CLAIMED", "CLOSED"):
        columns |= {"mentor": text, "mentor_email": "mia@example.edu", "claimed_datetime": at + timedelta(minutes=1)}
    if status == "CLOSED":
        columns["closed_datetime"] = at + timedelta(microseconds=500_000)
    return Ticket(status=status, created=at, active=place % 3 > 0, **columns)


@pytest.fixture
def queue(ada, grace):
    """Tickets in every state with each of the texts, each kind of instant, every second closed one with feedback."""
    kinds = enumerate(itertools.product(TEXTS, Ticket.Status.values))
    tickets = Ticket.objects.bulk_create(made(place, [ada, grace, ada][place % 3], *kind) for place, kind in kinds)
    for ticket in [ticket for ticket in tickets if ticket.status == "CLOSED"][::2]:
        Feedback.objects.give(ticket, rating=4.5)


def declared(response, pks):
    """Return what the declared fields make of these tickets, for whoever sent the request."""
    serializer = TicketSerializer(context={"request": response.renderer_context["request"]})
    tickets = [Ticket.objects.get(pk=pk) for pk in pks]
    return [serializers.HyperlinkedModelSerializer.to_representation(serializer, ticket) for ticket in tickets]


def ids(tickets):
    return [ticket["id"] for ticket in tickets]


@pytest.mark.usefixtures("queue")
@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize("name", PEOPLE)
def test_a_list_has_the_bytes_of_the_declared_fields(name, query, person, client_of):
    response = client_of(person(name)).get(f"/api/tickets/{query}")

    assert response.content == JSONRenderer().render(declared(response, ids(response.json())))


@pytest.mark.usefixtures("queue")
@pytest.mark.parametrize("query", PAGES)
@pytest.mark.parametrize("name", PEOPLE)
def test_a_page_has_the_bytes_of_the_declared_fields(name, query, person, client_of):
    response = client_of(person(name)).get(f"/api/tickets/{query}")

    page = response.json()
    assert response.content == JSONRenderer().render({**page, "results": declared(response, ids(page["results"]))})


@pytest.mark.usefixtures("queue")
@pytest.mark.parametrize("name", ["ada", "mia", "dan"])
def test_one_ticket_has_the_bytes_of_the_declared_fields(name, person, client_of):
    client = client_of(person(name))

    for pk in ids(client.get("/api/tickets/").json()):
        response = client.get(f"/api/tickets/{pk}/")
        assert response.content == JSONRenderer().render(declared(response, [pk])[0])


@pytest.mark.usefixtures("queue")
def test_a_moved_ticket_has_the_bytes_of_the_declared_fields(mia, client_of):
    for ticket in Ticket.objects.filter(status="CLAIMED"):
        response = client_of(mia).patch(f"/api/tickets/{ticket.pk}/", {"status": "CLOSED"})
        assert response.content == JSONRenderer().render(declared(response, [ticket.pk])[0])


@pytest.mark.usefixtures("queue")
def test_the_queue_of_these_tests_has_something_of_everything(dan, client_of):
    shown = client_of(dan).get("/api/tickets/").json()

    assert {ticket["title"] for ticket in shown} == set(TEXTS)
    assert {ticket["status"] for ticket in shown} == set(Ticket.Status.values)
    assert {len(ticket["created"]) for ticket in shown} == {len("2026-02-14T23:05:00Z"), len("2026-02-14T23:05:00.000001Z")}
    assert {bool(ticket["feedback"]) for ticket in shown if ticket["status"] == "CLOSED"} == {True, False}
