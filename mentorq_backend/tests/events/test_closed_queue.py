"""Who may open, reopen and move tickets while the queue is closed."""

from datetime import timedelta

import pytest
from django.utils import timezone

from mentorq_backend.models import Event, Revision, Ticket, TicketEvent

NEW = {"title": "Another", "location": "Table 12"}
CLOSED = {
    "over": {"opens": -2, "closes": -1},
    "paused": {"opens": -2, "paused": True},
    "not open yet": {"opens": 2},
}
MAY = {"olga", "dan", "dora"}


@pytest.fixture
def tickets(ada, mia, make_ticket):
    return {status: make_ticket(ada, status, mentor=mia) for status in ("OPEN", "CLAIMED", "CLOSED", "CANCELLED")}


@pytest.mark.parametrize("how", CLOSED)
@pytest.mark.parametrize("name", ["ada", "grace", "mia", "max", *sorted(MAY)])
def test_only_organizers_and_directors_open_tickets(how, name, make_event, person, client_of):
    make_event(**CLOSED[how])

    response = client_of(person(name)).post("/api/tickets/", NEW)

    assert response.status_code == (201 if name in MAY else 409)
    assert response.json().get("code", "") == ("" if name in MAY else "queue_closed")
    assert Ticket.objects.count() == TicketEvent.objects.count() == int(name in MAY)


# Which status the answer has, by the status of Ada's ticket and the new one. Mia is the mentor of those that have one.
STATUSES = {
    #                           ada  grace  mia  max  olga dan  dora
    ("OPEN", "CLAIMED"):       (403, 404, 200, 200, 200, 200, 200),
    ("OPEN", "CLOSED"):        (403, 404, 200, 200, 200, 200, 200),
    ("OPEN", "CANCELLED"):     (200, 404, 403, 403, 200, 200, 200),
    ("CLAIMED", "OPEN"):       (403, 404, 200, 403, 200, 200, 200),
    ("CLAIMED", "CLOSED"):     (403, 404, 200, 403, 200, 200, 200),
    ("CLAIMED", "CANCELLED"):  (200, 404, 403, 403, 200, 200, 200),
    ("CLOSED", "OPEN"):        (403, 404, 409, 403, 200, 200, 200),
    ("CLOSED", "CANCELLED"):   (403, 404, 403, 403, 200, 200, 200),
    ("CANCELLED", "OPEN"):     (409, 404, 403, 403, 200, 200, 200),
    ("CANCELLED", "CLAIMED"):  (409, 404, 409, 409, 409, 409, 409),
}  # fmt: skip
NAMES = ["ada", "grace", "mia", "max", "olga", "dan", "dora"]


@pytest.mark.parametrize("how", CLOSED)
@pytest.mark.parametrize(("before", "to"), STATUSES)
def test_every_move_goes_on_but_reopening(how, before, to, tickets, make_event, person, client_of):
    make_event(**CLOSED[how])
    statuses = []
    for name in NAMES:
        ticket = Ticket.objects.get(pk=tickets[before].pk)
        kept = Ticket.objects.filter(pk=ticket.pk).values().get()
        response = client_of(person(name)).patch(f"/api/tickets/{ticket.pk}/", {"status": to})
        statuses.append(response.status_code)
        if response.status_code == 200:
            Ticket.objects.filter(pk=ticket.pk).update(**kept)
        else:
            assert Ticket.objects.filter(pk=ticket.pk).values().get() == kept

    assert tuple(statuses) == STATUSES[before, to]


def test_a_refused_reopening_carries_the_ticket_and_changes_nothing(tickets, ada, make_event, client_of):
    make_event(-2, -1, "HackRU")
    ticket = tickets["CANCELLED"]
    before = Ticket.objects.values().get(pk=ticket.pk), TicketEvent.objects.count(), Revision.objects.total()

    response = client_of(ada).patch(f"/api/tickets/{ticket.pk}/", {"status": "OPEN"})

    assert response.status_code == 409
    assert {**response.json(), "ticket": response.json()["ticket"]["status"]} == {
        "detail": "The queue is closed: HackRU is over.",
        "code": "queue_closed",
        "ticket": "CANCELLED",
    }
    assert (Ticket.objects.values().get(pk=ticket.pk), TicketEvent.objects.count(), Revision.objects.total()) == before


def test_the_same_words_are_the_first_ticket_also_while_the_queue_is_closed(ada, make_event, client_of):
    event = make_event()
    client = client_of(ada)
    first = client.post("/api/tickets/", NEW)
    event.close()

    again = client.post("/api/tickets/", NEW)

    assert (first.status_code, again.status_code, again.json()["id"]) == (201, 200, first.json()["id"])


@pytest.mark.parametrize(
    ("body", "status"),
    [({}, 400), ({**NEW, "owner_email": "grace@example.edu"}, 403), ({**NEW, "status": "CLOSED"}, 400), (NEW, 409)],
)
def test_what_is_wrong_with_the_request_comes_first(body, status, ada, make_event, client_of):
    make_event(-2, -1)

    assert client_of(ada).post("/api/tickets/", body).status_code == status


def test_a_closed_queue_comes_before_the_limits(ada, make_event, make_ticket, settings, client_of):
    settings.TICKETS_MAX_OPEN = settings.TICKETS_PER_HOUR = 1
    event = make_event()
    make_ticket(ada)
    event.close()

    response = client_of(ada).post("/api/tickets/", NEW)

    assert (response.status_code, response.json()["code"]) == (409, "queue_closed")


def test_the_limit_counts_the_present_event_only(ada, make_event, make_ticket, settings, client_of):
    settings.TICKETS_MAX_OPEN = 1
    make_ticket(ada)
    Event.objects.create(name="HackRU", opens=timezone.now())
    client = client_of(ada)

    responses = [client.post("/api/tickets/", {**NEW, "title": title}) for title in ("first", "second")]

    assert [response.status_code for response in responses] == [201, 409]
    assert responses[1].json()["code"] == "limit_reached"


def test_a_queue_that_is_resumed_is_open_with_the_next_request(ada, make_event, client_of):
    event = make_event(paused=True)
    client = client_of(ada)
    refused = client.post("/api/tickets/", NEW).status_code

    event.resume()

    assert (refused, client.post("/api/tickets/", NEW).status_code) == (409, 201)


def test_an_event_opens_and_closes_by_the_clock(ada, make_event, client_of, monkeypatch):
    event = make_event(-1, 1)
    client = client_of(ada)
    during = client.post("/api/tickets/", NEW).status_code
    monkeypatch.setattr("django.utils.timezone.now", lambda: event.closes + timedelta(seconds=1))

    assert (during, client.post("/api/tickets/", {**NEW, "title": "late"}).status_code) == (201, 409)
