"""What is not theirs is what is not there: byte for byte, query for query, whatever the method and the body."""

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from mentorq.tests.routes import API_ROUTES, METHODS, path_of
from mentorq_backend.models import Feedback, Ticket
from mentorq_users.models import User

FIRST, NOWHERE = 987_600, 987_699  # not to be met among other numbers of an answer or a statement
WITH_A_TICKET = [route for route in API_ROUTES if "<" in route]
BODIES = {
    "claim": (b'{"status": "CLAIMED"}', "application/json"),
    "take over": (b'{"status": "CLAIMED", "mentor_email": "grace@example.edu", "active": false}', "application/json"),
    "rating": (b'{"rating": 5, "comments": "x"}', "application/json"),
    "nothing": (b"", "application/json"),
    "a list": (b"[]", "application/json"),
    "a bad status": (b'{"status": "DONE"}', "application/json"),
    "no JSON": (b'{"status": ', "application/json"),
    "too deep": (b"[" * 100_000, "application/json"),
    "too large": (b'"' + b"x" * 300_000 + b'"', "application/json"),
    "a form": (b"status=CLAIMED", "application/x-www-form-urlencoded"),
}
# Who may not see a ticket, and who may not see feedback, which its mentor and organizers may not either.
RATINGS = ["/api/feedback/<ticket>/"]
BLIND = {"anonymous": WITH_A_TICKET, "zoe": WITH_A_TICKET, "grace": WITH_A_TICKET, "mia": RATINGS, "olga": RATINGS}
# Bodies of the deactivated and of those without a token are not read.
ASKED = [
    ("anonymous", "nothing"),
    ("zoe", "nothing"),
    *((name, body) for name in ("grace", "mia", "olga") for body in BODIES),
]


@pytest.fixture
def client_named(person, client_of):
    """A client of that person; zoe's account is deactivated."""

    def get(name):
        if name == "anonymous":
            return APIClient()
        user = person(name)
        User.objects.filter(pk=user.pk, email="zoe@example.edu").update(is_active=False)
        return client_of(user)

    return get


@pytest.fixture
def adas(ada, mia, make_ticket):
    """Tickets of Ada's: in each status, the first of the closed ones rated."""
    statuses = ("CLOSED", "CLAIMED", "CLOSED", "OPEN", "CANCELLED")
    made = [make_ticket(ada, status, mentor=mia, id=FIRST + number) for number, status in enumerate(statuses)]
    Feedback.objects.give(made[0], rating=4.5, comments="Patient")
    return made


def asked(client, method, path, pk, body=b"", media_type="application/json", **headers):
    """The answer but for the request's id, and the statements it took, both without the ticket's number."""
    with CaptureQueriesContext(connection) as queries:
        response = client.generic(method, path, body, media_type, headers=headers)
    shown = {name: value for name, value in response.headers.items() if name != "X-Request-ID"}
    said = response.status_code, response.content.replace(str(pk).encode(), b"<pk>"), shown
    return said, [query["sql"].replace(str(pk), "<pk>") for query in queries]


@pytest.mark.parametrize(("name", "body"), ASKED)
def test_what_is_not_theirs_answers_as_what_is_not_there(name, body, client_named, adas):
    client = client_named(name)
    client.raise_request_exception = False
    asks = [(method, route) for route in BLIND[name] for method in (METHODS if body == "nothing" else ["PATCH"])]
    nowhere = {ask: asked(client, ask[0], path_of(ask[1], NOWHERE), NOWHERE, *BODIES[body]) for ask in asks}

    theirs = {
        (*ask, ticket.status): asked(client, ask[0], path_of(ask[1], ticket.pk), ticket.pk, *BODIES[body])
        for ask in asks
        for ticket in adas[:2]
    }

    assert theirs == {key: nowhere[key[:2]] for key in theirs}


@pytest.mark.parametrize("path", ["/api/tickets/{pk}/", "/api/tickets/{pk}"])
def test_the_owners_tag_opens_nothing(path, client_named, client_of, ada, grace, adas):
    tag = client_of(ada).get(path.format(pk=adas[0].pk))["ETag"]

    with_it = asked(client_of(grace), "GET", path.format(pk=adas[0].pk), adas[0].pk, **{"If-None-Match": tag})

    nowhere = asked(client_of(grace), "GET", path.format(pk=NOWHERE), NOWHERE, **{"If-None-Match": tag})
    assert (with_it[0][0], with_it) == (404, nowhere)


@pytest.mark.parametrize(
    "body",
    [
        {"rating": 5},
        {"rating": 5, "comments": "x"},
        {"rating": 6},
        {"rating": "5"},
        {},
        {"rating": 5, "comments": "x" * 2001},
    ],
)
@pytest.mark.parametrize("name", ["grace", "mia", "olga", "dan"])
def test_nobody_learns_by_rating_which_tickets_there_are(name, body, client_named, adas):
    client = client_named(name)

    def rated(pk):
        return asked(client, "POST", "/api/feedback/", pk, json.dumps({"ticket": pk, **body}).encode())

    assert [rated(ticket.pk) for ticket in adas] == [rated(NOWHERE)] * len(adas)


# Tags

CHANGES = {
    "opened": lambda ticket, ada, mia: Ticket.objects.open(by=ada, owner_email=ada.email, title="x", location="x"),
    "claimed": lambda ticket, ada, mia: ticket.claim(by=mia),
    "cancelled": lambda ticket, ada, mia: ticket.cancel(by=ada),
    "marked": lambda ticket, ada, mia: ticket.mark_active(False, by=mia),
    "closed and rated": lambda ticket, ada, mia: (ticket.close(by=mia), Feedback.objects.give(ticket, rating=1)),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_others_do_changes_no_tag_of_a_hacker(change, ada, grace, mia, client_of, make_ticket):
    ticket, own, client = make_ticket(ada), make_ticket(grace), client_of(grace)
    paths = ["/api/tickets/", "/api/tickets?status=OPEN", "/api/tickets?limit=5", f"/api/tickets/{own.pk}/"]
    before = [client.get(path)["ETag"] for path in paths]

    CHANGES[change](ticket, ada, mia)

    assert [client.get(path)["ETag"] for path in paths] == before


@pytest.mark.parametrize(("name", "same"), [("mia", True), ("max", True), ("olga", True), ("ada", False), ("dan", False)])
def test_a_tickets_tag_does_not_tell_of_feedback_that_one_may_not_read(
    name, same, ada, mia, person, client_of, make_ticket
):
    ticket = make_ticket(ada, "CLOSED", mentor=mia)
    client, path = client_of(person(name)), f"/api/tickets/{ticket.pk}/"
    before = client.get(path)["ETag"]

    Feedback.objects.give(ticket, rating=1)

    assert (client.get(path)["ETag"] == before) is same
