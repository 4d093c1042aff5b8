"""Pages that renew themselves by the real stream, behind a proxy as in production."""

import signal
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from mentorq.tests.browser.proxy import proxied
from mentorq_backend.tests.live.process import LiveProcess

IN_TIME = 3000  # milliseconds; without the stream the pages wait longer


class Behind:
    """pytest-django's server, at the URL of the proxy."""

    def __init__(self, server, url):
        self.server, self.url = server, url

    def __getattr__(self, name):
        return getattr(self.server, name)


@pytest.fixture
def live_server(live_server):
    """The application and the live stream behind one origin."""
    process = LiveProcess()
    with proxied(urlsplit(live_server.url).port, process.port) as url:
        yield Behind(live_server, url)
    process.end(signal.SIGTERM)


def test_somebody_elses_claim_appears_in_the_list_while_a_search_is_being_typed(sign_in, ada, mia, make_ticket):
    ticket = make_ticket(ada)
    page = sign_in("olga")
    with page.expect_response("**/api/live/"):
        page.goto("/admin/mentorq_backend/ticket/")
    page.wait_for_timeout(1000)
    page.locator("#searchbar").press_sequentially("ada lo")

    ticket.claim(by=mia)

    row = page.locator("#result_list tbody").filter(has_text=f"#{ticket.pk} ")
    expect(row).to_contain_text("CLAIMED", timeout=IN_TIME)
    page.keyboard.type("velace")
    expect(page.locator("#searchbar")).to_have_value("ada lovelace")


def test_the_board_renews_by_the_stream(open_page, ada, make_ticket):
    page = open_page()
    with page.expect_response("**/api/live/"):
        page.goto("/board/")
    page.wait_for_timeout(1000)

    ticket = make_ticket(ada)

    expect(page.get_by_text(f"#{ticket.pk}", exact=True)).to_be_visible(timeout=IN_TIME)
