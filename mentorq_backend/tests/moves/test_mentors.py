"""Whose ticket a move makes it: naming mentors, hand-overs, credit, and what release, reopen and cancel forget."""

import pytest

from mentorq_backend.models import TicketEvent


@pytest.fixture
def patch(client_of):
    """PATCH a ticket as somebody and return the answer."""

    def send(user, ticket, **body):
        return client_of(user).patch(f"/api/tickets/{ticket.pk}/", body)

    return send


def mentor_of(response):
    return response.status_code, response.json()["mentor_email"], response.json()["mentor"]


TAKEN = {"detail": "Mia Mentor has claimed it already.", "code": "conflict"}
ONLY_ORGANIZERS = {
    "detail": "Only an organizer or director may name somebody else as the mentor.",
    "code": "permission_denied",
}
HAND_OVER = {
    "detail": "You may not hand over this ticket: only an organizer or director may.",
    "code": "permission_denied",
}
NOT_THEIRS_TO_CLOSE = {
    "detail": "You may not close this ticket: only a mentor (not on their own ticket), an organizer or director may.",
    "code": "permission_denied",
}
OWN = {"detail": "Nobody may be the mentor of their own ticket.", "code": "permission_denied"}


@pytest.mark.parametrize(
    "named", [{}, {"mentor_email": ""}, {"mentor_email": "mia@example.edu"}, {"mentor_email": " MIA@example.edu"}]
)
def test_a_claim_is_the_callers_by_name(named, ada, mia, make_ticket, patch):
    ticket = make_ticket(ada)

    response = patch(mia, ticket, status="CLAIMED", **named)

    assert mentor_of(response) == (200, "mia@example.edu", "Mia Mentor")


def test_a_claim_shows_the_mentors_name_that_the_request_gives(ada, mia, make_ticket, patch):
    ticket = make_ticket(ada)

    response = patch(mia, ticket, status="CLAIMED", mentor="Dr. M")

    assert mentor_of(response) == (200, "mia@example.edu", "Dr. M")


def test_an_organizer_claims_for_anyone_even_without_an_account(ada, olga, make_ticket, patch):
    ticket = make_ticket(ada)

    response = patch(olga, ticket, status="CLAIMED", mentor_email="New@Example.edu")

    assert mentor_of(response) == (200, "new@example.edu", "new@example.edu")


@pytest.mark.parametrize(("before", "after"), [("OPEN", "CLAIMED"), ("OPEN", "CLOSED"), ("CLAIMED", "CLOSED")])
def test_a_mentor_cannot_name_somebody_else(before, after, ada, mia, max_, make_ticket, patch):
    ticket = make_ticket(ada, before, mentor=mia)

    response = patch(mia, ticket, status=after, mentor_email=max_.email)

    assert (response.status_code, response.json()) == (403, ONLY_ORGANIZERS)


def test_a_mentor_does_not_claim_their_own_ticket(mia, make_ticket, patch):
    ticket = make_ticket(mia)

    response = patch(mia, ticket, status="CLAIMED")

    assert response.status_code == 403
    ticket.refresh_from_db()
    assert ticket.status == "OPEN"


def test_a_mentor_does_not_close_their_own_open_ticket(mia, make_ticket, patch):
    ticket = make_ticket(mia)

    response = patch(mia, ticket, status="CLOSED", mentor_email=mia.email)

    ticket.refresh_from_db()
    assert (response.status_code, response.json()) == (403, NOT_THEIRS_TO_CLOSE)
    assert (ticket.status, ticket.mentor_email) == ("OPEN", "")


@pytest.mark.parametrize("status", ["CLAIMED", "CLOSED"])
def test_nobody_makes_the_owner_the_mentor(status, ada, olga, make_ticket, patch):
    ticket = make_ticket(ada)

    response = patch(olga, ticket, status=status, mentor_email="ADA@example.edu")

    assert (response.status_code, response.json()) == (403, OWN)


def test_a_director_does_not_claim_their_own_ticket(dora, make_ticket, patch):
    ticket = make_ticket(dora)

    response = patch(dora, ticket, status="CLAIMED")

    assert (response.status_code, response.json()) == (403, OWN)


