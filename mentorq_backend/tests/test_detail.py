"""GET and PATCH /api/tickets/<id>/ beyond the moves: what is shown, what is ignored, what is refused."""

import pytest
from django.utils.dateparse import parse_datetime

from mentorq_backend.models import Ticket, TicketEvent

NOT_FOUND = {"detail": "No Ticket matches the given query.", "code": "not_found"}


def test_a_ticket_is_shown_whole(ada, client_of, make_ticket):
    ticket = make_ticket(ada, comment="Again and again", contact="@ada")
    created = ticket.created.isoformat().replace("+00:00", "Z")

    response = client_of(ada).get(f"/api/tickets/{ticket.pk}/")

    assert response.json() == {
        "id": ticket.pk,
        "url": f"http://testserver/api/tickets/{ticket.pk}/",
        "owner_email": "ada@example.edu",
        "owner": "Ada Lovelace",
        "title": "My build loops",
        "comment": "Again and again",
        "contact": "@ada",
        "location": "Table 12",
        "status": "OPEN",
        "mentor": "",
        "mentor_email": "",
        "active": True,
        "created": created,
        "created_datetime": created,
        "claimed_datetime": None,
        "closed_datetime": None,
        "feedback": "",
    }


def test_the_instants_are_the_servers_in_utc(ada, mia, client_of, make_ticket):
    ticket = make_ticket(ada, "CLOSED", mentor=mia)

    shown = client_of(ada).get(f"/api/tickets/{ticket.pk}/").json()

    instants = [shown["created"], shown["claimed_datetime"], shown["closed_datetime"]]
    assert instants == sorted(instants)
    assert all(text.endswith("Z") for text in instants)
    assert parse_datetime(shown["closed_datetime"]) == ticket.closed_datetime


@pytest.mark.parametrize("method", ["get", "patch"])
@pytest.mark.parametrize("pk", [0, 2**31, 2**63 - 1, 2**63, 10**25])
def test_a_ticket_that_does_not_exist_is_not_found(pk, method, olga, client_of):
    response = getattr(client_of(olga), method)(f"/api/tickets/{pk}/")

    assert (response.status_code, response.json()) == (404, NOT_FOUND)


@pytest.mark.parametrize("query", ["?status=CLOSED", "?status=NONSENSE", "?search=else", "?limit=x"])
def test_a_single_ticket_has_no_filters(query, ada, client_of, make_ticket):
    ticket = make_ticket(ada)

    response = client_of(ada).patch(f"/api/tickets/{ticket.pk}/{query}", {"status": "CANCELLED"})

    assert (response.status_code, response.json()["status"]) == (200, "CANCELLED")


@pytest.mark.parametrize("method", ["get", "patch"])
def test_somebody_elses_ticket_is_not_found(method, ada, grace, client_of, make_ticket):
    ticket = make_ticket(ada)

    response = getattr(client_of(grace), method)(f"/api/tickets/{ticket.pk}/")

    assert (response.status_code, response.json()) == (404, NOT_FOUND)


def test_a_ticket_is_hidden_before_its_body_is_looked_at(ada, grace, client_of, make_ticket):
    ticket = make_ticket(ada)

    response = client_of(grace).patch(f"/api/tickets/{ticket.pk}/", {"status": "NONSENSE"})

    assert (response.status_code, response.json()) == (404, NOT_FOUND)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"title": "Other"},
        {"owner_email": "grace@example.edu", "owner": "Grace", "comment": "x", "contact": "x", "location": "x"},
        {"id": 7, "url": "x", "created": "2020-01-01", "claimed_datetime": "2020-01-01", "closed_datetime": None},
        {"feedback": "x", "time_to_claim": 1, "time_to_close": 1, "unknown": [1]},
    ],
)
def test_other_fields_are_ignored(body, ada, olga, client_of, make_ticket):
    ticket = make_ticket(ada)
    client = client_of(olga)
    shown = client.get(f"/api/tickets/{ticket.pk}/").json()

    response = client.patch(f"/api/tickets/{ticket.pk}/", body)

    assert (response.status_code, response.json()) == (200, shown)
    assert TicketEvent.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ({"status": "DONE"}, {"status": ['"DONE" is not a valid choice.']}),
        ({"status": "open"}, {"status": ['"open" is not a valid choice.']}),
        ({"status": ""}, {"status": ['"" is not a valid choice.']}),
        ({"status": None}, {"status": ["This field may not be null."]}),
        ({"status": ["OPEN"]}, {"status": ["\"['OPEN']\" is not a valid choice."]}),
        ({"mentor_email": "mia"}, {"mentor_email": ["Enter a valid email address."]}),
        ({"mentor_email": None}, {"mentor_email": ["This field may not be null."]}),
        ({"mentor": "x" * 2001}, {"mentor": ["Ensure this field has no more than 2000 characters."]}),
        ({"mentor": "a\0b"}, {"mentor": ["Null characters are not allowed."]}),
        ({"active": "perhaps"}, {"active": ["Must be a valid boolean."]}),
        ({"active": None}, {"active": ["This field may not be null."]}),
    ],
)
def test_bad_input_names_the_field_and_changes_nothing(body, answer, ada, olga, client_of, make_ticket):
    ticket = make_ticket(ada)

    response = client_of(olga).patch(f"/api/tickets/{ticket.pk}/", {"status": "CLAIMED", **body})

    assert (response.status_code, response.json()) == (400, answer)
    ticket.refresh_from_db()
    assert ticket.status == "OPEN"


