"""`make screenshots`: the pictures in docs/screenshots, of the demo queue."""

import pytest
from django.core.management import call_command

from mentorq.settings import BASE_DIR
from mentorq_backend.models import Event, Ticket

LIST = "/admin/mentorq_backend/ticket/"
FOLDER = BASE_DIR / "docs" / "screenshots"


@pytest.fixture
def demo(settings, committed):
    """The demo queue."""
    settings.DEBUG = True
    settings.FRONTEND_URL = "https://hackru.example/live"
    call_command("demo", verbosity=0)


@pytest.mark.parametrize(
    ("name", "path", "how"),
    [
        ("desk", "/admin/", {}),
        ("desk-dark", "/admin/", {"dark": True}),
        ("desk-phone", "/admin/", {"width": 390, "height": 844}),
        ("queue", LIST, {}),
        ("queue-phone", LIST, {"width": 390, "height": 844}),
        ("ticket", LIST + "{pk}/change/", {}),
        ("people", "/admin/mentorq_users/user/", {}),
        ("events", "/admin/mentorq_backend/event/", {}),
        ("event", "/admin/mentorq_backend/event/{event}/change/", {}),
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
