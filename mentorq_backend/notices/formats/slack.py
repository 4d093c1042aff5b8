"""Slack's incoming webhooks, with Block Kit (https://docs.slack.dev/reference/block-kit/blocks)."""

import json
from typing import Any

from mentorq_backend.notices.formats.message import Message, fitting, link
from mentorq_backend.notices.models import Notice

# The limits of Slack are 3,000 for a section's text and 2,000 for each of its fields.
TEXT, FIELD, FALLBACK = 3000, 2000, 300


def request(notice: Notice) -> tuple[str, dict[str, str]]:
    return json.dumps(content(Message.of(notice)), ensure_ascii=False), {}


def content(message: Message) -> dict[str, Any]:
    section = {"type": "section", "text": plain(message.text, TEXT)}
    fields = [plain(f"{name}: {fact}", FIELD) for name, fact in message.facts.items()]
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": plain(message.heading, 150)},
        {**section, "fields": fields} if fields else section,
    ]
    if link():
        opened = {"type": "mrkdwn", "text": f"<{escaped(link())}|Open the queue>"}
        blocks.append({"type": "context", "elements": [opened]})
    # Slack shows `text` where blocks do not fit, such as in notifications.
    return {"text": fitting(f"{message.heading}: {message.text}", FALLBACK, escaped), "blocks": blocks}


def plain(text: str, most: int) -> dict[str, Any]:
    """Return text without formatting. `emoji` would turn `:smile:` into an image."""
    return {"type": "plain_text", "text": fitting(text, most, escaped), "emoji": False}


def escaped(text: str) -> str:
    """Escape the three characters with which mentions and links are written: otherwise `<!channel>` pings everybody."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
