"""Every change to tickets raises the revision, and nothing else does."""

import contextlib
import itertools

import pytest
from django.db import transaction
from django.db.models import Sum

from mentorq_backend.exceptions import MoveNotAllowed, TicketConflict
from mentorq_backend.live import revisions
from mentorq_backend.live.revisions import Revision, count_change
from mentorq_backend.models import Feedback, Ticket

COLUMNS = {"owner_email": "ada@example.edu", "owner": "Ada", "title": "x", "location": "x"}
# In which state the ticket is, and what is done to it; `people` are by first name.
CHANGES = {
    "claim": ("OPEN", lambda ticket, people: ticket.claim(by=people["mia"])),
    "release": ("CLAIMED", lambda ticket, people: ticket.release(by=people["mia"])),
    "close": ("CLAIMED", lambda ticket, people: ticket.close(by=people["mia"])),
    "close unclaimed": ("OPEN", lambda ticket, people: ticket.close(by=people["mia"])),
    "cancel": ("CLAIMED", lambda ticket, people: ticket.cancel(by=people["ada"])),
    "reopen": ("CLOSED", lambda ticket, people: ticket.reopen(by=people["mia"])),
    "reopen one's own": ("CANCELLED", lambda ticket, people: ticket.reopen(by=people["ada"])),
    "hand over": ("CLAIMED", lambda ticket, people: ticket.hand_over(by=people["olga"], mentor_email="max@example.edu")),
    "rename the mentor": ("CLAIMED", lambda ticket, people: ticket.rename_mentor("M.", by=people["mia"])),
    "correct": ("OPEN", lambda ticket, people: ticket.correct(by=people["olga"], title="Other")),
    "mark": ("OPEN", lambda ticket, people: ticket.mark_active(False, by=people["mia"])),
    "rate": ("CLOSED", lambda ticket, people: Feedback.objects.give(ticket, rating=5)),
    "record": ("OPEN", lambda ticket, people: Ticket.objects.open(by=people["ada"], **COLUMNS)),
    "create": ("OPEN", lambda ticket, people: Ticket.objects.create(**COLUMNS)),
    "bulk create": ("OPEN", lambda ticket, people: Ticket.objects.bulk_create([Ticket(**COLUMNS), Ticket(**COLUMNS)])),
    "update": ("OPEN", lambda ticket, people: Ticket.objects.update(title="Other")),
    "bulk update": (
        "OPEN",
        lambda ticket, people: Ticket.objects.bulk_update([Ticket(pk=ticket.pk, title="x")], ["title"]),
    ),
}
REFUSALS = {
    "not theirs": ("OPEN", lambda ticket, people: ticket.claim(by=people["ada"])),
    "not possible": ("CANCELLED", lambda ticket, people: ticket.close(by=people["mia"])),
    "too late": ("CLAIMED", lambda ticket, people: ticket.claim(by=people["max"])),
    "not theirs to mark": ("OPEN", lambda ticket, people: ticket.mark_active(False, by=people["ada"])),
    "not to be rated": ("OPEN", lambda ticket, people: Feedback.objects.give(ticket, rating=5)),
}


@pytest.fixture
def people(person):
    """Everybody by first name."""
    return {name: person(name) for name in ("ada", "mia", "max", "olga")}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_raises_it(change, people, make_ticket):
    status, do = CHANGES[change]
    ticket = make_ticket(people["ada"], status, mentor=people["mia"])
    before = Revision.objects.total()

    do(ticket, people)

    assert Revision.objects.total() > before


@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_refusal_does_not(refusal, people, make_ticket):
    status, do = REFUSALS[refusal]
    ticket = make_ticket(people["ada"], status, mentor=people["mia"])
    before = Revision.objects.total()

    with pytest.raises((MoveNotAllowed, TicketConflict)):
        do(ticket, people)

    assert Revision.objects.total() == before


def test_what_is_so_already_does_not(people, make_ticket):
    ticket = make_ticket(people["ada"], "CLAIMED", mentor=people["mia"])
    before = Revision.objects.total()

    ticket.claim(by=people["mia"])

    assert Revision.objects.total() == before


def test_an_update_of_no_ticket_does_not(people, make_ticket):
    make_ticket(people["ada"])
    before = Revision.objects.total()

    Ticket.objects.filter(status="CLOSED").update(title="Other")

    assert Revision.objects.total() == before


def test_a_change_rolled_back_does_not(people, make_ticket):
    ticket = make_ticket(people["ada"])
    before = Revision.objects.total()

    with contextlib.suppress(ZeroDivisionError), transaction.atomic():
        ticket.claim(by=people["mia"])
        1 / 0  # noqa: B018 - raises

    assert (Revision.objects.total(), Ticket.objects.get().status) == (before, "OPEN")


@pytest.mark.django_db
def test_the_revision_is_zero_before_the_first_ticket():
    assert Revision.objects.total() == 0


@pytest.fixture
def steps(monkeypatch):
    """Every step of 1 to 16 once, in the order in which they are asked for."""
    numbers = itertools.count(1)
    monkeypatch.setattr(revisions, "step", lambda: next(numbers))


def test_sixteen_at_once_lose_none(at_once, steps):
    at_once([count_change] * 16)

    assert Revision.objects.total() == sum(range(1, 17))


def test_sixteen_tickets_opened_at_once_are_sixteen_changes(at_once, people, settings, steps):
    settings.TICKETS_MAX_OPEN = 16
    before = Revision.objects.total()

    at_once([lambda: Ticket.objects.open(by=people["ada"], **COLUMNS)] * 16)

    assert (Revision.objects.total(), Ticket.objects.count()) == (before + sum(range(1, 17)), 16)


def test_steps_are_random_and_fit_the_columns():
    drawn = [revisions.step() for _ in range(1000)]

    assert len(set(drawn)) > 990
    assert 1 <= min(drawn) < max(drawn) <= 2**31


@pytest.mark.parametrize("change", CHANGES)
def test_the_same_change_after_a_restore_gives_another_number(change, people, make_ticket):
    status, do = CHANGES[change]
    ticket = make_ticket(people["ada"], status, mentor=people["mia"])
    numbers = set()
    for _ in range(2):
        with contextlib.suppress(ZeroDivisionError), transaction.atomic():
            do(Ticket.objects.get(pk=ticket.pk), people)
            numbers.add((Revision.objects.total(), Ticket.objects.aggregate(Sum("version"))["version__sum"]))
            1 / 0  # noqa: B018 - undoes it, as a restore does

    assert len({revision for revision, _ in numbers}) == len({version for _, version in numbers}) == 2