@pytest.mark.parametrize("body", [b"[]", b'[{"status": "CLAIMED"}]', b'"CLAIMED"', b"7", b"null"])
def test_a_body_that_is_no_object_is_refused(body, ada, olga, client_of, make_ticket):
    ticket = make_ticket(ada)

    response = client_of(olga).patch(f"/api/tickets/{ticket.pk}/", body, content_type="application/json")

    assert response.status_code == 400
    assert list(response.json()) == ["non_field_errors"]


@pytest.mark.parametrize("method", ["put", "delete"])
@pytest.mark.parametrize("name", ["ada", "mia", "dora"])
def test_a_ticket_is_neither_replaced_nor_deleted(name, method, ada, person, client_of, make_ticket):
    ticket = make_ticket(ada)

    response = getattr(client_of(person(name)), method)(f"/api/tickets/{ticket.pk}/")

    assert response.status_code == 405
    assert response["Allow"] == "GET, PATCH, HEAD, OPTIONS"
    assert Ticket.objects.filter(pk=ticket.pk).exists()


@pytest.mark.parametrize("name", ["mia", "max", "olga", "dan"])
def test_a_mentor_marks_the_owner_as_gone_and_back(name, ada, mia, person, client_of, make_ticket):
    ticket = make_ticket(ada, "CLAIMED", mentor=mia)
    client = client_of(person(name))

    gone = client.patch(f"/api/tickets/{ticket.pk}/", {"active": False}).json()
    back = client.patch(f"/api/tickets/{ticket.pk}/", {"active": True}).json()

    assert (gone["active"], back["active"]) == (False, True)
    assert TicketEvent.objects.count() == 2


def test_a_hacker_does_not_mark_their_own_ticket(ada, client_of, make_ticket):
    ticket = make_ticket(ada)

    response = client_of(ada).patch(f"/api/tickets/{ticket.pk}/", {"active": False})

    assert response.status_code == 403
    ticket.refresh_from_db()
    assert ticket.active is True


def test_a_move_and_a_mark_come_together(ada, mia, client_of, make_ticket):
    ticket = make_ticket(ada, "CLAIMED", mentor=mia)

    shown = client_of(mia).patch(f"/api/tickets/{ticket.pk}/", {"status": "CLOSED", "active": False}).json()

    assert (shown["status"], shown["active"]) == ("CLOSED", False)


def test_a_mark_that_is_refused_takes_the_move_with_it(ada, client_of, make_ticket):
    ticket = make_ticket(ada)

    response = client_of(ada).patch(f"/api/tickets/{ticket.pk}/", {"status": "CANCELLED", "active": False})

    assert response.status_code == 403
    ticket.refresh_from_db()
    assert (ticket.status, TicketEvent.objects.count()) == ("OPEN", 1)


def test_a_move_that_is_refused_takes_the_mark_with_it(ada, mia, max_, client_of, make_ticket):
    ticket = make_ticket(ada, "CLAIMED", mentor=mia)

    response = client_of(max_).patch(f"/api/tickets/{ticket.pk}/", {"status": "CLAIMED", "active": False})

    assert response.status_code == 409
    ticket.refresh_from_db()
    assert ticket.active is True


def test_a_chunked_body_is_refused_rather_than_read_as_an_empty_one(ada, client_of, make_ticket):
    ticket = make_ticket(ada)

    response = client_of(ada).patch(f"/api/tickets/{ticket.pk}/", headers={"Transfer-Encoding": "chunked"})

    assert (response.status_code, response.json()) == (
        411,
        {"detail": "Send the body with its Content-Length, not in chunks.", "code": "length_required"},
    )
