"""Callers see their own address as they typed it at sign-in, in every answer; nobody else notices."""

import pytest
from rest_framework.test import APIClient
from rest_framework_simplejwt.tokens import AccessToken

from mentorq_backend.models import Feedback, Ticket
from mentorq_users.tokens import issue

TYPED = "Mia@Example.edu"


@pytest.fixture
def typing(mia):
    """A client of Mia's, who typed capitals at her sign-in."""
    mia.typed = TYPED
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {issue(AccessToken, mia)}")
    return client


@pytest.fixture
def held(ada, mia, make_ticket):
    """A ticket of Ada's that Mia holds."""
    return make_ticket(ada, "CLAIMED", mentor=mia)


def test_a_claim_a_close_and_the_lists_say_it_so(typing, ada, make_ticket):
    path = f"/api/tickets/{make_ticket(ada).pk}/"

    shown = [typing.patch(path, {"status": status}).json() for status in ("CLAIMED", "CLOSED")]
    shown += [
        typing.get(path).json(),
        *typing.get("/api/tickets/").json(),
        *typing.get("/api/tickets/?limit=1").json()["results"],
    ]

    assert [(ticket["owner_email"], ticket["mentor_email"]) for ticket in shown] == [(ada.email, TYPED)] * 5
    assert Ticket.objects.get().mentor_email == "mia@example.edu"


def test_nobody_else_notices(typing, held, ada, max_, client_of):
    typing.get("/api/tickets/")

    seen = [client_of(person).get("/api/tickets/").json()[0]["mentor_email"] for person in (ada, max_)]

    assert seen == ["mia@example.edu"] * 2


def test_an_own_ticket_says_it_so(typing):
    shown = typing.post("/api/tickets/", {"title": "x", "location": "x", "owner_email": TYPED}).json()

    assert shown["owner_email"] == TYPED


def test_a_409_says_it_so(typing, mia, make_ticket):
    ticket = make_ticket(mia, "CANCELLED")

    response = typing.patch(f"/api/tickets/{ticket.pk}/", {"status": "CLAIMED"})

    assert (response.status_code, response.json()["ticket"]["owner_email"]) == (409, TYPED)


def test_history_leaderboard_and_figures_say_it_so(ada, dora, client_of, make_ticket):
    dora.typed = "DORA@example.edu"
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {issue(AccessToken, dora)}")
    ticket = make_ticket(ada, "CLOSED", mentor=dora)
    Feedback.objects.give(ticket, rating=5)

    history = client.get(f"/api/tickets/{ticket.pk}/history/").json()
    [leader] = client.get("/api/feedback/leaderboard/").json()
    [mentor] = client.get("/api/tickets/stats/").json()["per_mentor"]

    assert [(row["by"], row["mentor_email"]) for row in history] == [
        ("ada@example.edu", ""), ("DORA@example.edu", "DORA@example.edu"), ("DORA@example.edu", "DORA@example.edu"),
    ]  # fmt: skip
    assert (leader["mentor"], mentor["mentor_email"]) == ("DORA@example.edu", "DORA@example.edu")


def test_what_people_wrote_stays_as_they_wrote_it(typing, ada, make_ticket):
    make_ticket(ada, title="mia@example.edu", comment="mia@example.edu", contact="mia@example.edu")

    [shown] = typing.get("/api/tickets/").json()

    assert (shown["title"], shown["comment"], shown["contact"]) == ("mia@example.edu",) * 3


def test_a_filter_takes_any_spelling(typing, held):
    assert len(typing.get(f"/api/tickets/?mentor_email={TYPED}").json()) == 1


@pytest.mark.parametrize("path", ["/api/tickets/", "/api/tickets/{pk}/"])
def test_a_tag_is_that_of_the_spelling(path, typing, held, mia, client_of):
    path = path.format(pk=held.pk)
    mia.typed = mia.email
    plain = client_of(mia).get(path)["ETag"]

    typed = typing.get(path, headers={"If-None-Match": plain})

    assert typed.status_code == 200
    assert typing.get(path, headers={"If-None-Match": typed["ETag"]}).status_code == 304
    assert client_of(mia).get(path, headers={"If-None-Match": typed["ETag"]}).status_code == 200


def test_the_limit_is_told_to_its_owner_without_an_address(typing, settings):
    settings.TICKETS_MAX_OPEN = 1
    bodies = [{"title": title, "location": "x"} for title in "ab"]

    response = [typing.post("/api/tickets/", body) for body in bodies][-1]

    assert response.json()["detail"] == "Nobody may have more than 1 open tickets: cancel one, or wait for a mentor."
