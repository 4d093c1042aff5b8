"""The page to read and try the API on, in a real browser."""

from playwright.sync_api import expect


def test_the_docs_show_the_endpoints_without_the_internet(open_page):
    page = open_page()
    page.goto("/api/docs/")

    page.get_by_text("The queue").first.wait_for()
    expect(page.get_by_text("/api/tickets/stats/")).to_be_visible()
