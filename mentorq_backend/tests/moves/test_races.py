"""Two of everything at the same moment, with real transactions: exactly one wins, and the history says who."""

import itertools
from collections import Counter
from functools import partial

import pytest

from mentorq_backend.columns import RESTORED
from mentorq_backend.exceptions import MoveNotAllowed, TicketConflict
from mentorq_backend.models import Feedback, Ticket, TicketEvent
from mentorq_users.models import User

pytestmark = pytest.mark.usefixtures("committed")
THREADS = 16


@pytest.fixture
def mentors():
    """As many mentors as threads."""
    return [User.objects.create(email=f"m{number}@example.edu", is_mentor=True) for number in range(THREADS)]


def patch(client, ticket, **body):
    return partial(client.patch, f"/api/tickets/{ticket.pk}/", body)


def test_sixteen_mentors_claim_one_ticket_and_one_gets_it(at_once, ada, mentors, client_of, make_ticket):
    ticket = make_ticket(ada)

    responses = at_once([patch(client_of(mentor), ticket, status="CLAIMED") for mentor in mentors])

    assert Counter(response.status_code for response in responses) == {200: 1, 409: THREADS - 1}
    winner = next(response.json() for response in responses if response.status_code == 200)
    losers = [response.json() for response in responses if response.status_code == 409]
    assert all((loser["code"], loser["ticket"]) == ("conflict", winner) for loser in losers)
    event = TicketEvent.objects.exclude(from_status="").get()
    assert event.by == event.mentor_email == winner["mentor_email"]


def test_one_mentors_sixteen_clicks_are_one_claim(at_once, ada, mia, client_of, make_ticket):
    ticket = make_ticket(ada)

    responses = at_once([patch(client_of(mia), ticket, status="CLAIMED")] * THREADS)

    assert Counter(response.status_code for response in responses) == {200: THREADS}
    assert TicketEvent.objects.exclude(from_status="").count() == 1


def test_sixteen_mentors_close_one_open_ticket_and_one_gets_the_credit(at_once, ada, mentors, client_of, make_ticket):
    ticket = make_ticket(ada)

    responses = at_once([patch(client_of(mentor), ticket, status="CLOSED") for mentor in mentors])

    statuses = Counter(response.status_code for response in responses)
    changed = [response.json() for response in responses if response.json().get("mentor_email")]
    ticket.refresh_from_db()
    assert statuses[200] + statuses[409] == THREADS
    assert {shown["mentor_email"] for shown in changed} == {ticket.mentor_email}
    assert TicketEvent.objects.filter(to_status="CLOSED").count() == 1


def test_a_claim_and_a_cancel_at_once_leave_one_history(at_once, ada, mia, client_of, make_ticket):
    for _ in range(8):
        ticket = make_ticket(ada)

        at_once([patch(client_of(mia), ticket, status="CLAIMED"), patch(client_of(ada), ticket, status="CANCELLED")])

        moves = list(ticket.events.values_list("from_status", "to_status"))
        assert all(before[1] == after[0] for before, after in itertools.pairwise(moves))
        ticket.refresh_from_db()
        assert ticket.status == moves[-1][1]
        if ticket.status != "CANCELLED":
            ticket.cancel(by=ada)


def test_a_ticket_handed_over_meanwhile_is_not_closed_by_its_former_mentor(ada, mia, max_, olga, make_ticket):
    ticket = make_ticket(ada, "CLAIMED", mentor=mia)
    as_mia_read_it = Ticket.objects.get(pk=ticket.pk)
    ticket.claim(by=olga, mentor_email=max_.email)

    with pytest.raises(TicketConflict, match=r"^Max Mentor has claimed it already\.$") as refusal:
        as_mia_read_it.close(by=mia)

    assert refusal.value.code == "conflict"
    assert refusal.value.ticket.mentor_email == max_.email
    assert Ticket.objects.get().status == "CLAIMED"


@pytest.mark.parametrize(
    ("verb", "meanwhile", "detail"),
    [
        ("claim", "cancel", "It has been cancelled already."),
        ("claim", "close", "It has been closed already."),
        ("close", "cancel", "It has been cancelled already."),
    ],
)
def test_whoever_is_too_late_hears_what_happened(verb, meanwhile, detail, ada, mia, olga, make_ticket):
    ticket = make_ticket(ada)
    as_mia_read_it = Ticket.objects.get(pk=ticket.pk)
    getattr(ticket, meanwhile)(by=olga)

    with pytest.raises(TicketConflict) as refusal:
        getattr(as_mia_read_it, verb)(by=mia)

    assert (str(refusal.value), refusal.value.code) == (detail, "conflict")
    assert refusal.value.ticket.status == ticket.status


def test_a_mentor_who_was_handed_away_meanwhile_is_not_renamed(ada, mia, max_, olga, make_ticket):
    ticket = make_ticket(ada, "CLAIMED", mentor=mia)
    as_mia_read_it = Ticket.objects.get(pk=ticket.pk)
    ticket.hand_over(by=olga, mentor_email=max_.email)

    with pytest.raises(TicketConflict, match=r"^Max Mentor has claimed it already\.$"):
        as_mia_read_it.rename_mentor("Dr. M", by=mia)

    assert Ticket.objects.get().mentor == "Max Mentor"


