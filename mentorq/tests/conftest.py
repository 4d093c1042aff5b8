"""What the tests of everything that can be sent share: a ticket to change, its feedback, and requests that would do it."""

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from mentorq_backend.models import Feedback, Ticket
from mentorq_users.lcs.standin import DevLCS
from mentorq_users.models import User
from mentorq_users.tokens import RefreshToken, issue


@pytest.fixture
def rated(ada: User, mia: User, make_ticket: Callable[..., Ticket]) -> Ticket:
    """A ticket of Ada's that Mia closed and Ada rated."""
    ticket = make_ticket(ada, "CLOSED", mentor=mia)
    Feedback.objects.give(ticket, rating=5)
    return ticket


@pytest.fixture(scope="session")
def started() -> Any:
    """The program, as a client has it; started once, because to look through all static files takes longer than a test."""
    return APIClient().handler


@pytest.fixture
def sender(
    person: Callable[[str], User], client_of: Callable[[User], APIClient], started: Any
) -> Callable[[str], APIClient]:
    """A client of that person, of nobody for `""`, that sees a crash as the world would."""

    def get(name: str) -> APIClient:
        client = client_of(person(name)) if name else APIClient()
        client.handler = started
        client.raise_request_exception = False
        return client

    return get


@pytest.fixture
def effective(
    ada: User, mia: User, lcs: DevLCS, rated: Ticket, make_ticket: Callable[..., Ticket]
) -> dict[str, tuple[str, dict[str, Any]]]:
    """For each operation that writes its path, and a body with which somebody changes something."""
    unrated = make_ticket(ada, "CLOSED", mentor=mia)
    ticket = make_ticket(ada)
    signed_in = {"refresh": str(issue(RefreshToken, ada))}
    return {
        "POST /api/auth/token/": (
            "/api/auth/token/",
            {"email": "linus@example.edu", "lcs_token": lcs.sign_in("linus@example.edu")},
        ),
        "POST /api/auth/refresh/": ("/api/auth/refresh/", signed_in),
        "POST /api/auth/logout/": ("/api/auth/logout/", signed_in),
        "POST /api/tickets/": ("/api/tickets/", {"title": "My tests hang", "location": "Table 12"}),
        "PATCH /api/tickets/{id}/": (f"/api/tickets/{ticket.pk}/", {"status": "CANCELLED", "mentor_email": ""}),
        "POST /api/feedback/": ("/api/feedback/", {"ticket": unrated.pk, "rating": 4.5}),
        "PATCH /api/feedback/{ticket}/": (f"/api/feedback/{rated.pk}/", {"rating": 0.5, "comments": "Hm."}),
    }
