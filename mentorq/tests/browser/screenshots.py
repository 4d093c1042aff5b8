"""`make screenshots`: the pictures in docs/screenshots, of the demo queue."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from django.template import Context, Template
from django.utils import timezone

from mentorq.settings import BASE_DIR
from mentorq_backend.models import Event, Heartbeat, Notice, Ticket, Webhook
from mentorq_backend.notices import outbox
from mentorq_backend.notices.formats import render

LIST = "/admin/mentorq_backend/ticket/"
FOLDER = BASE_DIR / "docs" / "screenshots"


@pytest.fixture
def demo(settings, committed):
    """The demo queue."""
    settings.DEBUG = True
    settings.FRONTEND_URL = "https://hackru.example/live"
    call_command("demo", verbosity=0)
    add_webhooks()


def add_webhooks():
    """Webhooks in each state, with notices of the first one, while upkeep runs."""
    Heartbeat.objects.beat()
    now = timezone.now()
    states = {
        "Mentors": {"kind": "slack", "last_status": 200, "last_response": "ok"},
        "iOS mentors": {"kind": "slack", "words": "swift, xcode", "last_status": 429, "last_response": "rate_limited"},
        "Big screen": {"kind": "standard", "is_on": False},
        "Old channel": {"kind": "discord", "is_on": False, "why_off": "The receiver answered 410: it is gone for good."},
    }
    for name, columns in states.items():
        webhook = Webhook(name=name, tells=["opened", "waiting"], minutes=15, last_attempt=now, **columns)
        webhook.url = "https://hooks.slack.com/services/x"
        webhook.save()
    outbox.tell_waiting(Ticket.objects.all())
    Notice.objects.update(delivered=now, next_attempt=None, attempts=1, status=200, response="ok")
    last = Notice.objects.order_by("-pk")[:3].values_list("pk", flat=True)
    Notice.objects.filter(pk__in=[last[0]]).update(delivered=None, attempts=7, status=500, response="out of order")
    Notice.objects.filter(pk__in=[last[1]]).update(delivered=None, attempts=2, next_attempt=now + timedelta(seconds=100))


@pytest.mark.parametrize("kind", ["slack", "discord"])
def test_take_what_arrives(kind, demo, open_page):
    """Draws what MentorQ sends as Slack and Discord draw it."""
    notice = Notice.objects.filter(ticket__isnull=False).select_related("webhook").first()
    notice.webhook.kind = kind
    content = json.loads(render(notice)[0])
    page = open_page(width=640, height=400)

    page.set_content(arrived(kind, content))
    page.locator("main").screenshot(path=FOLDER / f"{kind}.png")

    assert (FOLDER / f"{kind}.png").stat().st_size > 5_000


def arrived(kind, content):
    template = Template((Path(__file__).parent / f"{kind}.html").read_text())
    return template.render(Context(content))


@pytest.mark.parametrize(
    ("name", "path", "how"),
    [
        ("desk", "/admin/", {}),
        ("desk-dark", "/admin/", {"dark": True}),
        ("desk-phone", "/admin/", {"width": 390, "height": 844}),
        ("queue", LIST, {}),
        ("queue-phone", LIST, {"width": 390, "height": 844}),
        ("queue-phone-dark", LIST, {"width": 390, "height": 844, "dark": True}),
        ("ticket", LIST + "{pk}/change/", {}),
        ("ticket-phone", LIST + "{pk}/change/", {"width": 390, "height": 844}),
        ("open", LIST + "add/", {}),
        ("people", "/admin/mentorq_users/user/", {}),
        ("events", "/admin/mentorq_backend/event/", {}),
        ("event", "/admin/mentorq_backend/event/{event}/change/", {}),
        ("webhooks", "/admin/mentorq_backend/webhook/", {}),
        ("notices", "/admin/mentorq_backend/notice/", {}),
        ("board", "/board/", {"width": 1920, "height": 1080}),
        ("board-light", "/board/?theme=light", {"width": 1920, "height": 1080}),
        ("board-phone", "/board/", {"width": 390, "height": 844}),
    ],
)
def test_take(name, path, how, demo, sign_in):
    page = sign_in("dan", **how)
    ticket = Ticket.objects.filter(status="CLOSED", feedback__isnull=False).last()

    page.goto(path.format(pk=ticket.pk, event=Event.objects.get().pk))
    page.wait_for_load_state("networkidle")

    page.screenshot(path=FOLDER / f"{name}.png", full_page=how.get("width", 1280) > 500)
    assert (FOLDER / f"{name}.png").stat().st_size > 10_000
