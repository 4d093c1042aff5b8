"""Who may make which move: every pair of statuses, every kind of person, through HTTP. The one table of role and action."""

import itertools
import re

import pytest
from django.db import transaction

from mentorq.settings import BASE_DIR
from mentorq_backend.models import Ticket, TicketEvent
from mentorq_backend.moves import MOVES, Status

# Who tries, and on whose ticket. Mia is the mentor of Ada's ticket, and Max of the others.
ADAS = ["ada", "grace", "mia", "max", "olga", "dan", "dora"]
ATTEMPTS = [*((name, "ada") for name in ADAS), ("mia", "mia"), ("olga", "olga"), ("dan", "dan"), ("dora", "dora")]
STAFF = {"olga", "dan", "dora"}

# What the contract's table says: who may make the move on Ada's ticket by naming the status alone.
ALLOWED = {
    ("OPEN", "CLAIMED"): {"mia", "max"} | STAFF,
    ("OPEN", "CLOSED"): {"mia", "max"} | STAFF,
    ("OPEN", "CANCELLED"): {"ada"} | STAFF,
    ("CLAIMED", "OPEN"): {"mia"} | STAFF,
    ("CLAIMED", "CLOSED"): {"mia"} | STAFF,
    ("CLAIMED", "CANCELLED"): {"ada"} | STAFF,
    ("CLOSED", "OPEN"): {"mia"} | STAFF,
    ("CLOSED", "CANCELLED"): STAFF,
    ("CANCELLED", "OPEN"): {"ada"} | STAFF,
}
IMPOSSIBLE = {("CLOSED", "CLAIMED"), ("CANCELLED", "CLAIMED"), ("CANCELLED", "CLOSED")}
PAIRS = [pair for pair in itertools.product(Status.values, Status.values) if pair[0] != pair[1]]
# What else a PATCH of an open ticket can ask for, and who may, on Ada's ticket and on their own.
OTHERS = {
    "claim for Max": ({"status": "CLAIMED", "mentor_email": "max@example.edu"}, {"max"} | STAFF, STAFF),
    "mark inactive": ({"active": False}, {"mia", "max"} | STAFF, {"mia"} | STAFF),
}


def expected_of(name, owner, pair):
    if name == "grace":
        return 404
    if pair in IMPOSSIBLE:
        return 409
    if owner == name != "ada":  # a mentor is no mentor on their own ticket, and nobody claims it
        return 200 if (name in STAFF and pair[1] != "CLAIMED") or "ada" in ALLOWED[pair] else 403
    return 200 if name in ALLOWED[pair] else 403


@pytest.fixture
def attempts(person, client_of, make_ticket):
    """Send a PATCH for each of ATTEMPTS to a ticket of that status; return statuses, and what became of ticket and history.

    Each attempt finds the ticket as it was.
    """

    def send(status, body):
        mentors = {owner: person("mia" if owner == "ada" else "max") for _, owner in ATTEMPTS}
        tickets = {owner: make_ticket(person(owner), status, mentor=mentor) for owner, mentor in mentors.items()}
        return {(name, owner): attempt(client_of(person(name)), tickets[owner], body) for name, owner in ATTEMPTS}

    def attempt(client, ticket, body):
        before = columns(ticket)
        with transaction.atomic():
            response = client.patch(f"/api/tickets/{ticket.pk}/", body)
            after, events = columns(ticket), TicketEvent.objects.filter(ticket=ticket).count()
            transaction.set_rollback(True)
        return response.status_code, after["status"], events - ticket.events.count(), after != before

    def columns(ticket):
        return Ticket.objects.values().get(pk=ticket.pk)

    return send


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_a_move_is_made_by_those_of_the_table_and_by_nobody_else(pair, attempts):
    before, after = pair
    expected = {attempt: expected_of(*attempt, pair) for attempt in ATTEMPTS}

    outcomes = attempts(before, {"status": after})

    assert outcomes == {
        attempt: (200, after, 1, True) if status == 200 else (status, before, 0, False)
        for attempt, status in expected.items()
    }


@pytest.mark.parametrize("other", OTHERS)
def test_other_changes_are_made_by_those_of_the_table_and_by_nobody_else(other, attempts):
    body, on_adas, on_their_own = OTHERS[other]

    outcomes = {attempt: (status, changed) for attempt, (status, _, _, changed) in attempts("OPEN", body).items()}

    allowed = {(name, owner): name in (on_adas if owner == "ada" else on_their_own) for name, owner in ATTEMPTS}
    refused = {("grace", "ada"): (404, False)}
    assert outcomes == {
        attempt: (200, True) if may else refused.get(attempt, (403, False)) for attempt, may in allowed.items()
    }


@pytest.mark.parametrize("pair", sorted(IMPOSSIBLE), ids="-".join)
def test_an_impossible_move_says_so_and_carries_the_ticket(pair, ada, mia, client_of, make_ticket):
    ticket = make_ticket(ada, pair[0], mentor=mia)
    client = client_of(mia)
    shown = client.get(f"/api/tickets/{ticket.pk}/").json()

    response = client.patch(f"/api/tickets/{ticket.pk}/", {"status": pair[1]})

    participle = {"CLAIMED": "claimed", "CANCELLED": "cancelled", "CLOSED": "closed"}[pair[1]]
    assert response.json() == {
        "detail": f"A ticket that is {pair[0]} cannot be {participle}: reopen it first.",
        "code": "not_possible",
        "ticket": shown,
    }


@pytest.mark.parametrize("status", Status.values)
@pytest.mark.parametrize("name", ["ada", "mia", "max", "olga"])
def test_naming_the_status_and_mentor_that_hold_already_changes_nothing(name, status, person, client_of, make_ticket):
    ticket = make_ticket(person("ada"), status, mentor=person("mia"))
    client = client_of(person(name))
    shown = client.get(f"/api/tickets/{ticket.pk}/").json()
    events = TicketEvent.objects.count()

    response = client.patch(f"/api/tickets/{ticket.pk}/", {"status": status, "mentor_email": ticket.mentor_email})

    assert (response.status_code, response.json()) == (200, shown)
    assert TicketEvent.objects.count() == events


def test_the_table_in_the_code_is_the_contracts():
    hand_over = {("CLAIMED", "CLAIMED")}

    assert set(MOVES) == set(ALLOWED) | hand_over


def test_the_documented_table_is_the_same():
    rows = re.findall(
        r"^\| ([A-Z or]+) → ([A-Z]+)(?:, naming a third person)? \| ([a-z ]+) \|",
        (BASE_DIR / "docs/api.md").read_text(),
        re.MULTILINE,
    )

    printed = {(start, to): verb for starts, to, verb in rows for start in starts.split(" or ")}

    assert printed == {pair: move.verb for pair, move in MOVES.items()}
