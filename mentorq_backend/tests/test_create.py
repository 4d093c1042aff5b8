"""POST /api/tickets/."""

import pytest

from mentorq_backend.models import Ticket, TicketEvent

MINIMAL = {"title": "My build loops", "location": "Table 12"}


def test_the_smallest_ticket_is_the_callers_and_open(ada, client_of):
    response = client_of(ada).post("/api/tickets/", MINIMAL)

    shown = response.json()
    ticket = Ticket.objects.get()
    assert (response.status_code, response["Location"]) == (201, f"http://testserver/api/tickets/{ticket.pk}/")
    assert shown == client_of(ada).get(response["Location"]).json()
    assert (shown["owner_email"], shown["owner"], shown["status"]) == ("ada@example.edu", "Ada Lovelace", "OPEN")


def test_the_frontends_own_body_opens_a_ticket(ada, client_of):
    body = {
        "owner_email": "Ada@Example.edu", "owner": "Anonymous", "status": "OPEN",
        "title": "花 🌸", "comment": "", "contact": "", "location": "Tisch 1",
    }  # fmt: skip

    shown = client_of(ada).post("/api/tickets", body).json()

    assert {key: shown[key] for key in body} == {**body, "owner_email": "ada@example.edu"}


def test_the_creation_is_the_first_row_of_the_history(ada, client_of):
    client_of(ada).post("/api/tickets/", MINIMAL)

    ticket = Ticket.objects.get()
    assert list(TicketEvent.objects.values_list("ticket", "at", "by", "from_status", "to_status", "mentor_email")) == [
        (ticket.pk, ticket.created, "ada@example.edu", "", "OPEN", "")
    ]


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ({}, {"title": ["This field is required."], "location": ["This field is required."]}),
        ({**MINIMAL, "title": ""}, {"title": ["This field may not be blank."]}),
        ({**MINIMAL, "title": " \t\n"}, {"title": ["This field may not be blank."]}),
        ({**MINIMAL, "location": "  "}, {"location": ["This field may not be blank."]}),
        ({**MINIMAL, "location": None}, {"location": ["This field may not be null."]}),
        ({**MINIMAL, "title": ["x"]}, {"title": ["Not a valid string."]}),
        ({**MINIMAL, "title": "x" * 2001}, {"title": ["Ensure this field has no more than 2000 characters."]}),
        ({**MINIMAL, "contact": "x" * 2001}, {"contact": ["Ensure this field has no more than 2000 characters."]}),
        ({**MINIMAL, "owner": "x" * 2001}, {"owner": ["Ensure this field has no more than 2000 characters."]}),
        ({**MINIMAL, "comment": "x" * 2001}, {"comment": ["Ensure this field has no more than 2000 characters."]}),
        ({**MINIMAL, "comment": "a\0b"}, {"comment": ["Null characters are not allowed."]}),
        ({**MINIMAL, "status": "DONE"}, {"status": ['"DONE" is not a valid choice.']}),
        ({**MINIMAL, "owner_email": "ada"}, {"owner_email": ["Enter a valid email address."]}),
        ({**MINIMAL, "owner_email": None}, {"owner_email": ["This field may not be null."]}),
    ],
)
def test_bad_input_names_the_field_and_makes_nothing(body, answer, ada, client_of):
    response = client_of(ada).post("/api/tickets/", body)

    assert (response.status_code, response.json()) == (400, answer)
    assert not Ticket.objects.exists()


def test_half_a_surrogate_pair_is_refused(ada, client_of):
    body = b'{"title": "\\ud800", "location": "Table 12"}'

    response = client_of(ada).post("/api/tickets/", body, content_type="application/json")

    assert (response.status_code, response.json()) == (
        400,
        {"detail": "JSON parse error - half a surrogate pair", "code": "parse_error"},
    )


def test_the_longest_texts_fit(ada, client_of):
    body = {
        "title": "é" * 2000,
        "location": "花" * 2000,
        "contact": "🌸" * 2000,
        "comment": "🌸" * 2000,
        "owner": "x" * 2000,
    }

    shown = client_of(ada).post("/api/tickets/", body).json()

    assert {key: shown[key] for key in body} == body


@pytest.mark.parametrize("name", ["ada", "mia"])
def test_only_organizers_open_a_ticket_for_somebody_else(name, person, client_of):
    response = client_of(person(name)).post("/api/tickets/", {**MINIMAL, "owner_email": "grace@example.edu"})

    assert (response.status_code, response.json()) == (
        403,
        {"detail": "Only organizers and directors may open a ticket for somebody else.", "code": "permission_denied"},
    )
    assert not Ticket.objects.exists()


@pytest.mark.parametrize("name", ["olga", "dan"])
def test_an_organizer_opens_a_ticket_for_somebody_by_name(name, grace, person, client_of):
    shown = client_of(person(name)).post("/api/tickets/", {**MINIMAL, "owner_email": grace.email}).json()

    assert (shown["owner_email"], shown["owner"]) == ("grace@example.edu", "Grace Hopper")


