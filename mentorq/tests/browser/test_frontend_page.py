"""docs/frontend.html in a real browser, from an origin of its own, with the live stream and LCS's stand-in."""

import re
import signal
import threading
from datetime import timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from mentorq.tests.servers import BASE_DIR
from mentorq_backend.models import Event, Ticket
from mentorq_backend.tests.live.process import LiveProcess

IN_TIME = 3000  # milliseconds; without the stream the page looks every 30 seconds


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("mypage")


@pytest.fixture(scope="module")
def origin(folder):
    """Serves the folder as `python3 -m http.server` does."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=folder)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def live(django_db_setup, django_db_blocker, origin):
    with django_db_blocker.unblock():
        process = LiveProcess(CORS_ALLOWED_ORIGINS=origin)
    yield process
    process.end(signal.SIGTERM)


@pytest.fixture
def site(live_server, live, lcs, committed, settings, origin, folder):
    """The URL of the page, with the addresses of this test. MentorQ allows its origin."""
    settings.CORS_ALLOWED_ORIGINS = [origin]
    page = (BASE_DIR / "docs/frontend.html").read_text()
    for documented, real in {
        "http://127.0.0.1:8000/api": f"{live_server.url}/api",
        "http://127.0.0.1:8002/api/live/": f"http://127.0.0.1:{live.port}/api/live/",
        "http://127.0.0.1:8001/dev": lcs.url,
    }.items():
        assert page.count(documented) == 1
        page = page.replace(documented, real)
    (folder / "index.html").write_text(page)
    return origin


@pytest.fixture
def open_tab(chromium, site):
    """A new tab with the page; at the end no script may have failed in one."""
    contexts, wrong = [], []

    def new(path="/"):
        contexts.append(chromium.new_context())
        tab = contexts[-1].new_page()
        tab.on("pageerror", lambda error: wrong.append(str(error)))
        tab.goto(f"{site}{path}")
        return tab

    yield new
    for context in contexts:
        context.close()
    assert wrong == []


@pytest.fixture
def sign_in(open_tab):
    """A tab in which that person has signed in; its stream is open."""

    def do(name, password="hackru"):
        tab = open_tab()
        tab.get_by_label("E-mail").fill(f"{name}@example.edu")
        tab.get_by_label("Password").fill(password)
        tab.get_by_role("button", name="Sign in").click()
        return tab

    return do


@pytest.fixture
def signed_in(sign_in):
    def do(name):
        tab = sign_in(name)
        expect(tab.locator("#queue")).to_contain_text("waiting.")
        return tab

    return do


def button(tab, name):
    return tab.get_by_role("button", name=name, exact=True)


def test_from_sign_in_to_stars_and_each_sees_the_others_moves_in_time(signed_in):
    ada, mia = signed_in("ada"), signed_in("mia")
    expect(ada.locator("#who")).to_have_text("Ada Lovelace")

    ada.get_by_label("Title").fill("My build <b>loops</b>")
    ada.get_by_label("Location").fill("Table 12")
    button(ada, "Open a ticket").click()
    expect(mia.locator("li")).to_contain_text("My build <b>loops</b>, Table 12: OPEN", timeout=IN_TIME)
    button(mia, "Claim").click()
    expect(ada.locator("li")).to_contain_text("CLAIMED Mia Mentor", timeout=IN_TIME)
    button(mia, "Close").click()
    expect(ada.locator("li")).to_contain_text("CLOSED Mia Mentor", timeout=IN_TIME)
    button(ada, "4 ★").click()
    expect(button(ada, "4 ★")).to_have_count(0)

    ticket = Ticket.objects.get()
    assert (ticket.status, ticket.mentor_email, ticket.feedback.rating) == ("CLOSED", "mia@example.edu", 4)


def test_the_stream_is_opened_again_after_a_restart(signed_in, live, ada, make_ticket):
    tab = signed_in("ada")
    with tab.expect_response(lambda response: response.url.endswith("/api/live/") and response.ok):
        live.end(signal.SIGKILL)
        live.start()

    ticket = make_ticket(ada)

    expect(tab.locator("li")).to_contain_text(f"#{ticket.pk}", timeout=IN_TIME)


def test_a_look_that_fails_leaves_no_stream_open(signed_in, site, ada, make_ticket):
    tab, streams = signed_in("ada"), []
    tab.wait_for_function("pause !== 5000")  # the stream has said how long to wait
    tab.on("request", lambda request: request.url.endswith("/api/live/") and streams.append(request))
    for end in ("requestfailed", "requestfinished"):
        tab.on(end, lambda request: request in streams and streams.remove(request))
    tab.route(
        "**/api/queue/", lambda route: route.fulfill(status=503, headers={"Access-Control-Allow-Origin": site}, body="<p>")
    )

    tab.evaluate("pause = 100")
    ticket = make_ticket(ada)
    for _ in range(5):
        tab.wait_for_event("request", lambda request: request.url.endswith("/api/live/"))
    tab.unroute("**/api/queue/")
    expect(tab.locator("#queue")).to_contain_text(f"Your #{ticket.pk}")

    assert len(streams) == 1


@pytest.fixture
def no_stream(live):
    live.end(signal.SIGTERM)
    yield
    live.start()


def test_without_a_stream_the_list_comes_at_once(no_stream, signed_in, ada, make_ticket):
    ticket = make_ticket(ada)

    tab = signed_in("ada")

    expect(tab.locator("li")).to_contain_text(f"#{ticket.pk}", timeout=IN_TIME)


def test_the_queue_line_says_the_own_place(signed_in, ada, make_ticket):
    tab = signed_in("ada")

    ticket = make_ticket(ada)

    expect(tab.locator("#queue")).to_contain_text(f"1 waiting. Your #{ticket.pk} is number 1.", timeout=IN_TIME)


def test_a_closed_queue_says_when_it_opens(signed_in):
    Event.objects.create(name="HackRU", opens=timezone.now() + timedelta(hours=1))

    tab = signed_in("ada")

    expect(tab.locator("#queue")).to_contain_text(re.compile(r"The queue is closed\. It opens on \S+.*:\d\d"))


def test_whoever_types_capitals_may_cancel_their_ticket(sign_in, ada, make_ticket):
    make_ticket(ada)

    tab = sign_in("Ada")

    expect(button(tab, "Cancel")).to_be_visible()


def test_a_page_of_a_proxy_is_told_in_words(signed_in, site):
    tab = signed_in("ada")
    tab.route(
        "**/api/tickets/",
        lambda route: route.fulfill(status=502, headers={"Access-Control-Allow-Origin": site}, body="<p>"),
    )

    tab.get_by_label("Title").fill("My build loops")
    tab.get_by_label("Location").fill("Table 12")
    button(tab, "Open a ticket").click()

    expect(tab.get_by_role("alert")).to_have_text("The server answers 502.")


def test_a_wrong_password_is_said(sign_in):
    tab = sign_in("ada", password="wrong")

    expect(tab.get_by_role("alert")).to_have_text("Wrong Password")
    expect(tab.locator("#desk")).to_be_hidden()


def test_a_claim_that_comes_too_late_is_said(signed_in, ada, max_, make_ticket):
    ticket = make_ticket(ada)
    tab = signed_in("mia")
    expect(button(tab, "Claim")).to_be_visible()
    tab.evaluate("window.showTickets = () => {}")  # as if the other one had been faster than the event

    ticket.claim(by=max_)
    button(tab, "Claim").click()

    expect(tab.get_by_role("alert")).to_have_text("Max Mentor has claimed it already.")


def test_a_site_that_has_an_lcs_token_needs_no_password(open_tab, lcs):
    tab = open_tab()

    tab.evaluate("token => signInWith('hana@example.edu', token).then(begin)", lcs.sign_in("hana@example.edu"))

    expect(tab.locator("#who")).to_have_text("花 山田")


def test_an_expired_access_token_is_refreshed(signed_in, ada, make_ticket):
    tab = signed_in("ada")
    ticket = make_ticket(ada)

    tab.evaluate("keep({ access: 'x.e30.x' })")
    tab.reload()

    expect(tab.locator("li")).to_contain_text(f"#{ticket.pk}")
    expect(tab.locator("#door")).to_be_hidden()


def test_a_token_that_the_console_has_made_bad_is_refreshed(signed_in):
    tab = signed_in("ada")

    tab.evaluate("keep({ access: 'x' })")

    assert tab.evaluate("api('GET', '/tickets/').then(response => response.status)") == 200


def test_a_dead_refresh_token_leads_to_the_door(signed_in):
    tab = signed_in("ada")

    # Not its promise: the page reloads before that settles.
    tab.evaluate("keep({ access: 'x', refresh: 'x' }); void lookAgain().catch(() => {})")

    expect(tab.locator("#door")).to_be_visible()


def test_who_signs_out_cannot_refresh(signed_in, live_server):
    tab = signed_in("ada")
    tokens = tab.evaluate("tokens")

    with tab.expect_navigation():
        button(tab, "Sign out").click()

    expect(tab.locator("#door")).to_be_visible()
    response = tab.request.post(f"{live_server.url}/api/auth/refresh/", data={"refresh": tokens["refresh"]})
    assert response.status == 401


def test_a_list_that_has_not_changed_is_a_304_and_is_not_shown_again(signed_in):
    tab = signed_in("mia")
    tab.evaluate("look('/tickets/', () => {})")

    with tab.expect_response("**/api/tickets/") as again:
        tab.evaluate("window.shown = 0; look('/tickets/', () => shown++)")

    assert (again.value.status, tab.evaluate("shown")) == (304, 0)


def test_a_page_of_another_origin_reads_nothing(signed_in, settings):
    tab = signed_in("ada")

    settings.CORS_ALLOWED_ORIGINS = ["http://localhost:3000"]
    failed = tab.evaluate("api('GET', '/feedback/').catch(error => error.message)")

    assert failed == "Failed to fetch"
