"""The board in a browser: readable from afar and on a phone, it renews itself and says when it has lost the server."""

import re
from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from playwright.sync_api import expect

from mentorq_backend.models import Event

SCREENS = {"screen": {"width": 1920, "height": 1080}, "phone": {"width": 390, "height": 844}}


@pytest.fixture
def event(committed, settings):
    settings.FRONTEND_URL = "https://hackru.example/live"
    now = timezone.now()
    return Event.objects.create(name="HackRU Fall 2026", opens=now - timedelta(hours=1), message="Pizza at 7")


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("screen", SCREENS)
def test_axe_finds_nothing_and_nothing_is_cut_off(screen, theme, event, ada, make_ticket, open_page):
    make_ticket(ada)
    page = open_page(**SCREENS[screen])

    page.goto(f"/board/?theme={theme}")

    found = Axe().run(page)
    assert [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in found.response["violations"]] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= SCREENS[screen]["width"]
    if screen == "screen":
        assert page.evaluate("document.documentElement.scrollHeight") <= 1080


def test_the_main_figure_takes_a_sixth_of_the_height(event, ada, make_ticket, open_page):
    make_ticket(ada)
    page = open_page(**SCREENS["screen"])

    page.goto("/board/")

    # The digits themselves, and not the line around them.
    height = page.evaluate(
        """() => {
          const figure = document.querySelector(".main strong");
          const context = document.createElement("canvas").getContext("2d");
          const style = getComputedStyle(figure);
          context.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
          const box = context.measureText(figure.textContent);
          return box.actualBoundingBoxAscent + box.actualBoundingBoxDescent;
        }"""
    )
    assert height >= 1080 / 6


def test_it_renews_itself(event, ada, make_ticket, open_page):
    page = open_page()
    page.goto("/board/")
    expect(page.locator(".main strong")).to_have_text("0")

    ticket = make_ticket(ada)
    event.pause()

    expect(page.locator(".main strong")).to_have_text("1")
    expect(page.get_by_text(f"#{ticket.pk}")).to_be_visible()
    expect(page.get_by_text("The queue is paused.")).to_be_visible()
    expect(page).to_have_title("1 waiting | HackRU Fall 2026 | MentorQ")


def test_it_says_since_when_it_has_lost_the_server_and_that_it_is_back(event, open_page):
    page = open_page()
    page.goto("/board/")
    expect(page.get_by_role("alert")).to_be_hidden()

    page.route("**/board/", lambda route: route.fulfill(status=200, content_type="text/html", body="captive portal"))
    expect(page.get_by_role("alert")).to_have_text(re.compile(r"^Connection lost since [0-9]{2}:[0-9]{2}$"))
    expect(page.locator(".main strong")).to_have_text("0")
    page.unroute("**/board/")

    expect(page.get_by_role("alert")).to_be_hidden()
