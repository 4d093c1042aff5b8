"""Random histories of moves, feedback and reads: a poll is a 304 exactly when the body would be the same bytes.

A hundred histories by default; `make histories` runs 20,000 on each database.
"""

from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mentorq_backend.exceptions import LimitReached, MoveNotAllowed, TicketConflict
from mentorq_backend.models import Feedback, Ticket

ACTORS = ["ada", "grace", "mia", "max", "olga", "dan"]
POLLERS = ["ada", "mia", "dan"]
URLS = [
    "/api/tickets/",
    "/api/tickets/?status=OPEN,CLAIMED",
    "/api/tickets/?limit=2",
    "/api/tickets/?ordering=status",
    "/api/tickets/{pk}/",
]

tickets = st.integers(0, 2)
moves = st.tuples(st.just("move"), st.sampled_from(ACTORS), tickets, st.sampled_from(Ticket.Status.values))
marks = st.tuples(st.just("mark"), st.sampled_from(["mia", "olga"]), tickets, st.booleans())
ratings = st.tuples(st.just("rate"), st.just("ada"), tickets, st.sampled_from([0.5, 5.0]))
openings = st.tuples(st.just("open"), st.sampled_from(["ada", "grace"]), st.none(), st.none())
reads = st.tuples(st.just("read"), st.sampled_from(POLLERS), tickets, st.sampled_from(URLS))
histories = st.lists(st.one_of(moves, reads, marks, ratings, openings, reads), max_size=16)


class History:
    """A queue of three tickets, the people around it, and what each poller has seen last."""

    def __init__(self, people, clients):
        self.people, self.clients, self.seen = people, clients, {}
        self.tickets = [self.open("ada"), self.open("ada"), self.open("grace")]

    def open(self, actor, ticket=None, argument=None):
        owner = self.people[actor]
        return Ticket.objects.open(by=owner, owner_email=owner.email, title="x", location="x")

    def move(self, actor, ticket, status):
        Ticket.objects.get(pk=ticket.pk).move(status, by=self.people[actor])

    def mark(self, actor, ticket, active):
        ticket.mark_active(active, by=self.people[actor])

    def rate(self, actor, ticket, rating):
        Feedback.objects.give(Ticket.objects.get(pk=ticket.pk), rating=rating)

    def read(self, poller, ticket, url):
        self.poll(poller, url.format(pk=ticket.pk))

    def poll_again(self):
        """Poll everything that was read once more, so that no history ends with a change that nobody looks at."""
        for poller, url in list(self.seen):
            self.poll(poller, url)

    def poll(self, poller, url):
        client = self.clients[poller]
        tag, body = self.seen.get((poller, url), (None, None))
        response = client.get(url, headers={"If-None-Match": tag} if tag else {})
        now = client.get(url).content

        assert (response.status_code == 304) == (now == body), (poller, url)
        assert response.content == (b"" if response.status_code == 304 else now)
        if response.status_code in (200, 304):
            self.seen[poller, url] = (response["ETag"], now)

    def step(self, action, actor, index, argument):
        """Do it, or be refused as the rules say."""
        try:
            with transaction.atomic():
                getattr(self, action)(actor, None if index is None else self.tickets[index], argument)
        except (TicketConflict, MoveNotAllowed, LimitReached, IntegrityError):
            pass  # nothing was changed, which the polls at the end prove


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=histories)
def test_a_poll_is_a_304_exactly_when_the_body_would_be_the_same_bytes(steps, person, client_of):
    people = {name: person(name) for name in ACTORS}
    clients = {name: client_of(people[name]) for name in POLLERS}
    with transaction.atomic():
        history = History(people, clients)
        history.poll("mia", "/api/tickets/")
        for step in steps:
            history.step(*step)
        history.poll_again()
        transaction.set_rollback(True)
