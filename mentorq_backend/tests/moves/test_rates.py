"""How many tickets one person may open, and how many moves they may make, in any hour."""

import itertools
from collections import Counter
from datetime import timedelta
from functools import partial

import pytest
from django.utils import timezone

from mentorq_backend.exchange.imports import add_tickets
from mentorq_backend.models import Ticket, TicketEvent
from mentorq_backend.tests.exchange.files import ROW, jsonl

THREADS = 16


@pytest.fixture
def opened(client_of):
    """Open so many tickets, and cancel each at once; return the last answer."""
    titles = map(str, itertools.count())

    def run(user, count):
        client = client_of(user)
        for _ in range(count):
            response = client.post("/api/tickets/", {"title": next(titles), "location": "Table 12"})
            if response.status_code == 201:
                client.patch(response.json()["url"], {"status": "CANCELLED"})
        return response

    return run


def test_the_31st_ticket_in_an_hour_is_one_too_many_though_the_others_are_cancelled(ada, opened):
    assert opened(ada, 30).status_code == 201

    response = opened(ada, 1)

    wait = int(response["Retry-After"])
    assert (response.status_code, response.json()) == (
        429,
        {
            "detail": f"You have opened 30 tickets in an hour, which is the limit. Expected available in {wait} seconds.",
            "code": "throttled",
        },
    )
    assert 3500 < wait <= 3600
    assert (Ticket.objects.count(), TicketEvent.objects.filter(from_status="").count()) == (30, 30)


def test_the_limit_is_for_any_hour_and_not_for_an_hour_of_the_clock(ada, opened):
    opened(ada, 30)
    oldest = TicketEvent.objects.filter(from_status="").order_by("at").first()
    TicketEvent.objects.filter(pk=oldest.pk).update(at=timezone.now() - timedelta(minutes=59))
    refused = opened(ada, 1)
    TicketEvent.objects.filter(pk=oldest.pk).update(at=timezone.now() - timedelta(hours=1))

    assert (refused.status_code, 0 < int(refused["Retry-After"]) <= 60) == (429, True)
    assert [opened(ada, 1).status_code for _ in range(2)] == [201, 429]


@pytest.mark.parametrize("name", ["olga", "dan"])
def test_organizers_and_directors_have_ten_times_the_limit(name, person, opened, settings):
    settings.TICKETS_PER_HOUR = 2

    assert opened(person(name), 20).status_code == 201
    assert (opened(person(name), 1).status_code, Ticket.objects.count()) == (429, 20)


def test_mentors_have_the_limit_of_everybody(mia, opened, settings):
    settings.TICKETS_PER_HOUR = 2

    assert [opened(mia, 2).status_code, opened(mia, 1).status_code] == [201, 429]
    assert Ticket.objects.count() == 2


def test_the_limit_counts_the_caller_and_not_the_owner(ada, olga, client_of, opened, settings):
    settings.TICKETS_PER_HOUR = 2
    opened(ada, 2)

    body = {"title": "x", "location": "x", "owner_email": ada.email}
    response = client_of(olga).post("/api/tickets/", body)

    assert (response.status_code, Ticket.objects.filter(owner_email=ada.email).count()) == (201, 3)


def test_others_are_not_limited_by_it(ada, grace, opened, settings):
    settings.TICKETS_PER_HOUR = 1
    opened(ada, 2)

    assert (opened(grace, 1).status_code, Ticket.objects.filter(owner_email=grace.email).count()) == (201, 1)


def test_of_sixteen_opened_at_once_as_many_are_let_in_as_may_be(at_once, ada, client_of, settings):
    settings.TICKETS_PER_HOUR, settings.TICKETS_MAX_OPEN = 5, 1000
    client = client_of(ada)
    bodies = [{"title": f"Stuck {number}", "location": "Table 12"} for number in range(THREADS)]

    responses = at_once([partial(client.post, "/api/tickets/", body) for body in bodies])

    assert Counter(response.status_code for response in responses) == {201: 5, 429: THREADS - 5}
    assert (Ticket.objects.count(), TicketEvent.objects.count()) == (5, 5)


