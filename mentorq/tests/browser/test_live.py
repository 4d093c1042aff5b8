"""Pages that renew themselves: told by the stream, for which the page gets a stand-in here, or by polling."""

import re

import pytest
from playwright.sync_api import expect

from mentorq_backend.models import Ticket
from mentorq_backend.waits.queue import QUEUE

LIST = "/admin/mentorq_backend/ticket/"
LOST = re.compile(r"^Connection lost since [0-9]{2}:[0-9]{2}$")
# `window.tell(event)` is the server's part. `fetches` counts: all of them, those under way, and the most at once.
STREAM = """
window.streams = [];
window.EventSource = class extends EventTarget {
    static CONNECTING = 0;
    static OPEN = 1;
    static CLOSED = 2;
    constructor(url) {
        super();
        this.readyState = 1;
        streams.push(url);
        window.tell = name => this.dispatchEvent(new MessageEvent(name, { data: "{}" }));
        setTimeout(() => this.dispatchEvent(new Event("open")));
    }
    close() { this.readyState = 2; }
};
window.fetches = { all: 0, now: 0, most: 0 };
const real = window.fetch;
window.fetch = (...all) => {
    fetches.all++;
    fetches.most = Math.max(fetches.most, ++fetches.now);
    return real(...all).finally(() => fetches.now--);
};
"""


@pytest.fixture
def streamed(sign_in):
    """Olga's page at that path, once it has renewed itself for the first time: from then on only events renew it."""

    def go(path):
        page = sign_in("olga")
        page.add_init_script(STREAM)
        page.goto(path)
        page.wait_for_function("fetches.all === 1 && fetches.now === 0")
        return page

    return go


@pytest.fixture
def streamed_board(open_page):
    page = open_page()
    page.add_init_script(STREAM)
    page.goto("/board/")
    page.wait_for_function("fetches.all === 1 && fetches.now === 0")
    return page


def tell(page, event="tickets"):
    page.evaluate("event => window.tell(event)", event)


def row_of(page, ticket):
    return page.locator("#result_list tbody").filter(has_text=f"#{ticket.pk} ")


def test_a_claim_appears_while_somebody_types_a_search(streamed, ada, mia, make_ticket):
    ticket = make_ticket(ada)
    page = streamed(LIST)
    page.locator("#searchbar").press_sequentially("ada lo")

    ticket.claim(by=mia)
    tell(page)

    expect(row_of(page, ticket)).to_contain_text("CLAIMED")
    page.keyboard.type("velace")
    expect(page.locator("#searchbar")).to_have_value("ada lovelace")
    assert page.evaluate("streams") == ["/api/live/"]


def test_a_selection_stays_and_what_is_gone_leaves_it(streamed, ada, mia, make_ticket):
    first, second, third = make_ticket(ada), make_ticket(ada), make_ticket(ada)
    page = streamed(LIST)
    for ticket in (first, second):
        row_of(page, ticket).get_by_role("checkbox").check()

    first.cancel(by=ada)
    tell(page)

    expect(row_of(page, first)).to_have_count(0)
    expect(row_of(page, second).get_by_role("checkbox")).to_be_checked()
    expect(row_of(page, third).get_by_role("checkbox")).not_to_be_checked()
    expect(page.locator(".action-counter")).to_have_text("1 of 2 selected")


def test_renewed_rows_are_chosen_together_and_moved(streamed, ada, make_ticket):
    make_ticket(ada)
    page = streamed(LIST)
    make_ticket(ada), make_ticket(ada)
    tell(page)
    expect(page.locator("#result_list tbody")).to_have_count(3)

    rows = page.get_by_role("checkbox", name="Select record")
    rows.first.click()
    rows.last.click(modifiers=["Shift"])
    expect(page.locator(".action-counter")).to_have_text("3 of 3 selected")
    page.locator("#action-toggle").uncheck()
    expect(page.locator(".action-counter")).to_have_text("0 of 3 selected")
    page.locator("#action-toggle").check()
    page.get_by_label("Select action to run").select_option("cancel")
    page.get_by_role("button", name="Run").click()

    page.get_by_role("button", name="Cancel 3 tickets").click()

    expect(page.get_by_text("Cancelled: 3.")).to_be_visible()
    assert set(Ticket.objects.values_list("status", flat=True)) == {"CANCELLED"}


def test_open_menus_and_the_chosen_mentor_stay(streamed, ada, mia, make_ticket):
    ticket = make_ticket(ada)
    page = streamed(LIST)
    page.get_by_label("Claim for").select_option("mia@example.edu")
    page.get_by_text("Filters").click()
    expect(page.get_by_role("link", name="Past 7 days")).to_be_visible()

    ticket.claim(by=mia)
    tell(page)

    expect(row_of(page, ticket)).to_contain_text("CLAIMED")
    expect(page.get_by_role("link", name="Past 7 days")).to_be_visible()
    expect(page.get_by_label("Claim for")).to_have_value("mia@example.edu")
    expect(page.get_by_label("Claim for").locator("option:checked")).to_have_text("Mia Mentor, 1 claimed")


def test_the_button_of_a_renewed_row_makes_its_move(streamed, ada, mia, make_ticket):
    ticket = make_ticket(ada)
    page = streamed(LIST)
    ticket.claim(by=mia)
    tell(page)
    expect(row_of(page, ticket)).to_contain_text("CLAIMED")

    page.get_by_role("button", name=f"Close #{ticket.pk}").click()

    expect(page.get_by_text(f"#{ticket.pk} My build loops: closed.")).to_be_visible()
    assert Ticket.objects.get().status == "CLOSED"


