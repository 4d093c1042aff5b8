"""The page to read and try the API on, in a real browser."""

import re

import pytest
from playwright.sync_api import expect
from rest_framework_simplejwt.tokens import AccessToken

from mentorq_users.tokens import issue


@pytest.fixture
def open_docs(open_page):
    def do(place="", **how):
        page = open_page(**how)
        page.goto(f"/api/docs/{place}")
        page.get_by_text("The queue", exact=True).wait_for()
        return page

    return do


def lightness(page, selector, what):
    """How bright a color is that the browser shows: 0 is black, 255 is white."""
    color = page.locator(selector).first.evaluate(f"element => getComputedStyle(element).{what}")
    red, green, blue = (int(part) for part in re.findall(r"\d+", color)[:3])
    return 0.299 * red + 0.587 * green + 0.114 * blue


def test_the_docs_show_the_endpoints_without_the_internet(open_docs):
    page = open_docs()

    expect(page.get_by_text("/api/tickets/stats/")).to_be_visible()


def test_the_docs_begin_with_a_token_and_follow_the_order_in_which_one_meets_things(open_docs):
    page = open_docs()

    assert page.locator(".info h2").all_inner_texts() == ["How to get a token"]
    tags = page.locator("h3.opblock-tag").all()
    assert [tag.get_attribute("data-tag") for tag in tags] == [
        "auth", "tickets", "feedback", "queue", "live", "statistics"
    ]  # fmt: skip


def test_a_token_that_is_pasted_under_authorize_goes_with_the_requests(open_docs, ada, make_ticket):
    ticket = make_ticket(ada)
    page = open_docs()
    page.get_by_role("button", name="Authorize").first.click()
    expect(page.get_by_text("Paste access, without the word Bearer.")).to_be_visible()
    page.get_by_label("Value").fill(str(issue(AccessToken, ada)))
    page.get_by_label("Apply credentials").click()
    page.get_by_role("button", name="Close", exact=True).click()

    page.get_by_text("One ticket", exact=True).click()
    page.get_by_role("button", name="Try it out").click()
    page.get_by_placeholder("id").fill(str(ticket.pk))
    page.get_by_role("button", name="Execute").click()

    expect(page.locator(".live-responses-table .response-col_status").last).to_have_text("200")


def test_an_address_with_an_operation_opens_the_docs_without_a_warning(open_docs):
    page = open_docs("#/auth/auth_token_create")

    expect(page.get_by_text("/api/tickets/stats/")).to_be_visible()


TEXTS = [".swagger-ui .info h2", ".swagger-ui .info li", ".swagger-ui h3.opblock-tag", ".swagger-ui .opblock-summary-path"]


def brightness(page):
    """How bright the page's ground and its darkest and brightest text are, when they change no more."""
    page.wait_for_function("document.getAnimations().length === 0")
    texts = [lightness(page, selector, "color") for selector in TEXTS]
    return lightness(page, "body", "backgroundColor"), min(texts), max(texts)


def test_the_docs_are_light_or_dark_as_the_browser_is_also_when_it_changes(open_docs):
    page = open_docs(dark=True)
    ground, darkest, _ = brightness(page)
    assert (ground < 50, darkest > 150) == (True, True)

    page.emulate_media(color_scheme="light")
    expect(page.locator("html.dark-mode")).to_have_count(0)

    ground, _, brightest = brightness(page)
    assert (ground > 240, brightest < 100) == (True, True)
