"""Undo at the desk: the ticket is as it was before the move, and only if nobody moved it since."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.core import signing
from django.db.models import F
from django.utils import timezone

from mentorq_backend.columns import RESTORED
from mentorq_backend.erasing.erasure import Erasure
from mentorq_backend.models import Event, Ticket
from mentorq_backend.tests.desk.pages import CHANGELIST, act, messages_of, say_yes


@pytest.fixture
def waiting(ada, make_ticket):
    """An open ticket that has waited for an hour."""
    return make_ticket(ada, created=timezone.now() - timedelta(hours=1))


def button_of(desk, path=CHANGELIST):
    """The value of the button "Undo" on the page."""
    return unescape(re.search(r'name="_undo" value="(.*?)"', desk.get(path).content.decode())[1])


def undo(desk, path=CHANGELIST):
    """Press "Undo" on the page, as it is shown now, and return the messages shown."""
    return messages_of(desk.post(path, {"_undo": button_of(desk, path)}, follow=True))


def move(desk, verb, ticket, path=CHANGELIST, **form):
    """Press the ticket's button without looking at the page that comes next."""
    desk.post(path, {"_move": f"{verb}|{ticket.pk}|{ticket.status}|{ticket.mentor_email}", **form})


def everything(ticket):
    """Every column but those that each move changes."""
    columns = [field.name for field in Ticket._meta.fields if field.name not in ("moved", "version")]
    return Ticket.objects.values(*columns).get(pk=ticket.pk)


def state(ticket):
    return Ticket.objects.values_list(*RESTORED).get(pk=ticket.pk)


@pytest.mark.parametrize("page", ["list", "page"])
@pytest.mark.parametrize(
    ("verb", "status"),
    [
        ("claim", "OPEN"),
        ("close", "OPEN"),
        ("cancel", "OPEN"),
        ("release", "CLAIMED"),
        ("hand over", "CLAIMED"),
        ("close", "CLAIMED"),
        ("cancel", "CLAIMED"),
        ("reopen", "CLOSED"),
        ("reopen", "CANCELLED"),
    ],
)
def test_undo_gives_the_ticket_back_as_it_was(verb, status, page, desk, waiting, mia, max_, olga):
    if status != "OPEN":
        waiting.claim(by=mia, mentor="Mimi at table 4")
    if status in ("CLOSED", "CANCELLED"):
        waiting.move(status, by=olga)
    path = f"{CHANGELIST}?status=ALL" if page == "list" else f"{CHANGELIST}{waiting.pk}/change/"
    before = everything(waiting)
    move(desk, verb, waiting, path, mentor=max_.email)
    assert everything(waiting) != before

    shown = undo(desk, path)

    assert (everything(waiting), shown) == (before, [f"#{waiting.pk} My build loops: undone."])


def test_an_organizers_own_ticket_comes_back_from_the_mentor_whom_they_gave_it_to(desk, waiting, mia, olga):
    waiting.claim(by=olga)
    before = state(waiting)
    move(desk, "hand over", waiting, mentor=mia.email)

    undo(desk)

    assert state(waiting) == before


def test_an_organizer_who_is_a_mentor_does_not_become_the_mentor(desk, ada, olga, make_ticket):
    ticket = make_ticket(ada)
    ticket.close(by=olga)
    before = state(ticket)
    type(olga).objects.filter(pk=olga.pk).update(is_mentor=True)
    move(desk, "reopen", ticket)

    undo(desk, f"{CHANGELIST}?status=ALL")

    assert state(ticket) == before


def test_a_mentor_who_was_erased_does_not_come_back(desk, waiting, mia):
    waiting.claim(by=mia)
    move(desk, "release", waiting)
    value = button_of(desk)
    Erasure.make(mia.email, by="account 1")

    shown = messages_of(desk.post(CHANGELIST, {"_undo": value}, follow=True))

    assert (state(waiting)[0], waiting.events.filter(mentor_email=mia.email).exists()) == ("OPEN", False)
    assert shown == [f"#{waiting.pk} My build loops: The ticket has changed meanwhile: look at it again."]


def test_the_history_has_the_move_and_its_way_back(desk, waiting, mia):
    waiting.claim(by=mia)
    move(desk, "close", waiting)

    undo(desk)

    moves = list(waiting.events.values_list("from_status", "to_status", "by"))[2:]
    assert moves == [
        ("CLAIMED", "CLOSED", "olga@example.edu"),
        ("CLOSED", "OPEN", "olga@example.edu"),
        ("OPEN", "CLAIMED", "olga@example.edu"),
    ]


def test_nobody_closes_a_ticket_that_was_struck_out(desk, ada, mia, make_ticket):
    ticket = make_ticket(ada, "CLOSED", mentor=mia)

    move(desk, "strike out", ticket)

    assert 'name="_undo"' not in desk.get(CHANGELIST).content.decode()


