"""What may be kept of an answer: queue and ticket by the browser that asked, to be asked about anew; else nothing."""

import pytest
from rest_framework.test import APIClient

from mentorq.tests.routes import API_ROUTES, METHODS, path_of
from mentorq_backend.models import Feedback
from mentorq_users.tokens import RefreshToken, issue

# Polled, with a tag that only holds for who asks.
POLLED = {f"{method} {route}" for method in ("GET", "HEAD") for route in ("/api/tickets/", "/api/tickets/<pk>/")}

PUBLICLY_POLLED = {"GET /api/queue/", "HEAD /api/queue/"}


@pytest.fixture
def ticket(ada, mia, make_ticket):
    rated = make_ticket(ada, "CLOSED", mentor=mia)
    Feedback.objects.give(rated, rating=5)
    return rated


@pytest.mark.parametrize("name", [None, "ada", "dan"])
def test_no_answer_of_the_api_is_stored_but_those_that_are_polled(ticket, person, client_of, lcs, name):
    client = client_of(person(name)) if name else APIClient()
    said = {}

    for route in API_ROUTES:
        for method in METHODS:
            response = client.generic(method, path_of(route, ticket.pk), "{}", "application/json")
            said[f"{method} {route}"] = response["Cache-Control"]
            assert "ETag" not in response or response["Cache-Control"] == "private, no-cache"

    polled = PUBLICLY_POLLED | (POLLED if name else set())
    assert said == {asked: "private, no-cache" if asked in polled else "no-store" for asked in said}


def test_an_answer_with_tokens_is_not_stored(db, lcs, dan):
    api = APIClient()
    credentials = {"email": "ada@example.edu", "lcs_token": lcs.sign_in("ada@example.edu")}

    answers = [
        api.post("/api/auth/token/", credentials),
        api.post("/api/auth/refresh/", {"refresh": str(issue(RefreshToken, dan))}),
    ]

    assert [(answer.status_code, answer["Cache-Control"]) for answer in answers] == [(200, "no-store")] * 2


def test_a_new_ticket_and_a_move_are_not_stored(ticket, client_of, ada):
    opened = client_of(ada).post("/api/tickets/", {"title": "Stuck", "location": "Table 1"})
    moved = client_of(ada).patch(f"/api/tickets/{opened.json()['id']}/", {"status": "CANCELLED"})

    assert [(answer.status_code, answer["Cache-Control"]) for answer in (opened, moved)] == [
        (201, "no-store"),
        (200, "no-store"),
    ]


@pytest.mark.parametrize("path", ["/api/nope", "/nope", "/", "/healthz", "/readyz", "/admin/login/"])
def test_pages_and_errors_that_may_change_are_not_stored(client, db, path):
    assert "no-store" in client.get(path)["Cache-Control"]


def test_files_that_never_change_by_themselves_are_kept_by_anybody(client):
    assert "public" in client.head("/static/admin/css/base.css")["Cache-Control"]


def test_what_is_stored_for_one_person_is_not_shown_to_the_next(client_of, ada, mia, ticket):
    tag = client_of(mia).get(f"/api/tickets/{ticket.pk}/")["ETag"]

    response = client_of(ada).get("/api/tickets/", headers={"If-None-Match": tag})

    assert (response.status_code, response["Vary"], response["ETag"] == tag) == (200, "Authorization, origin", False)
