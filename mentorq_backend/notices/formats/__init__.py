"""What receivers understand: one module for each kind of webhook, with a function `request(notice)`."""

from collections.abc import Callable

from mentorq_backend.notices.formats import discord, slack, standard
from mentorq_backend.notices.models import Kind, Notice

Request = tuple[str, dict[str, str]]

FORMATS: dict[str, Callable[[Notice], Request]] = {
    Kind.STANDARD: standard.request,
    Kind.SLACK: slack.request,
    Kind.DISCORD: discord.request,
}
HEADERS = {"Content-Type": "application/json", "User-Agent": "MentorQ", "Accept-Encoding": "identity"}


def render(notice: Notice) -> tuple[bytes, dict[str, str]]:
    """Return body and headers; raises Unreadable if no key opens the webhook's secret."""
    body, headers = FORMATS[notice.webhook.kind](notice)
    return body.encode(), {**HEADERS, **headers}
