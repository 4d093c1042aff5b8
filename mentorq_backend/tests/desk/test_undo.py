"""Undo at the desk: the ticket is as it was before the move, and only if nobody moved it since."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.utils import timezone

from mentorq_backend.models import Event, Ticket
from mentorq_backend.tests.desk.pages import CHANGELIST, messages_of, say_yes

STATE = ("status", "mentor_email", "mentor", "queued")


@pytest.fixture
def waiting(ada, make_ticket):
    """An open ticket that has waited for an hour."""
    return make_ticket(ada, created=timezone.now() - timedelta(hours=1))


def undo(desk, path=CHANGELIST):
    """Press "Undo" on the page, as it is shown now, and return the messages shown."""
    value = re.search(r'name="_undo" value="(.*?)"', desk.get(path).content.decode())
    return messages_of(desk.post(path, {"_undo": unescape(value[1])}, follow=True))


def move(desk, verb, ticket, path=CHANGELIST, **form):
    """Press the ticket's button without looking at the page that comes next."""
    desk.post(path, {"_move": f"{verb}|{ticket.pk}|{ticket.status}|{ticket.mentor_email}", **form})


def state(ticket):
    return Ticket.objects.values_list(*STATE).get(pk=ticket.pk)


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
    ],
)
def test_undo_gives_back_status_mentor_and_place_in_the_queue(verb, status, page, desk, waiting, mia, max_):
    if status == "CLAIMED":
        waiting.claim(by=mia)
    path = CHANGELIST if page == "list" else f"{CHANGELIST}{waiting.pk}/change/"
    before = state(waiting)
    move(desk, verb, waiting, path, mentor=max_.email)
    assert state(waiting) != before

    shown = undo(desk, path)

    assert (state(waiting), shown) == (before, [f"#{waiting.pk} My build loops: undone."])


@pytest.mark.parametrize("status", ["CLOSED", "CANCELLED"])
def test_a_reopening_is_undone(status, desk, ada, mia, make_ticket):
    ticket = make_ticket(ada, status, mentor=mia)
    before = state(ticket)[:3]
    move(desk, "reopen", ticket)

    undo(desk, f"{CHANGELIST}?status=ALL")

    assert state(ticket)[:3] == before


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

    assert (state(waiting), shown) == (before, [f"#{waiting.pk} My build loops: Mia Mentor has claimed it already."])


def test_a_ticket_that_was_moved_and_moved_back_stays_as_it_is(desk, waiting, olga):
    move(desk, "claim", waiting)
    ticket = Ticket.objects.get()
    ticket.release(by=olga)
    ticket.claim(by=olga)
    count = waiting.events.count()

    shown = undo(desk)

    assert (waiting.events.count(), Ticket.objects.get().status) == (count, "CLAIMED")
    assert shown == [f"#{waiting.pk} My build loops: Olga Organizer has claimed it already."]


def test_a_second_undo_does_nothing(desk, waiting):
    move(desk, "cancel", waiting)
    value = unescape(re.search(r'name="_undo" value="(.*?)"', desk.get(CHANGELIST).content.decode())[1])
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


@pytest.mark.parametrize(
    "value", ["x", "{moved}|{pk}|OPEN", "{moved}|0|OPEN|", "{moved}|{pk}|GONE|", "{moved}|9999999999999999999|OPEN|"]
)
def test_what_no_undo_button_sends_is_refused(value, desk, waiting, olga):
    waiting.cancel(by=olga)
    sent = value.format(pk=waiting.pk, moved=waiting.moved.isoformat())

    response = desk.post(CHANGELIST, {"_undo": sent})

    assert (response.status_code, Ticket.objects.get().status) == (400, "CANCELLED")


# Several at once


def test_several_are_moved_only_after_a_question_that_says_how_many(desk, ada, make_ticket):
    tickets = [make_ticket(ada), make_ticket(ada)]

    response = desk.post(CHANGELIST, {"action": "cancel", "_selected_action": [ticket.pk for ticket in tickets]})

    assert "Cancel 2 tickets?" in response.content.decode()
    assert set(Ticket.objects.values_list("status", flat=True)) == {"OPEN"}


def test_a_chosen_ticket_that_left_the_list_meanwhile_is_named(desk, ada, mia, make_ticket):
    tickets = [make_ticket(ada), make_ticket(ada)]
    Ticket.objects.get(pk=tickets[0].pk).close(by=mia)
    chosen = {"action": "release", "_selected_action": [ticket.pk for ticket in tickets]}

    shown = say_yes(desk, desk.post(f"{CHANGELIST}?status=OPEN", chosen))

    assert shown == [
        f"#{tickets[0].pk} My build loops: A ticket that is CLOSED cannot be released: reopen it first.",
        f"#{tickets[1].pk} My build loops: released.",
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