@pytest.mark.parametrize("named", [{}, {"mentor_email": ""}, {"mentor_email": "{self}"}])
@pytest.mark.parametrize("name", ["max", "olga", "dora"])
def test_a_claim_too_late_is_a_conflict_whoever_makes_it(name, named, ada, mia, person, client_of, make_ticket, patch):
    ticket = make_ticket(ada, "CLAIMED", mentor=mia)
    late = person(name)
    shown = client_of(late).get(f"/api/tickets/{ticket.pk}/").json()

    response = patch(late, ticket, status="CLAIMED", **{key: value.format(self=late.email) for key, value in named.items()})

    assert (response.status_code, response.json()) == (409, {**TAKEN, "ticket": shown})


def test_an_owner_who_may_not_claim_hears_that_rather_than_that_it_is_taken(ada, mia, make_ticket, patch):
    ticket = make_ticket(ada, "CLAIMED", mentor=mia)

    response = patch(ada, ticket, status="CLAIMED")

    assert response.status_code == 403
    assert response.json()["detail"].startswith("You may not claim this ticket: only a mentor (not on their own ticket), ")


@pytest.mark.parametrize(
    "body", [{"status": "CLAIMED", "mentor_email": "max@example.edu"}, {"mentor_email": "max@example.edu"}]
)
def test_an_organizer_hands_a_claimed_ticket_over_and_its_time_stays(body, ada, mia, max_, olga, make_ticket, patch):
    ticket = make_ticket(ada, "CLAIMED", mentor=mia)
    claimed, waited = ticket.claimed_datetime, ticket.time_to_claim

    response = patch(olga, ticket, **body)

    ticket.refresh_from_db()
    assert mentor_of(response) == (200, "max@example.edu", "Max Mentor")
    assert (ticket.claimed_datetime, ticket.time_to_claim) == (claimed, waited)
    event = TicketEvent.objects.last()
    assert (event.by, event.from_status, event.to_status, event.mentor_email) == (
        "olga@example.edu", "CLAIMED", "CLAIMED", "max@example.edu"
    )  # fmt: skip


@pytest.mark.parametrize("name", ["mia", "max"])
def test_a_mentor_hands_nothing_over(name, ada, mia, grace, person, make_ticket, patch):
    ticket = make_ticket(ada, "CLAIMED", mentor=mia)

    response = patch(person(name), ticket, status="CLAIMED", mentor_email=grace.email)

    assert (response.status_code, response.json()) == (403, HAND_OVER)


@pytest.mark.parametrize("status", ["OPEN", "CLOSED", "CANCELLED"])
@pytest.mark.parametrize("body", [{"mentor_email": "max@example.edu"}, {"mentor_email": ""}, {"mentor": "Max"}])
def test_a_mentor_without_a_status_needs_a_claimed_ticket(body, status, ada, mia, olga, make_ticket, patch):
    ticket = make_ticket(ada, status, mentor=mia)

    response = patch(olga, ticket, **body)

    assert (response.status_code, response.json()["code"]) == (409, "not_possible")


def test_its_mentor_may_show_another_name(ada, mia, make_ticket, patch):
    ticket = make_ticket(ada, "CLAIMED", mentor=mia)

    response = patch(mia, ticket, mentor="Dr. M")

    assert mentor_of(response) == (200, "mia@example.edu", "Dr. M")


@pytest.mark.parametrize("name", ["ada", "max"])
def test_nobody_else_renames_the_mentor(name, ada, mia, person, make_ticket, patch):
    ticket = make_ticket(ada, "CLAIMED", mentor=mia)

    response = patch(person(name), ticket, mentor="Mickey")

    assert response.status_code == 403
    ticket.refresh_from_db()
    assert ticket.mentor == "Mia Mentor"


@pytest.mark.parametrize("named", [{}, {"mentor_email": ""}, {"mentor_email": "max@example.edu"}])
def test_a_mentor_who_closes_an_open_ticket_becomes_its_mentor(named, ada, max_, make_ticket, patch):
    ticket = make_ticket(ada)

    response = patch(max_, ticket, status="CLOSED", **named)

    ticket.refresh_from_db()
    assert mentor_of(response) == (200, "max@example.edu", "Max Mentor")
    assert ticket.claimed_datetime == ticket.closed_datetime
    assert ticket.time_to_claim == ticket.time_to_close
    assert ticket.time_to_claim >= 0