def test_a_ticket_that_was_moved_since_stays_as_it_is(desk, waiting, mia, olga):
    move(desk, "claim", waiting)
    ticket = Ticket.objects.get()
    ticket.release(by=olga)
    ticket.claim(by=mia)
    before = state(waiting)

    shown = undo(desk)

    assert (state(waiting), shown) == (
        before,
        [f"#{waiting.pk} My build loops: The ticket has changed meanwhile: look at it again."],
    )


def test_a_ticket_that_was_moved_and_moved_back_stays_as_it_is(desk, waiting, olga):
    move(desk, "claim", waiting)
    ticket = Ticket.objects.get()
    ticket.release(by=olga)
    ticket.claim(by=olga)
    count = waiting.events.count()

    shown = undo(desk)

    assert (waiting.events.count(), Ticket.objects.get().status) == (count, "CLAIMED")
    assert shown == [f"#{waiting.pk} My build loops: The ticket has changed meanwhile: look at it again."]


def test_a_second_undo_does_nothing(desk, waiting):
    move(desk, "cancel", waiting)
    value = button_of(desk)
    desk.post(CHANGELIST, {"_undo": value})
    count = waiting.events.count()

    desk.post(CHANGELIST, {"_undo": value})

    assert (waiting.events.count(), Ticket.objects.get().status) == (count, "OPEN")


def test_a_refused_move_offers_no_undo(desk, waiting, mia):
    Ticket.objects.get().claim(by=mia)

    move(desk, "claim", waiting)

    assert 'name="_undo"' not in desk.get(CHANGELIST).content.decode()


def test_a_ticket_comes_back_while_the_queue_is_closed(desk, waiting):
    move(desk, "cancel", waiting)
    Event.objects.create(name="HackRU", opens=timezone.now() - timedelta(hours=2), paused=True)

    undo(desk)

    assert Ticket.objects.get().status == "OPEN"


def test_a_clock_that_steps_back_lets_nobody_undo_somebody_elses_move(desk, waiting, mia, monkeypatch):
    move(desk, "claim", waiting, mentor=mia.email)
    value = button_of(desk)
    ticket = Ticket.objects.get()
    monkeypatch.setattr(timezone, "now", lambda: ticket.moved - timedelta(minutes=5))
    ticket.close(by=mia)

    desk.post(CHANGELIST, {"_undo": value})

    assert state(waiting)[0] == "CLOSED"


def test_whoever_moved_nothing_gets_no_undo(desk, waiting, mia):
    waiting.claim(by=mia)

    move(desk, "claim", waiting, mentor=mia.email)

    assert 'name="_undo"' not in desk.get(CHANGELIST).content.decode()


def test_after_a_restore_another_history_row_with_the_same_number_is_another_one(desk, waiting):
    move(desk, "cancel", waiting)
    value = button_of(desk)
    Ticket.objects.filter(pk=waiting.pk).update(moved=F("moved") + timedelta(seconds=1))  # as if it was cancelled otherwise

    desk.post(CHANGELIST, {"_undo": value})

    assert state(waiting)[0] == "CANCELLED"


def test_a_button_that_comes_twice_moves_once(desk, waiting):
    shown = messages_of(desk.post(CHANGELIST, {"_move": [f"cancel|{waiting.pk}|OPEN|"] * 3}, follow=True))

    assert shown == [f"#{waiting.pk} My build loops: cancelled."]


def test_a_mentors_address_may_have_the_sign_that_parts_a_button(desk, waiting, mia):
    type(mia).objects.filter(pk=mia.pk).update(email="mia|mentor@example.edu")
    mia.refresh_from_db()
    waiting.claim(by=mia)

    move(desk, "release", waiting)
    assert state(waiting)[0] == "OPEN"
    undo(desk)

    assert state(waiting)[:3] == ("CLAIMED", "Mia Mentor", "mia|mentor@example.edu")


def test_what_an_undo_button_does_not_say_is_refused(desk, waiting):
    move(desk, "cancel", waiting)
    value = button_of(desk)

    forged = [value[:-1] + ("A" if value[-1] != "A" else "B"), "", f"{waiting.pk}", signing.dumps([], salt="another")]
    statuses = [desk.post(CHANGELIST, {"_undo": each}).status_code for each in forged]

    assert (statuses, state(waiting)[0]) == ([400] * 4, "CANCELLED")


def test_a_title_in_the_message_beside_the_button_is_not_run(desk, ada, make_ticket):
    ticket = make_ticket(ada, title="<script>alert(1)</script>")
    move(desk, "cancel", ticket)

    page = desk.get(CHANGELIST).content.decode()

    assert ("&lt;script&gt;alert(1)" in page, "<script>alert(1)" in page, 'name="_undo"' in page) == (True, False, True)


