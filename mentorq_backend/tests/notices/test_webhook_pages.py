"""The webhooks' pages at the desk: for directors alone."""

import re
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.utils import timezone

from mentorq_backend.models import Notice, Webhook
from mentorq_backend.notices.delivery import deliver
from mentorq_backend.tests.notices.receiver import answers

LIST, NOTICES = "/admin/mentorq_backend/webhook/", "/admin/mentorq_backend/notice/"
URL = "https://hooks.slack.example/services/T0/B0/only-here-X"
FORM = {
    "name": "Mentors", "kind": "slack", "url": URL, "tells": ["opened", "waiting"], "words": "swift, xcode",
    "minutes": "10", "is_on": "on",
}  # fmt: skip


@pytest.fixture
def desk(client, dan):
    """A browser at the desk, signed in as a director."""
    client.force_login(dan, backend="mentorq_users.backends.LCSBackend")
    return client


def text_of(response):
    return response.content.decode()


def messages(response):
    return [str(message) for message in response.context["messages"]]


def test_a_director_enters_a_webhook(desk):
    response = desk.post(f"{LIST}add/", FORM, follow=True)

    webhook = Webhook.objects.get()
    assert (webhook.name, webhook.kind, webhook.url, webhook.tells) == ("Mentors", "slack", URL, ["opened", "waiting"])
    assert (webhook.words, webhook.minutes, webhook.is_on) == ("swift, xcode", 10, True)
    assert response.redirect_chain[-1][0] == LIST


def test_a_secret_is_shown_once_and_is_in_no_page_cookie_or_log_after(desk, logged):
    response = desk.post(f"{LIST}add/", {**FORM, "kind": "standard"})
    webhook = Webhook.objects.get()

    assert response.status_code == 200
    assert webhook.secret in text_of(response)
    assert "no-store" in response.headers["Cache-Control"]
    paths = [LIST, f"{LIST}{webhook.pk}/change/", f"{LIST}{webhook.pk}/history/", NOTICES, "/admin/"]
    pages = [text_of(desk.get(path)) for path in paths]
    kept = [*pages, *map(str, desk.cookies.values()), *logged, *LogEntry.objects.values_list("change_message", flat=True)]
    assert [text for text in kept if webhook.secret in text or "only-here" in text or "T0/B0" in text] == []


def test_a_page_shows_the_host_of_the_url_alone(desk, make_webhook):
    webhook = make_webhook(URL)

    page = text_of(desk.get(f"{LIST}{webhook.pk}/change/"))

    assert "It goes to hooks.slack.example." in page
    assert "only-here" not in page


def test_an_empty_url_keeps_it_and_the_secret_stays(desk, make_webhook):
    webhook = make_webhook(URL)

    response = desk.post(f"{LIST}{webhook.pk}/change/", {**FORM, "kind": "standard", "url": "", "words": "rust"})

    changed = Webhook.objects.get()
    assert response.status_code == 302
    assert (changed.url, changed.secret, changed.words) == (URL, webhook.secret, "rust")


@pytest.mark.parametrize(
    ("changes", "field", "text"),
    [
        ({"url": ""}, "url", "A new webhook needs its URL."),
        ({"url": "http://a.example/"}, "url", "Give the whole URL, such as https://hooks.slack.com/services/…"),
        ({"url": "https://a:b@a.example/"}, "url", "Leave out the user name and the password: a webhook needs none."),
        ({"tells": []}, "tells",
         "Choose from opened, first, claimed, released, closed, cancelled, reopened, rated, waiting, message."),
        ({"minutes": ""}, "minutes", "Say after how many minutes in the queue a ticket counts as waiting."),
        ({"name": " "}, "name", "This field is required."),
    ],
)  # fmt: skip
def test_an_error_stands_at_its_field_and_nothing_is_saved(changes, field, text, desk, settings):
    settings.NOTICES_TO_PRIVATE_ADDRESSES = False

    response = desk.post(f"{LIST}add/", {**FORM, **changes})

    assert response.context["adminform"].form.errors == {field: [text]}
    assert Webhook.objects.count() == 0


def test_a_url_is_not_shown_again_if_the_form_has_an_error(desk):
    page = text_of(desk.post(f"{LIST}add/", {**FORM, "minutes": ""}))

    assert "Say after how many minutes" in page
    assert "only-here" not in page


def test_a_form_does_not_switch_a_webhook(desk, make_webhook):
    webhook = make_webhook(URL)
    assert 'name="is_on"' not in text_of(desk.get(f"{LIST}{webhook.pk}/change/"))
    webhook.switch(on=False, why="gone")

    desk.post(f"{LIST}{webhook.pk}/change/", {**FORM, "url": "", "words": "rust"})

    changed = Webhook.objects.get()
    assert (changed.words, changed.is_on, changed.why_off) == ("rust", False, "gone")


def test_saving_a_form_keeps_what_deliveries_recorded_meanwhile(desk, make_webhook):
    webhook = make_webhook(URL)
    stale = Webhook.objects.get()
    Webhook.objects.update(given_up=3, last_status=500, lease=7, is_on=False, why_off="gone")

    stale.save()
    desk.post(f"{LIST}{webhook.pk}/change/", {**FORM, "url": ""})

    changed = Webhook.objects.get()
    assert (changed.given_up, changed.last_status, changed.lease) == (3, 500, 7)
    assert (changed.is_on, changed.why_off) == (False, "gone")


