"""The desk on a phone, 390 pixels wide: what fits, what comes first, and what a thumb hits."""

import itertools

import pytest

from mentorq.tests.browser.test_desk import LIST, barriers
from mentorq_backend.models import Ticket

THUMB = 44  # pixels
BOXES = """elements => elements.filter(each => each.checkVisibility()).map(each => {
    const { x, y, width, height } = each.getBoundingClientRect();
    return { x, y, width, height };
})"""


@pytest.fixture
def phone(sign_in):
    """A director's phone."""
    return sign_in("dan", width=390, height=844)


@pytest.fixture
def tickets(ada, mia, make_ticket):
    """Tickets in every status, short and long."""
    return [
        make_ticket(ada, status, mentor=mia, title=title, location=title)
        for status in ("OPEN", "CLAIMED", "CLOSED", "CANCELLED")
        for title in ("Loops", "The build loops for ever " * 20, "x" * 2000)
    ]


def boxes(page, selector):
    return page.locator(selector).evaluate_all(BOXES)


def apart(one, other):
    """Pixels between two boxes, negative if they overlap."""
    return max(
        abs(one[edge] - other[edge]) - (one if one[edge] < other[edge] else other)[size]
        for edge, size in (("x", "width"), ("y", "height"))
    )


def test_a_ticket_of_the_list_is_at_most_110_pixels_high(phone, tickets):
    phone.goto(f"{LIST}?status=ALL")

    heights = [box["height"] for box in boxes(phone, "#result_list .data-row")]

    assert (len(heights), max(heights) <= 110) == (len(tickets), True)


def test_five_tickets_fit_the_first_screen(phone, ada, mia, make_ticket):
    for _ in range(6):
        make_ticket(ada, "CLAIMED", mentor=mia)
    phone.goto(LIST)

    ends = [box["y"] + box["height"] for box in boxes(phone, "#result_list .data-row")]

    assert ends[4] <= 844


@pytest.mark.parametrize("path", [f"{LIST}?status=ALL", LIST + "{pk}/change/"])
def test_a_thumb_hits_one_move_and_no_other(phone, tickets, path):
    phone.goto(path.format(pk=tickets[3].pk))

    found = boxes(phone, ".desk-move, .desk-mentor select, .desk-fold summary")

    assert len(found) > 4
    assert [box for box in found if box["height"] < THUMB or box["width"] < THUMB] == []
    assert min(apart(*pair) for pair in itertools.combinations(found, 2)) >= 8


def test_export_filters_and_selection_are_folded_away(phone, tickets):
    phone.goto(LIST)

    hidden = ["#result_list .action-select", ".desk-export", "#changelist-filter"]

    assert [phone.locator(selector).first.is_visible() for selector in hidden] == [False] * 3


def test_several_are_selected_on_a_phone(phone, tickets):
    phone.goto(LIST)

    phone.get_by_text("More", exact=True).click()
    phone.get_by_label("Select several").check()
    phone.locator("#result_list .action-select").first.check()
    phone.get_by_label("Select action to run").select_option("cancel")
    phone.get_by_role("button", name="Run").click()
    phone.get_by_role("button", name="Cancel 1 ticket").click()

    phone.get_by_text(": cancelled.").wait_for()
    assert Ticket.objects.filter(status="CANCELLED").count() == 4


def test_a_tickets_page_shows_place_contact_and_comment_first(phone, ada, make_ticket):
    ticket = make_ticket(ada, contact="Discord", comment="It worked yesterday")
    phone.goto(f"{LIST}{ticket.pk}/change/")

    shown = ["#id_location", "#id_contact", "text=It worked yesterday", "#id_title"]
    fields = [phone.locator(selector).bounding_box() for selector in shown]
    history = phone.locator("#history").bounding_box()

    tops = [box["y"] for box in fields]
    assert tops == sorted(tops)
    assert fields[2]["y"] + fields[2]["height"] <= 844 - 64  # a browser's own bar may cover the rest
    assert history["y"] > tops[-1]


@pytest.mark.parametrize("dark", [False, True])
def test_everybody_can_use_the_list_on_a_phone(sign_in, tickets, dark):
    page = sign_in("dan", width=390, height=844, dark=dark)
    page.goto(f"{LIST}?status=ALL")
    page.get_by_text("More", exact=True).click()
    page.get_by_label("Select several").check()

    assert barriers(page) == []
