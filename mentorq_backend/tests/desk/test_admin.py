"""Tickets in the admin site: they read like a queue, and change only through the model's verbs."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from mentorq_backend.desk.moves import VERBS
from mentorq_backend.models import Ticket, TicketEvent
from mentorq_backend.tests.desk.pages import CHANGELIST, act, press


def titles(response):
    return [ticket.title for ticket in response.context["cl"].result_list]


@pytest.mark.parametrize(
    ("action", "before", "after"),
    [
        ("claim", "OPEN", "CLAIMED"),
        ("release", "CLAIMED", "OPEN"),
        ("close", "CLAIMED", "CLOSED"),
        ("cancel", "CLAIMED", "CANCELLED"),
        ("reopen", "CLOSED", "OPEN"),
        ("reopen", "CANCELLED", "OPEN"),
    ],
)
def test_an_action_makes_its_move_with_its_history(action, before, after, desk, ada, mia, make_ticket):
    ticket = make_ticket(ada, before, mentor=mia)

    shown = act(desk, action, ticket)

    ticket.refresh_from_db()
    assert (ticket.status, shown) == (after, [f"#{ticket.pk} My build loops: {VERBS[action].past}."])
    assert ticket.events.last().by == "olga@example.edu"


def test_a_refusal_is_shown_and_the_others_are_moved(desk, ada, mia, make_ticket):
    taken, free = make_ticket(ada, "CLAIMED", mentor=mia), make_ticket(ada)

    shown = act(desk, "claim", taken, free)

    free.refresh_from_db()
    assert free.mentor_email == "olga@example.edu"
    assert shown == [
        f"#{taken.pk} My build loops: Mia Mentor has claimed it already.",
        f"#{free.pk} My build loops: claimed.",
    ]


@pytest.mark.parametrize(("action", "status"), [("release", "CLOSED"), ("reopen", "CLAIMED"), ("claim", "CANCELLED")])
def test_an_impossible_move_is_shown_as_such(action, status, desk, ada, mia, make_ticket):
    ticket = make_ticket(ada, status, mentor=mia)

    shown = act(desk, action, ticket)

    assert len(shown) == 1
    assert shown[0].startswith(f"#{ticket.pk} My build loops: A ticket that is {status} cannot be ")
    assert Ticket.objects.get().status == status


def test_a_local_superuser_moves_tickets_too(client, admin_user, ada, make_ticket):
    client.force_login(admin_user)
    ticket = make_ticket(ada)

    act(client, "cancel", ticket)

    assert Ticket.objects.get().status == "CANCELLED"


def test_the_history_is_on_the_tickets_page(desk, ada, mia, make_ticket):
    ticket = make_ticket(ada, "CLAIMED", mentor=mia)

    page = desk.get(f"{CHANGELIST}{ticket.pk}/change/").content.decode()

    assert [str(event) in page for event in ticket.events.all()] == [True, True]


def test_no_ticket_is_deleted_here(desk, ada, make_ticket):
    ticket = make_ticket(ada)

    responses = [getattr(desk, method)(f"{CHANGELIST}{ticket.pk}/delete/", {"post": "yes"}) for method in ("get", "post")]

    assert [response.status_code for response in responses] == [403, 403]
    assert list(Ticket.objects.values_list("pk", flat=True)) == [ticket.pk]


def test_deleting_is_no_action(desk, ada, make_ticket):
    ticket = make_ticket(ada)

    act(desk, "delete_selected", ticket)

    assert (Ticket.objects.count(), TicketEvent.objects.count()) == (1, 1)


@pytest.mark.parametrize("query", ["?q=loops", "?q=ada@example", "?status=OPEN", "?active__exact=1"])
def test_the_queue_is_searched_and_filtered(query, desk, ada, mia, make_ticket):
    make_ticket(ada)
    make_ticket(mia, "CANCELLED", title="Else", active=False)

    page = desk.get(CHANGELIST + query)

    assert [ticket.title for ticket in page.context["cl"].queryset] == ["My build loops"]


@pytest.mark.parametrize("typed", ["{pk}", "#{pk}", " #{pk} "])
def test_a_ticket_is_found_by_its_number(typed, desk, ada, make_ticket):
    make_ticket(ada, location="Hall")
    ticket = make_ticket(ada, title="The one", location="Hall")

    page = desk.get(CHANGELIST, {"q": typed.format(pk=ticket.pk), "status": "ALL"})

    assert titles(page) == ["The one"]


@pytest.mark.parametrize("typed", ["#", "#0", "0", "#99999999999999999999", "# 1", "1#"])
def test_what_is_no_number_of_a_ticket_is_searched_as_a_word(typed, desk, ada, make_ticket):
    make_ticket(ada)

    assert titles(desk.get(CHANGELIST, {"q": typed, "status": "ALL"})) == []


def test_a_page_after_the_last_one_says_so(desk, ada, make_ticket):
    make_ticket(ada)

    page = desk.get(f"{CHANGELIST}?p=9").content.decode()

    assert ("Nothing on this page" in page, "Nobody waits" in page) == (True, False)


# The queue


def test_the_queue_has_open_tickets_first_who_waits_the_longest_on_top(desk, ada, mia, make_ticket):
    for minute, status in enumerate(["CLOSED", "CLAIMED", "OPEN", "CANCELLED", "OPEN", "CLAIMED"]):
        make_ticket(ada, status, mentor=mia, title=f"{minute}", created=datetime(2026, 2, 14, 23, minute, tzinfo=UTC))

    assert titles(desk.get(CHANGELIST)) == ["2", "4", "1", "5"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?status=ALL", ["cancelled", "closed", "open"]),
        ("?status=CLOSED", ["closed"]),
        ("?q=12", ["cancelled", "closed", "open"]),
        ("?q=12&status=OPEN", ["open"]),
        ("?status=nonsense", ["open"]),
        ("?status=", ["open"]),
    ],
)
def test_another_status_is_newest_first_and_a_search_looks_everywhere(query, expected, desk, ada, mia, make_ticket):
    for status in ("OPEN", "CLOSED", "CANCELLED"):
        make_ticket(ada, status, mentor=mia, title=status.lower())

    assert titles(desk.get(CHANGELIST + query)) == expected


def test_a_row_says_how_long_it_waits_and_who_is_on_it(desk, ada, mia, make_ticket):
    make_ticket(ada, created=timezone.now() - timedelta(minutes=12, seconds=5))
    make_ticket(ada, "CLAIMED", mentor=mia)

    page = " ".join(desk.get(CHANGELIST).content.decode().split())

    assert ["waits 12 min" in page, "Mia Mentor" in page, "Ada Lovelace" in page, "Table 12" in page] == [True] * 4
    assert re.search(r'claimed <time datetime="[^"]+" title="[^"]+ UTC">\d s ago</time>', page)


def test_the_other_pages_are_reached(desk, ada, settings, make_ticket):
    settings.TICKETS_MAX_OPEN = 100
    for number in range(60):
        make_ticket(ada, title=f"{number}", created=datetime(2026, 2, 14, 23, number, tzinfo=UTC))

    assert titles(desk.get(f"{CHANGELIST}?p=2")) == [f"{number}" for number in range(50, 60)]


def test_what_people_wrote_is_shown_and_not_run(desk, ada, make_ticket):
    ticket = make_ticket(ada, title="<script>alert(1)</script>", location="<b>", contact="<i>", comment="<img src=x>")

    for path in (CHANGELIST, f"{CHANGELIST}{ticket.pk}/change/"):
        page = desk.get(path).content.decode()
        assert [evil in page for evil in ("<script>alert(1)", "<b>", "<img src=x>")] == [False] * 3


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("", "The queue is empty: no ticket is open or claimed."),
        ("?q=loops", "No ticket matches the search and the filters."),
        ("?status=OPEN", "No ticket matches the search and the filters."),
    ],
)
def test_an_empty_list_says_what_that_means(desk, query, said):
    assert said in " ".join(desk.get(CHANGELIST + query).content.decode().split())


# Buttons


@pytest.mark.parametrize("where", ["list", "page"])
@pytest.mark.parametrize(
    ("verb", "before", "after"),
    [
        ("claim", "OPEN", "CLAIMED"),
        ("close", "OPEN", "CLOSED"),
        ("cancel", "OPEN", "CANCELLED"),
        ("release", "CLAIMED", "OPEN"),
        ("close", "CLAIMED", "CLOSED"),
        ("cancel", "CLAIMED", "CANCELLED"),
        ("reopen", "CLOSED", "OPEN"),
        ("reopen", "CANCELLED", "OPEN"),
    ],
)
def test_a_button_makes_its_move(where, verb, before, after, desk, ada, mia, make_ticket):
    ticket = make_ticket(ada, before, mentor=mia)
    path = CHANGELIST if where == "list" else f"{CHANGELIST}{ticket.pk}/change/"

    shown = press(desk, verb, ticket, path)

    ticket.refresh_from_db()
    assert (ticket.status, shown) == (after, [f"#{ticket.pk} My build loops: {VERBS[verb].past}."])
    assert ticket.events.last().by == "olga@example.edu"


@pytest.mark.parametrize(
    ("status", "verbs"),
    [
        ("OPEN", ["Claim", "Close", "Cancel"]),
        ("CLAIMED", ["Release", "Close", "Cancel"]),
        ("CLOSED", ["Reopen", "Strike out"]),
        ("CANCELLED", ["Reopen"]),
    ],
)
def test_a_row_has_the_buttons_of_its_status(status, verbs, desk, ada, mia, make_ticket):
    ticket = make_ticket(ada, status, mentor=mia)

    page = desk.get(f"{CHANGELIST}?status=ALL").content.decode()

    assert re.findall(rf'aria-label="([A-Z][a-z ]+) #{ticket.pk}"', page) == verbs


def test_a_ticket_is_claimed_for_the_mentor_chosen(desk, ada, mia, make_ticket):
    ticket = make_ticket(ada)

    press(desk, "claim", ticket, mentor="mia@example.edu")

    ticket.refresh_from_db()
    assert (ticket.mentor_email, ticket.mentor) == ("mia@example.edu", "Mia Mentor")


def test_the_chosen_tickets_are_claimed_for_the_mentor_chosen(desk, ada, mia, make_ticket):
    tickets = [make_ticket(ada), make_ticket(ada)]

    act(desk, "claim", *tickets, mentor="mia@example.edu")

    assert list(Ticket.objects.values_list("mentor_email", flat=True)) == ["mia@example.edu"] * 2


def test_a_claimed_ticket_is_handed_over_from_its_page(desk, ada, mia, max_, make_ticket):
    ticket = make_ticket(ada, "CLAIMED", mentor=mia)

    press(desk, "hand over", ticket, f"{CHANGELIST}{ticket.pk}/change/", mentor="max@example.edu")

    ticket.refresh_from_db()
    assert (ticket.status, ticket.mentor_email) == ("CLAIMED", "max@example.edu")


@pytest.mark.parametrize("action", ["claim", "button"])
def test_a_claim_for_somebody_else_steals_no_ticket(action, desk, ada, mia, max_, make_ticket):
    ticket = make_ticket(ada)
    Ticket.objects.get().claim(by=mia)

    shown = (
        press(desk, "claim", ticket, mentor=max_.email)
        if action == "button"
        else act(desk, "claim", ticket, mentor=max_.email)
    )

    assert Ticket.objects.get().mentor_email == mia.email
    assert shown == [f"#{ticket.pk} My build loops: Mia Mentor has claimed it already."]


@pytest.mark.parametrize("verb", ["close", "cancel", "release"])
def test_a_button_of_a_ticket_that_went_on_says_so_and_does_nothing(verb, desk, ada, mia, max_, olga, make_ticket):
    ticket = make_ticket(ada, "CLAIMED", mentor=mia)
    Ticket.objects.get().claim(by=olga, mentor_email=max_.email)

    shown = press(desk, verb, ticket)

    assert (Ticket.objects.get().status, Ticket.objects.get().mentor_email) == ("CLAIMED", max_.email)
    assert shown == [f"#{ticket.pk} My build loops: {max_.name} has claimed it already."]


@pytest.mark.parametrize("mentor", ["nobody", "a@b", "x" * 300 + "@example.edu", "mia@example.edu\0"])
def test_a_mentor_who_is_no_email_is_refused(mentor, desk, ada, make_ticket):
    ticket = make_ticket(ada)

    shown = press(desk, "claim", ticket, mentor=mentor)

    assert (len(shown), "Mentor: " in shown[0], Ticket.objects.get().status) == (1, True, "OPEN")


def test_a_look_alike_letter_names_nobody_else(desk, ada, make_ticket):
    ticket = make_ticket(ada)

    press(desk, "claim", ticket, mentor="Mia@\u212a.co")  # the Kelvin sign, which str.lower() takes for a k

    assert Ticket.objects.get().mentor_email == "mia@\u212a.co"


@pytest.mark.parametrize(
    "button", ["", "claim", "claim|x|OPEN|", "claim|999|OPEN|", "delete|{pk}|OPEN|", f"claim|{2**70}|OPEN|"]
)
def test_what_no_button_says_is_a_bad_request(button, desk, ada, make_ticket):
    ticket = make_ticket(ada)

    response = desk.post(CHANGELIST, {"_move": button.format(pk=ticket.pk)})

    assert (response.status_code, Ticket.objects.get().status) == (400, "OPEN")


def test_a_button_leads_back_to_the_list_as_it_was(desk, ada, make_ticket):
    ticket = make_ticket(ada)

    response = desk.post(f"{CHANGELIST}?q=loops&status=OPEN", {"_move": f"close|{ticket.pk}|OPEN|"})

    assert (response.status_code, response["Location"]) == (302, f"{CHANGELIST}?q=loops&status=OPEN")


@pytest.mark.parametrize("name", [None, "ada", "mia"])
def test_a_button_pressed_by_anyone_else_does_nothing(name, client, person, ada, make_ticket):
    ticket = make_ticket(ada)
    if name:
        client.force_login(person(name))

    response = client.post(CHANGELIST, {"_move": f"close|{ticket.pk}|OPEN|"})

    assert (response.status_code, Ticket.objects.get().status) == (302, "OPEN")


def test_free_mentors_are_offered_first(desk, ada, mia, max_, make_ticket):
    make_ticket(ada, "CLAIMED", mentor=max_)

    mentors = desk.get(CHANGELIST).context["mentors"]

    assert [(mentor.email, held) for mentor, held in mentors] == [("mia@example.edu", 0), ("max@example.edu", 1)]