@pytest.mark.parametrize("path", [LIST, "{pk}/change/"])
def test_buttons_switch_and_test_a_webhook(path, desk, make_webhook):
    webhook = make_webhook(URL)
    address = path if path == LIST else LIST + path.format(pk=webhook.pk)

    said = []
    for name in ("off", "on", "test"):
        said += messages(desk.post(address, {"_click": f"{name}|{webhook.pk}|"}, follow=True))[:1]

    assert said == ["Mentors is off.", "Mentors is on.", "Mentors gets a test with the next round of upkeep."]
    assert [notice.happening for notice in Notice.objects.all()] == ["test"]
    assert Webhook.objects.get().is_on


@pytest.mark.parametrize("value", ["", "x|1|", "off|0|", "off|x|", "off|99999999999999999999|", "off"])
def test_what_no_button_sends_is_400(value, desk):
    assert desk.post(LIST, {"_click": value}).status_code == 400


@pytest.mark.parametrize(
    ("columns", "state"),
    [
        ({}, "on"),
        ({"last_status": 204, "last_attempt": timezone.now()}, "on"),
        ({"last_status": 500, "last_attempt": timezone.now()}, "failing"),
        ({"is_on": False}, "off"),
        ({"is_on": False, "why_off": "The receiver answered 410: it is gone for good."}, "switched off"),
    ],
)
def test_a_webhook_shows_its_state_and_why(columns, state, desk, make_webhook):
    webhook = make_webhook(URL)
    Webhook.objects.filter(pk=webhook.pk).update(**columns)

    page = text_of(desk.get(f"{LIST}{webhook.pk}/change/"))

    assert f"Mentors is {state}." in page
    assert columns.get("why_off", "") in page
    assert re.search(rf">\s*{state}\s*<", text_of(desk.get(LIST)))


def test_the_first_page_says_what_was_switched_off(desk, make_webhook):
    make_webhook(URL).switch(on=False, why="50 notices in a row could not be delivered.")

    assert "Webhook Mentors is off. 50 notices in a row could not be delivered." in text_of(desk.get("/admin/"))


def test_a_delivery_is_shown_with_its_response_and_sent_again(desk, make_webhook, receiver, ada, make_ticket):
    webhook = make_webhook(receiver.url, tells=["opened"])
    make_ticket(ada)
    Notice.objects.update(attempts=6)
    receiver.fault = answers(500, b"out of order")
    deliver(webhook)

    page = text_of(desk.get(f"{NOTICES}?state=given up"))
    assert "500 out of order" in page
    assert "500 out of order" not in text_of(desk.get(f"{NOTICES}?state=delivered"))

    notice = Notice.objects.get()
    response = desk.post(NOTICES, {"action": "send_again", "_selected_action": [notice.pk]}, follow=True)
    receiver.fault = answers(200)
    deliver(webhook)

    assert messages(response) == ["To be sent again: 1."]
    assert (Notice.objects.get().state, len(receiver.received)) == ("delivered", 2)


def test_a_notice_in_its_retries_says_when_it_is_tried_next(desk, make_webhook, ada, make_ticket):
    make_webhook(URL, tells=["opened"])
    make_ticket(ada)
    Notice.objects.update(attempts=2, next_attempt=timezone.now() + timedelta(seconds=100))

    assert re.search(r"2, the next in (99|100) s", text_of(desk.get(NOTICES)))


def test_a_webhook_is_deleted_with_its_notices(desk, make_webhook, ada, make_ticket):
    webhook = make_webhook(URL)
    make_ticket(ada)

    desk.post(f"{LIST}{webhook.pk}/delete/", {"post": "yes"})

    assert (Webhook.objects.count(), Notice.objects.count()) == (0, 0)


def test_chosen_webhooks_are_deleted_with_their_notices(desk, make_webhook, ada, make_ticket):
    webhooks = [make_webhook(URL, name=name) for name in ("b", "a", "kept")]
    make_ticket(ada)
    chosen = [webhook.pk for webhook in webhooks[:2]]

    desk.post(LIST, {"action": "delete_selected", "_selected_action": chosen, "post": "yes"})

    assert [(webhook.name, webhook.notices.count()) for webhook in Webhook.objects.all()] == [("kept", 1)]


@pytest.mark.parametrize("path", ["", "add/", "{pk}/change/", "{pk}/delete/", "{pk}/history/"])
def test_an_organizer_sees_no_webhook(path, client, olga, make_webhook):
    client.force_login(olga, backend="mentorq_users.backends.LCSBackend")
    path = LIST + path.format(pk=make_webhook(URL).pk)

    assert [client.get(path).status_code, client.post(path, FORM).status_code] == [403, 403]
    assert Webhook.objects.get().is_on


def test_an_organizer_sees_no_notice_and_no_link_to_them(client, olga, make_webhook, ada, make_ticket):
    webhook = make_webhook(URL)
    make_ticket(ada)
    client.force_login(olga, backend="mentorq_users.backends.LCSBackend")

    notice = Notice.objects.get()
    clicked = client.post(LIST, {"_click": f"off|{webhook.pk}|"})
    sent = client.post(NOTICES, {"action": "send_again", "_selected_action": [notice.pk]})

    assert [client.get(NOTICES).status_code, clicked.status_code, sent.status_code] == [403, 403, 403]
    assert Webhook.objects.get().is_on
    assert "Webhooks" not in text_of(client.get("/admin/"))
    assert "Mentors" not in text_of(client.get("/admin/search/?s=Mentors"))
