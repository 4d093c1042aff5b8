"""Tickets that are opened, and events that are entered, at the same moment."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from mentorq_backend.models import Event, Ticket

COLUMNS = {"title": "x", "location": "x"}


@pytest.mark.parametrize("how", ["close", "pause"])
def test_tickets_opened_while_the_queue_closes_are_201_or_409_and_none_is_newer(how, at_once, person, client_of):
    event = Event.objects.create(name="HackRU", opens=timezone.now())
    clients = [client_of(person(name)) for name in ("ada", "grace", "mia", "max")]

    def open_some(number):
        client = clients[number % 4]
        return [client.post("/api/tickets/", {**COLUMNS, "title": f"{number} {n}"}).status_code for n in range(4)]

    def close():
        for client in clients:
            assert client.get("/api/tickets/").status_code == 200
        getattr(Event.objects.get(), how)()
        return timezone.now()

    *statuses, closed = at_once([lambda number=number: open_some(number) for number in range(8)] + [close])
    event.refresh_from_db()

    found = [status for each in statuses for status in each]
    assert set(found) <= {201, 409}
    assert Ticket.objects.count() == found.count(201)
    assert not Ticket.objects.filter(queued__gt=event.closes or closed).exists()
    assert [client.post("/api/tickets/", {**COLUMNS, "title": "late"}).status_code for client in clients] == [409] * 4


def test_of_two_events_that_overlap_and_are_entered_at_once_one_is_refused(at_once):
    now = timezone.now()

    def enter(number):
        try:
            Event.objects.create(name=f"event {number}", opens=now + number * timedelta(hours=1),
                                 closes=now + timedelta(hours=9))  # fmt: skip
        except ValidationError:
            return "refused"
        return "entered"

    assert sorted(at_once([lambda number=number: enter(number) for number in range(6)])) == ["entered"] + ["refused"] * 5
    assert Event.objects.count() == 1