def test_of_sixteen_claims_at_once_as_many_are_made_as_may_be(at_once, ada, mia, client_of, make_ticket, settings):
    settings.MOVES_PER_HOUR, settings.TICKETS_MAX_OPEN = 5, 1000
    tickets = [make_ticket(ada) for _ in range(THREADS)]
    client = client_of(mia)

    responses = at_once([partial(client.patch, f"/api/tickets/{t.pk}/", {"status": "CLAIMED"}) for t in tickets])

    assert Counter(response.status_code for response in responses) == {200: 5, 429: THREADS - 5}
    assert Ticket.objects.filter(status="CLAIMED").count() == 5
    assert TicketEvent.objects.exclude(from_status="").count() == 5


def test_a_move_too_many_changes_nothing(ada, mia, client_of, make_ticket, settings):
    settings.MOVES_PER_HOUR = 2
    client = client_of(mia)
    path = f"/api/tickets/{make_ticket(ada).pk}/"
    client.patch(path, {"status": "CLAIMED"})
    client.patch(path, {"status": "OPEN"})
    row = Ticket.objects.values().get()

    response = client.patch(path, {"status": "CLAIMED"})

    assert (response.status_code, response.json()["code"]) == (429, "throttled")
    assert (Ticket.objects.values().get(), TicketEvent.objects.count()) == (row, 3)


# What does not count: each is done by a mentor who has one move left, and is followed by that one.
FREE = {
    "a refusal": lambda client, path: client.patch(path, {"status": "CANCELLED"}),
    "what is so already": lambda client, path: client.patch(path, {"status": "OPEN"}),
    "the mark": lambda client, path: client.patch(path, {"active": False}),
    "a malformed one": lambda client, path: client.patch(path, {"status": "DONE"}),
}


@pytest.mark.parametrize("free", FREE)
def test_what_moves_nothing_does_not_count(free, ada, mia, client_of, make_ticket, settings):
    settings.MOVES_PER_HOUR = 1
    client, path = client_of(mia), f"/api/tickets/{make_ticket(ada).pk}/"
    for _ in range(3):
        FREE[free](client, path)

    assert client.patch(path, {"status": "CLAIMED"}).status_code == 200
    assert client.patch(path, {"status": "OPEN"}).status_code == 429  # and that was the one
    assert Ticket.objects.get().status == "CLAIMED"


def test_corrections_do_not_count(ada, olga, make_ticket, settings):
    settings.MOVES_PER_HOUR = 0.1  # one for an organizer
    ticket = make_ticket(ada)
    for title in "abc":
        ticket.correct(by=olga, title=title)

    ticket.cancel(by=olga)

    assert ticket.status == "CANCELLED"


def test_what_a_file_brought_does_not_count(ada, client_of, settings):
    settings.TICKETS_PER_HOUR, settings.TICKETS_MAX_OPEN = 1, 1000
    now = timezone.now().isoformat()
    add_tickets([jsonl({**ROW, "title": title, "created": now}) for title in "abc"], "jsonl", str)

    response = client_of(ada).post("/api/tickets/", {"title": "x", "location": "x"})

    assert (response.status_code, Ticket.objects.count()) == (201, 4)


def test_one_ticket_too_many_is_said_before_one_an_hour_too_many(ada, client_of, make_ticket, settings):
    settings.TICKETS_PER_HOUR = settings.TICKETS_MAX_OPEN = 1
    make_ticket(ada)

    response = client_of(ada).post("/api/tickets/", {"title": "x", "location": "x"})

    assert (response.status_code, response.json()["code"]) == (409, "limit_reached")


def test_somebody_faster_is_said_before_a_move_too_many(ada, mia, max_, client_of, make_ticket, settings):
    settings.MOVES_PER_HOUR = 1
    make_ticket(ada, "CLAIMED", mentor=mia)
    ticket = make_ticket(ada, "CLAIMED", mentor=max_)

    response = client_of(mia).patch(f"/api/tickets/{ticket.pk}/", {"status": "CLAIMED"})

    assert (response.status_code, response.json()["code"]) == (409, "conflict")
