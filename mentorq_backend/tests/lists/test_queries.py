"""How many queries each request takes: as many with a full queue as with an empty one."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from mentorq_backend.models import Feedback, Ticket

TICKET = "/api/tickets/{pk}/"
MARKS = ("SAVEPOINT", "RELEASE", "ROLLBACK", "BEGIN", "COMMIT")  # a transaction's own, which tests see others of
OPENED = {"title": "Stuck", "location": "Table 12"}
# A move reads the webhooks that are on: one query more.
# Who asks, about a ticket of Ada's in which state, how; the queries, and the locks that PostgreSQL takes besides.
REQUESTS = {
    "the queue": ("mia", "OPEN", "get", "/api/tickets/", {}, 4, 0),
    "the queue of a director": ("dan", "OPEN", "get", "/api/tickets/", {}, 3, 0),
    "the queue of a hacker": ("ada", "OPEN", "get", "/api/tickets/", {}, 3, 0),
    "the queue filtered": ("mia", "OPEN", "get", "/api/tickets/?status=OPEN,CLAIMED&search=x", {}, 4, 0),
    "a page": ("mia", "OPEN", "get", "/api/tickets/?limit=2", {}, 5, 0),
    "one ticket": ("mia", "CLOSED", "get", TICKET, {}, 2, 0),
    "its history": ("olga", "CLOSED", "get", f"{TICKET}history/", {}, 3, 0),
    "claim": ("mia", "OPEN", "patch", TICKET, {"status": "CLAIMED"}, 7, 1),
    "release": ("mia", "CLAIMED", "patch", TICKET, {"status": "OPEN"}, 7, 1),
    "close": ("mia", "CLAIMED", "patch", TICKET, {"status": "CLOSED"}, 7, 1),
    "cancel": ("ada", "CLAIMED", "patch", TICKET, {"status": "CANCELLED"}, 7, 1),
    "reopen": ("ada", "CANCELLED", "patch", TICKET, {"status": "OPEN"}, 8, 2),
    "mark": ("mia", "OPEN", "patch", TICKET, {"active": False}, 4, 0),
    "open": ("ada", "OPEN", "post", "/api/tickets/", OPENED, 8, 4),
    "rate": ("ada", "CLOSED", "post", "/api/feedback/", {"ticket": "{pk}", "rating": 5}, 6, 0),
    "the feedback": ("dan", "CLOSED", "get", "/api/feedback/", {}, 2, 0),
    "the feedback of a hacker": ("ada", "CLOSED", "get", "/api/feedback/", {}, 2, 0),
    "the leaderboard": ("ada", "CLOSED", "get", "/api/feedback/leaderboard/", {}, 2, 0),
    "the figures": ("dan", "CLOSED", "get", "/api/tickets/stats/", {}, 10, 0),
}


@pytest.fixture
def fill(ada, grace, mia, settings):
    """Fill the queue with so many tickets in each of the states, those that are closed with feedback."""
    settings.TICKETS_MAX_OPEN = settings.TICKETS_PER_HOUR = 1000

    def fill(count):
        for owner in [ada, grace] * count:
            columns = {"owner_email": owner.email, "owner": owner.name, "title": "x", "location": "x"}
            Ticket.objects.open(by=owner, **columns)
            Ticket.objects.open(by=owner, **columns).claim(by=mia)
            closed = Ticket.objects.open(by=owner, **columns)
            closed.close(by=mia)
            Feedback.objects.give(closed, rating=4)

    return fill


@pytest.mark.parametrize("count", [1, 5])
@pytest.mark.parametrize("request_", REQUESTS)
def test_a_request_takes_so_many_queries_however_full_the_queue(
    request_, count, ada, mia, person, client_of, make_ticket, fill
):
    name, status, method, path, body, number, locks = REQUESTS[request_]
    fill(count)
    pk = make_ticket(ada, status, mentor=mia).pk
    client = client_of(person(name))

    with CaptureQueriesContext(connection) as queries:
        response = getattr(client, method)(path.format(pk=pk), {**body, "ticket": pk} if "ticket" in body else body)

    assert response.status_code == (201 if method == "post" else 200)
    asked = [query["sql"] for query in queries if not query["sql"].startswith(MARKS)]
    assert len(asked) == number + (locks if connection.vendor == "postgresql" else 0), asked
