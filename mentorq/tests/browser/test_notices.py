"""The receiver in JavaScript that docs/notices.md shows, in a real browser; and the webhooks' pages."""

import re

import pytest
from playwright.sync_api import expect

from mentorq.settings import BASE_DIR
from mentorq_backend.models import Webhook
from mentorq_backend.notices.formats import render

SNIPPET = re.search(r"```js\n(.*?)```", (BASE_DIR / "docs/notices.md").read_text(), re.DOTALL)[1]
RECEIVE = f"""async ([secret, headers, body]) => {{
    {SNIPPET}
    try {{ return (await happened(secret, headers, body)).type }} catch (error) {{ return error.message }}
}}"""


@pytest.fixture
def signed(committed, ada, make_ticket):
    """Secret, headers and body of a notice."""
    webhook = Webhook(name="Programs", kind="standard", tells=["opened"])
    webhook.url = "https://receiver.example/hook"
    secret = webhook.make_secret()
    webhook.save()
    make_ticket(ada, title="Ünïcode 👩\u200d👧")
    body, headers = render(webhook.notices.get())
    return [secret, {name.lower(): value for name, value in headers.items()}, body.decode()]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda secret, headers, body: [secret, headers, body], "ticket.opened"),
        (lambda secret, headers, body: [secret, headers, f"{body} "], "not from MentorQ"),
        (lambda secret, headers, body: ["whsec_c2VjcmV0", headers, body], "not from MentorQ"),
        (lambda secret, headers, body: [secret, {**headers, "webhook-id": "other"}, body], "not from MentorQ"),
        (lambda secret, headers, body: [secret, {**headers, "webhook-timestamp": "1"}, body], "older than five minutes"),
    ],
)
def test_the_documented_receiver_in_javascript_knows_what_is_from_mentorq(change, said, signed, open_page):
    page = open_page()
    page.goto("/board/")

    assert page.evaluate(RECEIVE, change(*signed)) == said


def test_a_director_enters_a_webhook_reads_its_secret_once_and_tests_it(sign_in):
    page = sign_in("dan")
    page.goto("/admin/mentorq_backend/webhook/add/")
    page.get_by_label("Name").fill("Programs")
    page.get_by_label("Kind").select_option("standard")
    page.get_by_label("URL").fill("https://receiver.example/hook")
    page.get_by_label("opened", exact=True).check()
    page.get_by_role("button", name="Save", exact=True).click()

    expect(page.get_by_text("whsec_")).to_be_visible()
    page.get_by_role("link", name="I have it").click()
    expect(page.get_by_text("whsec_")).to_have_count(0)
    page.get_by_role("button", name="Test: Programs").click()
    expect(page.get_by_text("Programs gets a test with the next round of upkeep.")).to_be_visible()
    expect(page.get_by_text("1 pending, 0 given up")).to_be_visible()
