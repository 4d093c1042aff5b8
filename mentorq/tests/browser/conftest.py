"""A real Chromium on the desk, served by this process; LCS's stand-in knows who people are."""

import os

import pytest
from django.test import Client
from playwright.sync_api import expect, sync_playwright

expect.set_options(timeout=15_000)  # milliseconds
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")


@pytest.fixture(scope="session")
def chromium():
    """The browser, without a window."""
    # Playwright runs an event loop in this thread, which Django takes for a reason to refuse its database here.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium, live_server, lcs, committed):
    """A new page of the given size and theme; at the end nothing may have gone wrong in it or left this machine."""
    contexts, wrong = [], []
    stream = f"{live_server.url}/api/live/"  # a WSGI server, as this one, has none: pages poll

    def hear(message):
        if message.type in ("error", "warning") and not (message.location["url"] == stream and "404" in message.text):
            wrong.append(message.text)

    def see(response):
        if response.status >= 400 and (response.url, response.status) != (stream, 404):
            wrong.append(f"{response.status} {response.url}")

    def watch(page):
        page.on("console", hear)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on(
            "request",
            lambda request: request.url.startswith((live_server.url, "data:", "blob:")) or wrong.append(request.url),
        )
        page.on("response", see)
        return page

    def new(width=1280, height=900, dark=False):
        context = chromium.new_context(
            base_url=live_server.url,
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            has_touch=width < 500,
        )
        contexts.append(context)
        return watch(context.new_page())

    yield new
    for context in contexts:
        context.close()
    assert wrong == []


@pytest.fixture
def sign_in(open_page, live_server, person):
    """The desk's first page, as that person sees it: with a session, which is quicker than the form."""

    def do(name, **how):
        page, client = open_page(**how), Client()
        client.force_login(person(name), backend="mentorq_users.backends.LCSBackend")
        session = client.cookies["sessionid"].value
        page.context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
        page.goto("/admin/")
        return page

    return do


@pytest.fixture
def type_password(open_page):
    """The page after that person has typed their LCS password."""

    def do(name):
        page = open_page()
        page.goto("/admin/")
        page.get_by_label("Email").fill(f"{name}@example.edu")
        page.get_by_label("LCS password").fill("hackru")
        with page.expect_navigation():
            page.get_by_role("button", name="Log in").click()
        return page

    return do
