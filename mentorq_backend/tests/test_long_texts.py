"""Texts of two thousand characters on the desk: shortened where they would be in the way, whole where one looks."""

import re

import pytest

from mentorq_backend.models import Feedback, Ticket, TicketEvent
from mentorq_backend.tests.desk.pages import CHANGELIST, messages_of

TITLE, PLACE, OWNER, MENTOR, CONTACT = (letter * 2000 for letter in "tpomc")
TOO_MANY = "Search for at most 8 words and 255 characters."
NINE = "one two three four five six seven eight nine"


def short(text):
    return f"{text[:59]}…"


def open_ticket(ada):
    texts = {"title": TITLE, "location": PLACE, "owner": OWNER, "contact": CONTACT}
    return Ticket.objects.open(by=ada, owner_email=ada.email, **texts)


@pytest.fixture
def ticket(ada, mia):
    """A claimed ticket whose every text is as long as it may be."""
    ticket = open_ticket(ada)
    ticket.claim(by=mia, mentor=MENTOR)
    return ticket


def seen_and_hovered(page):
    """What of a page is longer than a line: shown, and on hover."""
    text = re.sub(r"<(script|style).*?</\1>", "", page, flags=re.DOTALL)
    shown = re.findall(r"[topmc]{61,}", re.sub(r"<[^>]*>", " ", text))
    return shown, {text[0] for text in re.findall(r'title="([topmc]{2000})"', text)}


def test_the_list_shortens_them(desk, ticket):
    page = desk.get(CHANGELIST).content.decode()

    assert seen_and_hovered(page) == ([], set("tpom"))
    assert [short(text) in page for text in (TITLE, PLACE, OWNER, MENTOR)] == [True] * 4


def test_a_tickets_page_shows_them_whole_in_their_fields_alone(desk, ticket):
    page = desk.get(f"{CHANGELIST}{ticket.pk}/change/")

    heading = re.search("<title>(.*?)</title>", page.content.decode(), re.DOTALL)[1]
    assert (TITLE in heading, short(TITLE) in heading, page.context["subtitle"]) == (
        False, True, f"#{ticket.pk} {short(TITLE)}",
    )  # fmt: skip
    assert [page.context["adminform"].form[name].value() for name in ("title", "location", "contact")] == [
        TITLE, PLACE, CONTACT,
    ]  # fmt: skip
    shown, hovered = seen_and_hovered(page.content.decode())
    assert ({text[0] for text in shown}, len(shown), hovered) == (set("om"), 2, {"m"})  # who asked and who helps, read-only


def test_long_texts_are_corrected_whole(desk, ticket):
    path = f"{CHANGELIST}{ticket.pk}/change/"
    seen = desk.get(path).context["state"]
    texts = {"title": f"{TITLE[1:]}x", "location": f"{PLACE[1:]}x", "contact": f"{CONTACT[1:]}x"}

    [said] = messages_of(desk.post(path, {**texts, "_state": seen}, follow=True))

    assert Ticket.objects.values("title", "location", "contact").get() == texts
    assert len(re.sub("<.*?>", "", said)) < 120
    assert len(TicketEvent.objects.last().note) > 12_000


@pytest.mark.parametrize("verb", ["claim", "close"])
def test_messages_shorten_them(desk, ticket, verb):
    shown = messages_of(desk.post(CHANGELIST, {"_move": f"{verb}|{ticket.pk}|OPEN|"}, follow=True))

    assert shown == [f"#{ticket.pk} {short(TITLE)}: {short(MENTOR)} has claimed it already."]


def test_the_first_page_shortens_them(desk, ticket, ada):
    open_ticket(ada)

    page = desk.get("/admin/").content.decode()

    assert seen_and_hovered(page) == ([], set("tpom"))


def test_feedback_shortens_the_mentor(client, dan, ticket, mia):
    client.force_login(dan)
    ticket.close(by=mia)
    Feedback.objects.give(ticket, rating=5)

    page = client.get(f"{CHANGELIST}{ticket.pk}/change/").content.decode()

    assert f"{short(MENTOR)}</span>, <time" in page


@pytest.mark.parametrize("path", [CHANGELIST, "/admin/mentorq_users/user/"])
@pytest.mark.parametrize("query", [NINE, "x" * 256, "x " * 120])
def test_a_search_for_too_much_finds_nothing_and_says_why(desk, ada, make_ticket, path, query):
    make_ticket(ada, title=NINE)

    response = desk.get(path, {"q": query, "status": "ALL"} if path == CHANGELIST else {"q": query})

    assert (list(response.context["cl"].result_list), messages_of(response)) == ([], [TOO_MANY])


def test_a_search_for_eight_words_finds_them(desk, ada, make_ticket):
    ticket = make_ticket(ada, title=NINE)

    response = desk.get(CHANGELIST, {"q": '"eight nine" one two three four five six seven'})

    assert (list(response.context["cl"].result_list), messages_of(response)) == ([ticket], [])


def test_an_export_of_such_a_search_is_empty(desk, ada, make_ticket):
    make_ticket(ada, title=NINE)

    response = desk.get(f"{CHANGELIST}export/jsonl/", {"q": NINE})

    assert (response.status_code, b"".join(response.streaming_content)) == (200, b"")