def test_an_organizer_closes_an_open_ticket_without_a_mentor(ada, olga, make_ticket, patch):
    ticket = make_ticket(ada)

    response = patch(olga, ticket, status="CLOSED", mentor_email="")

    assert mentor_of(response) == (200, "", "")
    assert response.json()["claimed_datetime"] is None
    assert response.json()["closed_datetime"] is not None


def test_an_organizer_closes_an_open_ticket_naming_who_helped(ada, mia, olga, make_ticket, patch):
    ticket = make_ticket(ada)

    response = patch(olga, ticket, status="CLOSED", mentor_email=mia.email)

    assert mentor_of(response) == (200, "mia@example.edu", "Mia Mentor")
    assert response.json()["claimed_datetime"] is None  # nobody knows when Mia came


@pytest.mark.parametrize("named", [{}, {"mentor_email": ""}, {"mentor_email": "mia@example.edu"}])
def test_a_mentor_who_closes_their_ticket_may_show_another_name(named, ada, mia, make_ticket, patch):
    ticket = make_ticket(ada, "CLAIMED", mentor=mia)

    response = patch(mia, ticket, status="CLOSED", mentor="Dr. M", **named)

    assert mentor_of(response) == (200, "mia@example.edu", "Dr. M")


@pytest.mark.parametrize("named", [{}, {"mentor_email": "olga@example.edu"}])
def test_an_organizers_own_name_at_the_close_is_not_shown_for_the_mentors(named, ada, mia, olga, make_ticket, patch):
    ticket = make_ticket(ada, "CLAIMED", mentor=mia)

    response = patch(olga, ticket, status="CLOSED", mentor="Olga Organizer", **named)

    assert mentor_of(response) == (200, "mia@example.edu", "Mia Mentor")


def test_a_director_who_is_a_mentor_closes_an_open_ticket_as_its_mentor(ada, dora, make_ticket, patch):
    ticket = make_ticket(ada)

    response = patch(dora, ticket, status="CLOSED")

    assert mentor_of(response) == (200, "dora@example.edu", "Dora Director")


def test_a_director_who_is_a_mentor_closes_their_own_open_ticket_without_a_mentor(dora, make_ticket, patch):
    ticket = make_ticket(dora)

    response = patch(dora, ticket, status="CLOSED")

    assert mentor_of(response) == (200, "", "")


@pytest.mark.parametrize("name", ["dan", "dora", "olga"])
def test_whoever_closes_a_claimed_ticket_naming_themselves_leaves_the_credit(
    name, ada, mia, person, client_of, make_ticket, patch
):
    ticket = make_ticket(ada, "CLAIMED", mentor=mia)
    closer = person(name)

    response = patch(closer, ticket, status="CLOSED", mentor_email=closer.email)

    history = client_of(closer).get(f"/api/tickets/{ticket.pk}/history/").json()
    assert mentor_of(response) == (200, "mia@example.edu", "Mia Mentor")
    assert (history[-1]["by"], history[-1]["mentor_email"]) == (closer.email, "mia@example.edu")


def test_a_director_closes_their_own_claimed_ticket_naming_themselves(mia, dora, make_ticket, patch):
    ticket = make_ticket(dora, "CLAIMED", mentor=mia)

    response = patch(dora, ticket, status="CLOSED", mentor_email=dora.email)

    assert mentor_of(response) == (200, "mia@example.edu", "Mia Mentor")


@pytest.mark.parametrize("name", ["dan", "dora", "olga"])
def test_a_second_click_of_theirs_changes_nothing(name, ada, mia, person, make_ticket, patch):
    ticket = make_ticket(ada, "CLAIMED", mentor=mia)
    closer = person(name)
    first = patch(closer, ticket, status="CLOSED", mentor_email=closer.email)

    second = patch(closer, ticket, status="CLOSED", mentor_email=closer.email)

    assert (second.status_code, second.json()) == (200, first.json())
    assert ticket.events.count() == 3


