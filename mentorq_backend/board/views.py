"""`/board/`: the queue on the big screen. It shows counts and numbers of tickets, and no people."""

import math
from functools import lru_cache

import segno
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_safe

from mentorq_backend.models import Ticket
from mentorq_backend.templatetags.desk import hours_and_minutes
from mentorq_backend.waits.queue import QUEUE, Queue

NEXT = 8  # tickets whose numbers are shown
THEMES = ("dark", "light")


@require_safe
def board(request: HttpRequest) -> HttpResponse:
    queue = QUEUE.get()
    theme = request.GET.get("theme", "")
    with timezone.override(settings.DESK_TIME_ZONE):
        context = {
            "theme": theme if theme in THEMES else THEMES[0],
            "event": queue.event,
            "state": state_of(queue),
            "closed": "" if queue.is_open else queue.events.why_closed(queue.at),
            "queue": queue.figures,
            "wait": wait_of(queue),
            "next": list(Ticket.objects.waiting().values_list("pk", flat=True)[:NEXT]),
            "qr_code": qr_code(settings.FRONTEND_URL) if settings.FRONTEND_URL else "",
            "now": timezone.now(),
        }
        return render(request, "mentorq_backend/board.html", context)


def state_of(queue: Queue) -> str:
    """Return open, paused or closed."""
    if queue.is_open:
        return "open"
    return "paused" if queue.event and queue.event.phase(queue.at) == "paused" else "closed"


def wait_of(queue: Queue) -> dict[str, str]:
    """Return the forecast for a newcomer in words, empty if there is none."""
    wait = queue.figures["wait"]
    return {"median": minutes(wait["median_seconds"]), "p90": minutes(wait["p90_seconds"])} if wait else {}


def minutes(seconds: int) -> str:
    """Return `4 min` or `2 h 5 min`, rounded up."""
    return hours_and_minutes(max(math.ceil(seconds / 60), 1) * 60)


@lru_cache(maxsize=1)
def qr_code(url: str) -> SafeString:
    return mark_safe(segno.make(url, error="m").svg_inline(omitsize=True, border=3, dark="#000", light="#fff"))  # noqa: S308 - drawn by segno