def test_a_release_too_late_is_a_conflict(ada, mia, olga, make_ticket):
    ticket = make_ticket(ada, "CLAIMED", mentor=mia)
    as_mia_read_it = Ticket.objects.get(pk=ticket.pk)
    ticket.close(by=olga)

    with pytest.raises(TicketConflict, match=r"^It has been closed already\.$"):
        as_mia_read_it.release(by=mia)


@pytest.mark.parametrize("verb", ["release", "reopen"])
def test_a_verb_of_the_other_kind_is_not_possible(verb, ada, mia, olga, make_ticket):
    ticket = make_ticket(ada, "CLOSED" if verb == "release" else "CLAIMED", mentor=mia)

    with pytest.raises(TicketConflict) as refusal:
        getattr(ticket, verb)(by=olga)

    assert refusal.value.code == "not_possible"


def test_a_refused_move_writes_nothing(ada, mia, make_ticket):
    ticket = make_ticket(ada)

    with pytest.raises(
        MoveNotAllowed, match=r"^You may not claim this ticket: only a mentor \(not on their own ticket\), "
    ):
        ticket.claim(by=ada)

    assert (Ticket.objects.get().status, TicketEvent.objects.count()) == ("OPEN", 1)


def test_of_sixteen_tickets_opened_at_once_five_are_let_in(at_once, ada, client_of):
    client = client_of(ada)
    bodies = [{"title": f"Stuck {number}", "location": "Table 12"} for number in range(THREADS)]

    responses = at_once([partial(client.post, "/api/tickets/", body) for body in bodies])

    assert Counter(response.status_code for response in responses) == {201: 5, 409: THREADS - 5}
    assert {response.json()["code"] for response in responses if response.status_code == 409} == {"limit_reached"}
    assert (Ticket.objects.count(), TicketEvent.objects.count()) == (5, 5)


def test_of_four_open_and_two_reopened_at_once_one_is_let_in(at_once, ada, client_of, make_ticket):
    cancelled = [make_ticket(ada, "CANCELLED") for _ in range(2)]
    for _ in range(4):
        make_ticket(ada)

    responses = at_once([patch(client_of(ada), ticket, status="OPEN") for ticket in cancelled])

    assert Counter(response.status_code for response in responses) == {200: 1, 409: 1}
    assert Ticket.objects.filter(status="OPEN").count() == 5


def test_sixteen_people_open_their_first_ticket_at_once(at_once, mentors, client_of):
    body = {"title": "Stuck", "location": "Table 12"}

    responses = at_once([partial(client_of(mentor).post, "/api/tickets/", body) for mentor in mentors])

    assert Counter(response.status_code for response in responses) == {201: THREADS}
    assert set(Ticket.objects.values_list("owner_email", flat=True)) == {mentor.email for mentor in mentors}


def test_of_sixteen_who_undo_one_move_at_once_one_does(at_once, ada, mia, make_ticket):
    ticket = make_ticket(ada, "CLAIMED", mentor=mia)
    before = dict(zip(RESTORED, Ticket.objects.values_list(*RESTORED).get(), strict=True))
    ticket.close(by=mia)
    organizers = [User.objects.create(email=f"o{number}@example.edu", is_organizer=True) for number in range(THREADS)]
    event = ticket.events.last().pk
    read = [Ticket.objects.get() for _ in organizers]

    def undo(ticket, organizer):
        try:
            ticket.undo(by=organizer, event=event, before=before)
        except TicketConflict:
            return "conflict"
        return "undone"

    outcomes = at_once([partial(undo, *pair) for pair in zip(read, organizers, strict=True)])

    assert Counter(outcomes) == {"undone": 1, "conflict": THREADS - 1}
    assert Ticket.objects.values_list("status", "mentor_email").get() == ("CLAIMED", mia.email)
    assert list(ticket.events.values_list("to_status", flat=True))[-2:] == ["OPEN", "CLAIMED"]
    assert ticket.events.filter(to_status="OPEN").exclude(from_status="").count() == 1


def test_a_reopening_in_the_middle_of_an_undo_is_not_taken_for_its_own(ada, mia, olga, make_ticket, monkeypatch):
    ticket = make_ticket(ada, "CLAIMED", mentor=mia)
    before = dict(zip(RESTORED, Ticket.objects.values_list(*RESTORED).get(), strict=True))
    ticket.cancel(by=olga)
    real_move, meanwhile = Ticket.move, [Ticket.objects.get()]

    def move(self, *args, **kwargs):
        if meanwhile:
            meanwhile.pop().reopen(by=ada)
        return real_move(self, *args, **kwargs)

    monkeypatch.setattr(Ticket, "move", move)

    with pytest.raises(TicketConflict, match="has changed meanwhile"):
        ticket.undo(by=olga, event=ticket.events.last().pk, before=before)

    assert Ticket.objects.get().status == "CANCELLED"  # all of it was rolled back, here also the reopening


def test_a_conflict_shows_the_feedback_that_came_meanwhile(ada, mia, make_ticket):
    ticket = Ticket.objects.with_feedback().get(pk=make_ticket(ada, "CLAIMED", mentor=mia).pk)
    meanwhile = Ticket.objects.get(pk=ticket.pk)
    meanwhile.close(by=mia)
    Feedback.objects.give(meanwhile, rating=4)

    with pytest.raises(TicketConflict) as conflict:
        ticket.cancel(by=ada)

    assert (conflict.value.ticket.status, conflict.value.ticket.has_feedback) == ("CLOSED", True)
