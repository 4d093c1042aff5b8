"""What schemathesis finds in the database, and the connection that it shares with the program."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from rest_framework_simplejwt.tokens import AccessToken

from mentorq.tests.rows import rows
from mentorq_backend.models import Feedback, Ticket
from mentorq_users.lcs.client import LCSProfile
from mentorq_users.lcs.standin import DevLCS
from mentorq_users.models import User
from mentorq_users.tokens import RefreshToken, issue

ROLES = {"anonymous": "", "hacker": "ada", "mentor": "mia", "organizer": "olga", "director": "dan"}


@dataclass
class World:
    """Tickets of each status, feedback, and what somebody of a role could know: tokens, ids, addresses."""

    tickets: list[int]
    rated: list[int]
    emails: list[str]
    lcs_tokens: list[tuple[str, str]]  # an e-mail and its owner's token
    refresh_tokens: list[str]
    headers: dict[str, str]
    rows: dict[str, list[tuple[Any, ...]]]


@pytest.fixture(params=ROLES)
def world(
    request: pytest.FixtureRequest,
    db: None,
    lcs: DevLCS,
    person: Callable[[str], User],
    make_ticket: Callable[..., Ticket],
) -> World:
    """The event as each role meets it: two hackers' tickets of each status, one closed ticket of each rated."""
    people = {name: person(name) for name in ("ada", "grace", "mia", "max", "olga", "dan")}
    for user in people.values():
        User.objects.from_lcs(LCSProfile.from_body(lcs.people[user.email]), lcs.sign_in(user.email))
    tickets, rated = [], []
    for owner, mentor in (("ada", "mia"), ("grace", "max")):
        for status in ("OPEN", "CLAIMED", "CLOSED", "CLOSED", "CANCELLED"):
            tickets.append(make_ticket(people[owner], status, mentor=people[mentor]))
        rated.append(Feedback.objects.give(tickets[-2], rating=4.5).pk)
    name = ROLES[request.param]
    return World(
        [ticket.pk for ticket in tickets],
        rated,
        list(lcs.people),
        [(email, lcs.sign_in(email)) for email in lcs.people],
        [str(issue(RefreshToken, user)) for user in people.values()],
        {"Authorization": f"Bearer {issue(AccessToken, people[name])}"} if name else {},
        rows(),
    )


@pytest.fixture
def one_connection() -> Iterator[None]:
    """A request's end leaves the connection alone, as with Django's own client: the test's transaction is open in it."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)
