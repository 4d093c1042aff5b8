"""What somebody had begun when they, or the owner of the ticket, were erased. It brings nothing back."""

from functools import partial

import pytest
from django.contrib import admin
from django.db import OperationalError, connection

from mentorq_backend.erasing.erasure import Erasure, NobodyToErase
from mentorq_backend.exceptions import MoveNotAllowed, TicketConflict
from mentorq_backend.models import Feedback, Notice, Ticket, TicketEvent
from mentorq_backend.tests.erasing.conftest import EMAIL, WORDS
from mentorq_backend.tests.erasing.everything import naming
from mentorq_users.models import User

GONE = r"^This account is gone: sign in again\.$"


def as_read(ticket: Ticket) -> Ticket:
    return Ticket.objects.get(pk=ticket.pk)


def test_a_claim_tells_nobody_what_an_erased_owner_wrote(una, mia, webhook, make_ticket, erase):
    ticket = make_ticket(una, title="My zebra loops")
    read_before = as_read(ticket)
    erase()

    with pytest.raises(TicketConflict) as caught:
        read_before.claim(by=mia)

    assert (caught.value.code, caught.value.ticket.title) == ("conflict", "Erased")
    assert (naming(*WORDS), as_read(ticket).status, Notice.objects.count()) == ([], "OPEN", 1)
    as_read(ticket).claim(by=mia)  # the next one is made


def test_a_close_of_a_mentor_who_is_erased_is_a_conflict(una, ada, olga, make_ticket, erase):
    read_before = as_read(make_ticket(ada, "CLAIMED", mentor=una))
    erase()

    with pytest.raises(TicketConflict):
        read_before.close(by=olga)

    assert naming(*WORDS) == []


@pytest.mark.parametrize(
    "move",
    [
        lambda ticket, una: ticket.claim(by=una),
        lambda ticket, una: ticket.correct(by=una, title="A zebra"),
        lambda ticket, una: ticket.cancel(by=una),
        lambda ticket, una: Ticket.objects.open(by=una, owner_email=EMAIL, title="A zebra", location="1"),
        lambda ticket, una: Ticket.objects.open(by=una, owner_email="x@example.edu", title="A zebra", location="1"),
    ],
    ids=["claim", "correct", "cancel", "open", "open for somebody else"],
)
def test_whoever_is_erased_moves_nothing_any_more(una, ada, webhook, make_ticket, erase, move):
    ticket = make_ticket(ada)
    erase()
    rows = (Ticket.objects.values().get(), TicketEvent.objects.count(), Notice.objects.count())

    with pytest.raises(MoveNotAllowed, match=GONE):
        move(as_read(ticket), User(email=EMAIL, is_mentor=True, is_organizer=True))

    assert (Ticket.objects.values().get(), TicketEvent.objects.count(), Notice.objects.count()) == rows
    assert naming(*WORDS) == []


def test_whoever_is_erased_rates_nothing_any_more(una, mia, make_ticket, erase):
    read_before = as_read(make_ticket(una, "CLOSED", mentor=mia))
    erase()

    with pytest.raises(MoveNotAllowed):
        Feedback.objects.give(read_before, rating=5, comments="Zebra")

    assert Feedback.objects.count() == 0


def test_whoever_is_erased_changes_no_feedback_any_more(una, zebras, erase):
    read_before = Feedback.objects.select_related("ticket").get()
    erase()

    changed = Feedback.objects.change(read_before, comments="Zebra")

    assert (changed, Feedback.objects.get().comments) == (False, "")


def test_a_page_of_the_desk_that_is_saved_later_brings_nobody_back(una, rf, erase):
    read_before = User.objects.get(pk=una.pk)
    erase()

    admin.site._registry[User].save_model(rf.post("/"), read_before, None, True)

    assert naming(*WORDS) == []


def test_moves_and_an_erasure_at_once_leave_nothing_of_the_person(at_once, ada, mia, una, make_ticket, webhook):
    tickets = [make_ticket(ada) for _ in range(4)]
    own = [make_ticket(una, title=f"Zebra {number}") for number in range(4)]

    def tried(move):
        try:
            return move()
        except (MoveNotAllowed, TicketConflict) as refusal:
            return refusal

    claims = [partial(tried, partial(ticket.claim, by=una)) for ticket in tickets]
    claims += [partial(tried, partial(ticket.claim, by=mia)) for ticket in own]
    opened = partial(tried, partial(Ticket.objects.open, by=una, owner_email=EMAIL, title="Zebra", location="1"))

    at_once([*claims, partial(Erasure.make, EMAIL, by="a test"), opened])

    assert naming(*WORDS) == []
    assert User.objects.filter(email__endswith="@erased.invalid").count() == 1
    for ticket in Ticket.objects.all():
        assert ticket.status == ticket.events.last().to_status


def test_two_erasures_at_once_are_one(at_once, ada, make_ticket):
    make_ticket(ada)

    def erased():
        try:
            return str(Erasure.make(ada.email, by="a test"))
        except NobodyToErase:
            return ""

    said = at_once([erased] * 4)

    assert sorted(map(bool, said)) == [False, False, False, True]


def test_if_the_erasure_fails_half_way_nothing_is_changed(lived, monkeypatch, erase):
    def fails(*args):
        raise OperationalError("disk full")

    before = naming(*WORDS)
    monkeypatch.setattr("mentorq_users.models.UserManager.erase", fails)

    with pytest.raises(Exception, match=r"Nobody was erased: disk full\."):
        erase()

    assert naming(*WORDS) == before


if connection.vendor == "postgresql":  # SQLite has one writer, and waits as its settings say

    def test_whoever_waits_too_long_is_told_so(committed, ada, make_ticket, erase, monkeypatch):
        monkeypatch.setattr("mentorq.db.locks.PATIENCE", "100ms")
        make_ticket(ada)
        other = connection.copy()
        with other.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute("UPDATE mentorq_backend_ticket SET active = active")
            try:
                with pytest.raises(Exception, match="Nobody was erased: canceling statement due to lock timeout"):
                    erase(ada.email)
            finally:
                cursor.execute("ROLLBACK")
                other.close()

        assert User.objects.get().email == ada.email
