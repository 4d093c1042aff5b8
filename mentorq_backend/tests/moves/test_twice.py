"""The same ticket sent twice, because the first answer was lost and the button pressed again."""

from collections import Counter
from datetime import timedelta
from functools import partial

import pytest

from mentorq_backend.models import Ticket, TicketEvent

BODY = {"title": "It loops", "location": "Table 12", "comment": "For ever", "contact": "@ada"}


@pytest.fixture
def post(ada, client_of):
    """Send Ada's ticket, with other fields where the test names some."""
    client = client_of(ada)
    return lambda **fields: client.post("/api/tickets/", {**BODY, **fields})


def test_the_second_answer_is_200_with_the_first_ticket(post):
    first = post()

    second = post()

    assert (first.status_code, second.status_code, second.json()) == (201, 200, first.json())
    assert (Ticket.objects.count(), TicketEvent.objects.count()) == (1, 1)
    assert second["Location"] == first["Location"]


@pytest.mark.parametrize("field", BODY)
def test_other_texts_open_another_ticket(field, post):
    first = post()

    second = post(**{field: "Something else"})

    assert (second.status_code, second.json()[field]) == (201, "Something else")
    assert second.json()["id"] != first.json()["id"]


def test_texts_that_are_equal_after_cleaning_are_the_same_ticket(post):
    first = post()

    second = post(title="  It loops ")

    assert (second.status_code, second.json(), Ticket.objects.count()) == (200, first.json(), 1)


def test_the_same_texts_a_minute_later_open_another_ticket(post):
    first = post()
    created = Ticket.objects.get().created - timedelta(minutes=1)
    Ticket.objects.update(created=created)

    second = post()

    assert (second.status_code, second.json()["id"] == first.json()["id"]) == (201, False)


def test_the_same_texts_after_a_claim_open_another_ticket(post, mia):
    post()
    Ticket.objects.get().claim(by=mia)

    assert (post().status_code, sorted(Ticket.objects.values_list("status", flat=True))) == (201, ["CLAIMED", "OPEN"])


def test_the_same_texts_of_somebody_else_open_another_ticket(post, grace, client_of):
    post()

    response = client_of(grace).post("/api/tickets/", BODY)

    assert (response.status_code, response.json()["owner_email"], Ticket.objects.count()) == (201, grace.email, 2)


def test_an_organizer_who_repeats_it_for_the_owner_gets_the_first_ticket(post, ada, olga, client_of):
    first = post()

    second = client_of(olga).post("/api/tickets/", {**BODY, "owner_email": ada.email})

    assert (second.status_code, second.json()) == (200, first.json())


def test_a_record_of_help_is_always_another_ticket(post, ada, olga, client_of):
    post()

    body = {**BODY, "owner_email": ada.email, "status": "CANCELLED"}

    assert [client_of(olga).post("/api/tickets/", body).status_code for _ in range(2)] == [201, 201]
    assert sorted(Ticket.objects.values_list("status", flat=True)) == ["CANCELLED", "CANCELLED", "OPEN"]


def test_a_repeated_ticket_is_returned_before_any_limit_applies(post, settings):
    settings.TICKETS_MAX_OPEN = settings.TICKETS_PER_HOUR = 1
    post()

    assert (post().status_code, post(title="x").json()["code"]) == (200, "limit_reached")


def test_a_repeated_request_is_validated_first(post):
    post()

    response = post(location="")

    assert (response.status_code, response.json()) == (400, {"location": ["This field may not be blank."]})


def test_of_sixteen_equal_requests_at_once_one_opens_a_ticket(at_once, ada, client_of):
    client = client_of(ada)

    responses = at_once([partial(client.post, "/api/tickets/", BODY)] * 16)

    assert Counter(response.status_code for response in responses) == {201: 1, 200: 15}
    assert len({response.json()["id"] for response in responses}) == 1
    assert (Ticket.objects.count(), TicketEvent.objects.count()) == (1, 1)