def test_an_hours_moves_are_counted_and_the_message_says_so(desk, ada, make_ticket, settings):
    settings.MOVES_PER_HOUR = 0
    ticket = make_ticket(ada)

    shown = messages_of(desk.post(CHANGELIST, {"_move": f"cancel|{ticket.pk}|OPEN|"}, follow=True))

    assert (state(ticket)[0], len(shown), "hour" in shown[0]) == ("OPEN", 1, True)


# Several at once


def test_several_are_moved_only_after_a_question_that_says_how_many(desk, ada, make_ticket):
    tickets = [make_ticket(ada), make_ticket(ada)]

    response = desk.post(CHANGELIST, {"action": "cancel", "_selected_action": [ticket.pk for ticket in tickets]})

    assert "Cancel 2 tickets?" in response.content.decode()
    assert set(Ticket.objects.values_list("status", flat=True)) == {"OPEN"}


def test_a_chosen_ticket_that_left_the_list_meanwhile_is_named(desk, ada, mia, make_ticket):
    tickets = [make_ticket(ada), make_ticket(ada)]
    Ticket.objects.get(pk=tickets[0].pk).close(by=mia)
    chosen = {"action": "claim", "_selected_action": [ticket.pk for ticket in tickets]}

    shown = say_yes(desk, desk.post(f"{CHANGELIST}?status=OPEN", chosen))

    assert shown == [
        f"#{tickets[0].pk} My build loops: A ticket that is CLOSED cannot be claimed: reopen it first.",
        f"#{tickets[1].pk} My build loops: claimed.",
    ]


def test_a_chosen_ticket_that_is_so_already_is_named_and_not_counted(desk, ada, mia, make_ticket):
    is_open, is_claimed = make_ticket(ada), make_ticket(ada, "CLAIMED", mentor=mia)

    shown = act(desk, "release", is_open, is_claimed)

    assert shown == [
        f"#{is_open.pk} My build loops: It is open already.",
        f"#{is_claimed.pk} My build loops: released.",
    ]


def test_striking_out_has_no_way_back_and_asks_first(desk, ada, mia, make_ticket):
    ticket = make_ticket(ada, "CLOSED", mentor=mia)
    button = re.search(r'name="_ask" value="(.*?)"', desk.get(f"{CHANGELIST}?status=ALL").content.decode())

    question = desk.post(CHANGELIST, {"_ask": unescape(button[1])})

    assert ("Strike out 1 ticket?" in question.content.decode(), state(ticket)[0]) == (True, "CLOSED")
    assert (say_yes(desk, question), state(ticket)[0]) == ([f"#{ticket.pk} My build loops: struck out."], "CANCELLED")


@pytest.mark.parametrize("name", ["_ask", "_move"])
def test_a_verb_that_is_none_is_refused(name, desk, ada, make_ticket):
    ticket = make_ticket(ada)

    response = desk.post(CHANGELIST, {name: f"burn|{ticket.pk}|OPEN|"})

    assert (response.status_code, state(ticket)[0]) == (400, "OPEN")


def test_several_are_taken_back_together(desk, ada, make_ticket):
    tickets = [make_ticket(ada), make_ticket(ada)]
    before = [state(ticket) for ticket in tickets]
    desk.post(CHANGELIST, {"_move": [f"cancel|{ticket.pk}|OPEN|" for ticket in tickets]})

    shown = undo(desk)

    assert ([state(ticket) for ticket in tickets], shown) == (before, ["Undone: 2."])


def test_of_several_the_one_that_changed_meanwhile_stays_as_it_is(desk, ada, mia, make_ticket):
    tickets = [make_ticket(ada), make_ticket(ada)]
    Ticket.objects.get(pk=tickets[0].pk).claim(by=mia)

    shown = messages_of(desk.post(CHANGELIST, {"_move": [f"cancel|{ticket.pk}|OPEN|" for ticket in tickets]}, follow=True))

    assert list(Ticket.objects.order_by("pk").values_list("status", flat=True)) == ["CLAIMED", "CANCELLED"]
    assert shown == [
        f"#{tickets[0].pk} My build loops: Mia Mentor has claimed it already.",
        f"#{tickets[1].pk} My build loops: cancelled.",
    ]


def test_the_question_says_for_whom(desk, ada, mia, make_ticket):
    ticket = make_ticket(ada)

    response = desk.post(CHANGELIST, {"action": "claim", "_selected_action": [ticket.pk], "mentor": mia.email})

    assert "Claim 1 ticket for Mia Mentor?" in response.content.decode()
