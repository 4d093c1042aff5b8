"""A hundred mentors who all ask for the list after it has changed."""

from collections.abc import Iterator

from mentorq.tests.bench.builds import WORKERS, built, counting
from mentorq.tests.bench.databases import inside
from mentorq.tests.bench.figures import Figure
from mentorq.tests.bench.load import Client, http, seconds_each
from mentorq.tests.servers import Server

MENTORS = 100
MOST = 4.0  # times the floor, which knows nobody and builds nothing
LIST = "/api/tickets"
TICKET = '{{"title": "It loops, number {}", "location": "Here"}}'


class Rush:
    """Rounds in which they ask, and how many lists a process built in each."""

    def __init__(self, server: Server, mentors: list[str], opener: str) -> None:
        self.server, self.opener = server, opener
        self.requests = [http(LIST, token=token) for token in mentors]
        self.built: list[float] = []

    def pair(self) -> list[float]:
        """Return the seconds for an answer of the same length that is there already, and for the list after a change."""
        _, body = Client(self.server.port).ask(self.requests[0])
        stored = http(f"/floors/stored/{len(body)}/")
        return [self.asked([stored]), self.asked_after_a_change()]

    def asked_after_a_change(self) -> float:
        """Return the seconds for each of a hundred lists, all different from the last ones."""
        ticket = TICKET.format(len(self.built))  # the same words again would be the same ticket
        Client(self.server.port).expect(http(LIST, token=self.opener, method="POST", body=ticket), 201)
        before = built(self.server)
        seconds = self.asked(self.requests)
        self.built.append((built(self.server) - before) / WORKERS)
        return seconds

    def asked(self, requests: list[bytes]) -> float:
        """Return the seconds for each of a hundred answers, asked for over as many connections."""
        return seconds_each(self.server.port, requests, clients=MENTORS, count=MENTORS)


def rushing(name: str, url: str, rounds: int) -> Iterator[Figure]:
    """Yield how long a hundred mentors take to get the list, and how many lists a process builds for them at most."""
    mentors, opener = inside(url, "claims", str(MENTORS), "0")["mentors"], inside(url, "token", "opener@example.edu")
    with counting(url, TICKETS_MAX_OPEN="1000000") as server:
        rush = Rush(server, mentors, opener)
        floor = f"{MENTORS} stored answers of that length"
        yield Figure.of(name, f"{MENTORS} mentors who ask at once after a change", floor, MOST, rush.pair, rounds)
        most = max(rush.built) / 1000
        yield Figure(name, "lists a process builds for them (number for ms)", "one", 1.0, [[0.001, most]])