def test_the_focus_stays_on_the_same_button_and_on_no_other(streamed, ada, mia, make_ticket):
    first, second = make_ticket(ada), make_ticket(ada)
    page = streamed(LIST)
    focus = "document.activeElement.ariaLabel"
    page.get_by_role("button", name=f"Claim #{second.pk}").focus()

    first.claim(by=mia)
    tell(page)
    expect(row_of(page, first)).to_contain_text("CLAIMED")
    stayed = page.evaluate(focus)
    second.claim(by=mia)
    tell(page)
    expect(row_of(page, second)).to_contain_text("CLAIMED")

    assert (stayed, page.evaluate(focus)) == (f"Claim #{second.pk}", None)


def test_no_row_moves_under_a_pointer_that_is_about_to_click(streamed, ada, mia, make_ticket):
    first, second = make_ticket(ada), make_ticket(ada)
    page = streamed(LIST)
    page.get_by_role("button", name=f"Claim #{first.pk}").hover()
    page.mouse.down()

    first.claim(by=mia)
    tell(page)
    page.wait_for_function("fetches.all === 2 && fetches.now === 0")

    assert "OPEN" in row_of(page, first).inner_text()
    expect(row_of(page, first)).to_contain_text("CLAIMED")
    expect(row_of(page, second)).to_contain_text("OPEN")


def test_an_empty_list_fills_and_empties(streamed, ada, make_ticket):
    page = streamed(LIST)
    expect(page.get_by_text("Nobody waits")).to_be_visible()

    ticket = make_ticket(ada)
    tell(page)
    expect(row_of(page, ticket)).to_be_visible()
    ticket.cancel(by=ada)
    tell(page)

    expect(page.get_by_text("Nobody waits")).to_be_visible()
    expect(page.locator(".action-counter")).to_have_text("0 of 0 selected")


def test_nothing_renews_while_a_form_is_submitted(streamed, ada, mia, make_ticket):
    ticket = make_ticket(ada)
    page = streamed(LIST)
    page.evaluate("dispatchEvent(new SubmitEvent('submit', { submitter: document.querySelector('[name=_move]') }))")

    ticket.claim(by=mia)
    tell(page)
    page.wait_for_function("fetches.all === 2 && fetches.now === 0")

    expect(row_of(page, ticket)).to_contain_text("OPEN")


@pytest.mark.parametrize("event", ["tickets", "queue"])
def test_the_first_page_renews(streamed, ada, make_ticket, event):
    page = streamed("/admin/")
    expect(page.get_by_text("Nobody is waiting")).to_be_visible()

    make_ticket(ada)
    tell(page, event)

    expect(page.get_by_role("link", name="My build loops")).to_be_visible()


@pytest.mark.parametrize("path", ["/admin/", LIST])
def test_the_desk_says_since_when_it_has_lost_the_server_and_that_it_is_back(streamed, ada, make_ticket, path):
    page = streamed(path)
    page.route(f"**{path}", lambda route: route.fulfill(status=200, content_type="text/html", body="captive portal"))

    tell(page)
    expect(page.get_by_role("status").filter(has_text=LOST)).to_be_visible()
    page.unroute(f"**{path}")
    make_ticket(ada)
    tell(page)

    expect(page.get_by_role("link", name="My build loops")).to_be_visible()
    expect(page.get_by_text("Connection lost")).to_have_count(0)


@pytest.mark.parametrize("path", ["/admin/", LIST])
def test_when_the_session_has_ended_an_event_leads_to_the_door(streamed, path):
    page = streamed(path)
    page.context.clear_cookies()

    tell(page)

    page.get_by_role("button", name="Log in").wait_for()


def test_the_board_renews_on_an_event(streamed_board, ada, make_ticket):
    expect(streamed_board.locator(".main strong")).to_have_text("0")

    make_ticket(ada)
    QUEUE.clear()  # its figures are good for a second, so the stream waits as long
    tell(streamed_board, "queue")

    expect(streamed_board.locator(".main strong")).to_have_text("1")


def test_two_events_during_a_fetch_lead_to_one_more(streamed_board):
    held = []
    streamed_board.route("**/board/", lambda route: route.continue_() if held else held.append(route))
    for _ in range(3):
        tell(streamed_board, "queue")
    streamed_board.wait_for_function("fetches.now === 1")
    held[0].continue_()

    streamed_board.wait_for_function("fetches.all === 3 && fetches.now === 0")
    streamed_board.wait_for_timeout(500)  # in which a fourth one would come
    assert streamed_board.evaluate("fetches") == {"all": 3, "now": 0, "most": 1}


def test_a_hidden_page_rests_and_renews_once_it_is_shown(streamed, ada, make_ticket):
    page = streamed(LIST)
    show = """hidden => {
        Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
    }"""
    page.evaluate(show, True)
    ticket = make_ticket(ada)
    page.wait_for_timeout(500)
    assert page.evaluate("fetches.all") == 1

    page.evaluate(show, False)

    expect(row_of(page, ticket)).to_be_visible()
    assert page.evaluate("streams.length") == 2


def test_a_list_without_a_stream_polls(sign_in, ada, make_ticket):
    page = sign_in("olga")
    page.clock.install()
    with page.expect_response(lambda response: response.url.endswith(LIST) and response.request.resource_type == "fetch"):
        page.goto(LIST)
    ticket = make_ticket(ada)

    page.clock.fast_forward("00:16")

    expect(row_of(page, ticket)).to_be_visible()


def test_a_stream_that_was_refused_is_tried_again_in_a_minute(sign_in):
    page = sign_in("olga")
    page.clock.install()
    with page.expect_response("**/api/live/"):
        page.goto(LIST)
    page.wait_for_load_state("networkidle")

    with page.expect_response("**/api/live/") as again:
        page.clock.fast_forward("01:01")

    assert again.value.status == 404
