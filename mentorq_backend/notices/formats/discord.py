"""Discord's webhooks, with an embed (https://docs.discord.com/developers/resources/webhook#execute-webhook)."""

import json
import re
from typing import Any

from mentorq_backend.notices.formats.message import Message, fitting, link
from mentorq_backend.notices.models import Notice

# Discord's limits are 256, 4,096 and 1,024, and 6,000 for all of them together.
HEADING, TEXT, FACT = 256, 2400, 1000
MARKDOWN = re.compile(r"[\\*_~`|<>\[\]()#@:-]")


def request(notice: Notice) -> tuple[str, dict[str, str]]:
    return json.dumps(content(Message.of(notice)), ensure_ascii=False), {}


def content(message: Message) -> dict[str, Any]:
    embed: dict[str, Any] = {
        "title": fitting(message.heading, HEADING, str),
        "description": fitting(message.text, TEXT, escaped),
        "fields": [
            {"name": name, "value": fitting(fact, FACT, escaped), "inline": True} for name, fact in message.facts.items()
        ],
    }
    if link():
        embed["url"] = link()
    return {"embeds": [embed], "allowed_mentions": {"parse": []}}


def escaped(text: str) -> str:
    """Escape what Markdown and mentions are written with."""
    return MARKDOWN.sub(r"\\\g<0>", text)