def test_somebody_without_an_account_is_shown_by_their_address(olga, client_of):
    shown = client_of(olga).post("/api/tickets/", {**MINIMAL, "owner_email": "New@example.edu", "owner": ""}).json()

    assert (shown["owner_email"], shown["owner"]) == ("new@example.edu", "new@example.edu")


@pytest.mark.parametrize("status", ["CLAIMED", "CLOSED", "CANCELLED"])
@pytest.mark.parametrize("name", ["ada", "mia"])
def test_only_organizers_record_help_already_given(name, status, person, client_of):
    response = client_of(person(name)).post("/api/tickets/", {**MINIMAL, "status": status})

    assert (response.status_code, response.json()) == (
        400,
        {"status": ["Only organizers and directors may record a ticket that is not OPEN: leave it out."]},
    )


def test_the_record_of_a_close_names_who_helped_and_has_no_waiting_time(ada, mia, olga, client_of):
    body = {**MINIMAL, "owner_email": ada.email, "status": "CLOSED", "mentor_email": "MIA@example.edu"}

    shown = client_of(olga).post("/api/tickets/", body).json()

    ticket = Ticket.objects.get()
    assert (shown["mentor"], shown["mentor_email"]) == ("Mia Mentor", "mia@example.edu")
    assert shown["created"] == shown["claimed_datetime"] == shown["closed_datetime"]
    assert (ticket.time_to_claim, ticket.time_to_close) == (None, None)
    assert TicketEvent.objects.get().to_status == "CLOSED"


def test_the_record_of_a_close_without_a_mentor_was_never_claimed(ada, olga, client_of):
    shown = client_of(olga).post("/api/tickets/", {**MINIMAL, "owner_email": ada.email, "status": "CLOSED"}).json()

    assert (shown["mentor_email"], shown["claimed_datetime"], shown["closed_datetime"]) == ("", None, shown["created"])


def test_the_record_of_a_close_keeps_a_mentor_of_whom_only_the_name_is_known(ada, olga, client_of):
    body = {**MINIMAL, "owner_email": ada.email, "status": "CLOSED", "mentor": "Somebody in a red shirt"}

    shown = client_of(olga).post("/api/tickets/", body).json()

    assert (shown["mentor"], shown["mentor_email"], shown["claimed_datetime"]) == ("Somebody in a red shirt", "", None)


def test_the_record_of_a_claim_is_the_callers_unless_it_names_somebody(ada, olga, client_of):
    shown = client_of(olga).post("/api/tickets/", {**MINIMAL, "owner_email": ada.email, "status": "CLAIMED"}).json()

    assert (shown["mentor_email"], shown["claimed_datetime"]) == ("olga@example.edu", shown["created"])


def test_the_record_of_a_cancel_has_no_instants(ada, olga, client_of):
    shown = client_of(olga).post("/api/tickets/", {**MINIMAL, "owner_email": ada.email, "status": "CANCELLED"}).json()

    assert (shown["status"], shown["claimed_datetime"], shown["closed_datetime"]) == ("CANCELLED", None, None)


def test_a_ticket_recorded_as_claimed_keeps_out_of_the_waiting_times_when_it_closes(ada, mia, olga, client_of):
    body = {**MINIMAL, "owner_email": ada.email, "status": "CLAIMED", "mentor_email": mia.email}
    shown = client_of(olga).post("/api/tickets/", body).json()

    client_of(mia).patch(shown["url"], {"status": "CLOSED"})

    ticket = Ticket.objects.get()
    assert (ticket.status, ticket.time_to_claim, ticket.time_to_close) == ("CLOSED", None, None)


@pytest.mark.parametrize("status", ["CLAIMED", "CLOSED", "CANCELLED"])
def test_a_recorded_ticket_has_no_waiting_time_even_after_it_is_reopened(status, ada, mia, olga, client_of):
    client_of(olga).post("/api/tickets/", {**MINIMAL, "owner_email": ada.email, "status": status})
    ticket = Ticket.objects.get()

    ticket.move("OPEN", by=olga)
    ticket.claim(by=mia)
    ticket.close(by=mia)

    assert (ticket.status, ticket.time_to_claim, ticket.time_to_close) == ("CLOSED", None, None)


@pytest.mark.parametrize("status", ["CLAIMED", "CLOSED"])
@pytest.mark.parametrize("mentor_email", ["ada@example.edu", "ADA@example.edu"])
def test_nobody_is_recorded_as_the_mentor_of_their_own_ticket(mentor_email, status, ada, olga, client_of):
    body = {**MINIMAL, "owner_email": ada.email, "status": status, "mentor_email": mentor_email}

    response = client_of(olga).post("/api/tickets/", body)

    assert response.status_code == 403
    assert not Ticket.objects.exists()


@pytest.mark.parametrize("name", ["ada", "olga"])
def test_an_open_ticket_has_no_mentor_whatever_is_asked(name, person, client_of):
    body = {
        **MINIMAL,
        "mentor": "Mia",
        "mentor_email": "mia@example.edu",
        "active": False,
        "created": "2020-01-01",
        "id": 99,
    }

    shown = client_of(person(name)).post("/api/tickets/", body).json()

    assert (shown["mentor"], shown["mentor_email"], shown["active"]) == ("", "", True)
    assert shown["created"] > "2026"