@pytest.mark.parametrize("name", ["dan", "dora"])
def test_a_director_closes_their_own_open_ticket_naming_themselves_without_a_mentor(name, person, make_ticket, patch):
    director = person(name)
    ticket = make_ticket(director)

    response = patch(director, ticket, status="CLOSED", mentor_email=director.email)

    assert mentor_of(response) == (200, "", "")


def test_a_mentor_too_late_to_close_is_told_so(ada, mia, max_, make_ticket, patch):
    ticket = make_ticket(ada, "CLOSED", mentor=mia)

    response = patch(max_, ticket, status="CLOSED", mentor_email=max_.email)

    assert (response.status_code, response.json()["code"]) == (409, "not_possible")


def test_an_organizer_may_give_the_credit_to_a_third_person_at_the_close(ada, mia, max_, olga, make_ticket, patch):
    ticket = make_ticket(ada, "CLAIMED", mentor=mia)
    claimed = ticket.claimed_datetime

    response = patch(olga, ticket, status="CLOSED", mentor_email=max_.email)

    ticket.refresh_from_db()
    assert mentor_of(response) == (200, "max@example.edu", "Max Mentor")
    assert ticket.claimed_datetime == claimed


def test_nobody_changes_the_mentor_of_a_closed_ticket(ada, mia, max_, olga, make_ticket, patch):
    ticket = make_ticket(ada, "CLOSED", mentor=mia)

    response = patch(olga, ticket, status="CLOSED", mentor_email=max_.email)

    assert (response.status_code, response.json()["code"]) == (409, "not_possible")


@pytest.mark.parametrize("before", ["CLAIMED", "CLOSED"])
@pytest.mark.parametrize(
    "named", [{}, {"mentor_email": "", "mentor": ""}, {"mentor_email": "max@example.edu", "mentor": "X"}]
)
def test_a_release_and_a_reopening_forget_the_mentor_whatever_they_name(named, before, ada, mia, make_ticket, patch):
    ticket = make_ticket(ada, before, mentor=mia)

    response = patch(mia, ticket, status="OPEN", **named)

    ticket.refresh_from_db()
    assert mentor_of(response) == (200, "", "")
    assert [ticket.claimed_datetime, ticket.closed_datetime, ticket.time_to_claim, ticket.time_to_close] == [None] * 4


def test_a_cancel_keeps_the_mentor(ada, mia, make_ticket, patch):
    ticket = make_ticket(ada, "CLAIMED", mentor=mia)

    response = patch(ada, ticket, status="CANCELLED")

    assert mentor_of(response) == (200, "mia@example.edu", "Mia Mentor")
    assert response.json()["closed_datetime"] is None


@pytest.mark.parametrize("name", ["ada", "olga"])
def test_a_cancel_with_an_empty_mentor_forgets_them(name, ada, mia, person, make_ticket, patch):
    ticket = make_ticket(ada, "CLAIMED", mentor=mia)
    claimed = ticket.claimed_datetime

    response = patch(person(name), ticket, status="CANCELLED", mentor_email="")

    ticket.refresh_from_db()
    assert mentor_of(response) == (200, "", "")
    assert (ticket.claimed_datetime, ticket.closed_datetime) == (claimed, None)


@pytest.mark.parametrize(("named", "answer"), [("ada@example.edu", OWN), ("max@example.edu", ONLY_ORGANIZERS)])
def test_an_owner_names_nobody_when_cancelling(named, answer, ada, mia, make_ticket, patch):
    ticket = make_ticket(ada, "CLAIMED", mentor=mia)

    response = patch(ada, ticket, status="CANCELLED", mentor_email=named)

    assert (response.status_code, response.json()) == (403, answer)


def test_a_demoted_mentor_no_longer_sees_the_ticket_that_they_claimed(ada, mia, make_ticket, patch):
    ticket = make_ticket(ada, "CLAIMED", mentor=mia)
    mia.is_mentor = False
    mia.save()

    response = patch(mia, ticket, status="CLOSED")

    ticket.refresh_from_db()
    assert (response.status_code, response.json()["code"]) == (404, "not_found")
    assert (ticket.status, ticket.mentor_email) == ("CLAIMED", mia.email)
