"""Every pair of the table of moves, allowed and forbidden, through HTTP, for every kind of person."""

import itertools
import re

import pytest

from mentorq.settings import BASE_DIR
from mentorq_backend.models import Ticket, TicketEvent
from mentorq_backend.moves import MOVES, Status

# Who each person is to a ticket that ada opened and mia has claimed or closed.
PEOPLE = {
    "ada": "owner",
    "grace": "other hacker",
    "mia": "its mentor",
    "max": "other mentor",
    "olga": "organizer",
    "dan": "director",
    "dora": "director and mentor",
}
STAFF = {"olga", "dan", "dora"}

# What the contract's table says: who of PEOPLE may make the move by naming the status alone.
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


def expected_status(name, pair):
    if name == "grace":
        return 404
    if pair in IMPOSSIBLE:
        return 409
    return 200 if name in ALLOWED[pair] else 403


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
@pytest.mark.parametrize("name", PEOPLE, ids=lambda name: PEOPLE[name].replace(" ", "_"))
def test_a_move_is_made_by_those_of_the_table_and_by_nobody_else(name, pair, person, client_of, make_ticket):
    before, after = pair
    ticket = make_ticket(person("ada"), before, mentor=person("mia"))
    events = TicketEvent.objects.count()
    row = Ticket.objects.values().get()

    response = client_of(person(name)).patch(f"/api/tickets/{ticket.pk}/", {"status": after})

    assert response.status_code == expected_status(name, pair), response.json()
    moved = response.status_code == 200
    assert Ticket.objects.get().status == (after if moved else before)
    assert TicketEvent.objects.count() - events == (1 if moved else 0)
    assert moved or Ticket.objects.values().get() == row


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


def test_the_readme_has_the_same_table():
    rows = re.findall(
        r"^\| ([A-Z or]+) → ([A-Z]+)(?:, naming a third person)? \| ([a-z ]+) \|",
        (BASE_DIR / "README.md").read_text(),
        re.MULTILINE,
    )

    printed = {(start, to): verb for starts, to, verb in rows for start in starts.split(" or ")}

    assert printed == {pair: move.verb for pair, move in MOVES.items()}
