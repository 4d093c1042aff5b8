"""Standard Webhooks (https://www.standardwebhooks.com): signed JSON for programs."""

import json
from datetime import UTC, datetime
from math import floor
from typing import Any

import standardwebhooks

from mentorq_backend.columns import instant
from mentorq_backend.notices.models import TEST, Happening, Notice


def request(notice: Notice) -> tuple[str, dict[str, str]]:
    body = json.dumps(content(notice), ensure_ascii=False, separators=(",", ":"))
    name, now = f"msg_{notice.uuid.hex}", datetime.now(UTC)
    signature = standardwebhooks.Webhook(notice.webhook.secret).sign(name, now, body)
    stamp = str(floor(now.timestamp()))
    return body, {"webhook-id": name, "webhook-timestamp": stamp, "webhook-signature": signature}


def content(notice: Notice) -> dict[str, Any]:
    data = {key: notice.payload[key] for key in ("by", "ticket", "event") if key in notice.payload}
    return {"type": type_of(notice.happening), "timestamp": instant(notice.at), "data": data}


def type_of(happening: str) -> str:
    others = {Happening.MESSAGE.value: "event.message", TEST: "webhook.test"}
    return others.get(happening, f"ticket.{happening}")
