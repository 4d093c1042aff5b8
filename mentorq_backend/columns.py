"""The columns of a ticket that the API shows. To show another column of the model, add it here.

`querysets.py` reads them, `Representation` makes JSON of them, and ETags change with them. Files have a list of their own,
`exports.COLUMNS`.
"""

from datetime import datetime
from operator import itemgetter
from typing import Any

from rest_framework.reverse import reverse

from mentorq_users.models import User

KEYS = (
    "id", "url", "owner_email", "owner", "title", "comment", "contact", "location", "status", "mentor", "mentor_email",
    "active", "created", "created_datetime", "claimed_datetime", "closed_datetime", "feedback",
)  # fmt: skip
# The keys whose value comes from another column.
FEEDBACK = "feedback__pk"
MADE_OF = {"url": "id", "created_datetime": "created", "feedback": FEEDBACK}

INSTANT_KEYS = ("created", "created_datetime", "claimed_datetime", "closed_datetime")

# The columns to read, each once. FEEDBACK is None if the ticket has no feedback.
ROW = tuple(dict.fromkeys(MADE_OF.get(key, key) for key in KEYS))
# Picks the values of KEYS from a row.
values_of = itemgetter(*(ROW.index(MADE_OF.get(key, key)) for key in KEYS))

# What moves change, besides `moved`. Undo gives it back.
RESTORED = (
    "status", "mentor", "mentor_email", "queued", "ahead", "left_queue", "claimed_datetime", "closed_datetime",
    "time_to_claim", "time_to_close",
)  # fmt: skip


class Representation:
    """Renders rows of `TicketQuerySet.rows()` for a viewer, at a tenth of the cost of TicketSerializer's fields.

    Without a request the URLs are paths; without a viewer no feedback shows. A test compares the bytes of both.
    """

    def __init__(self, request: Any, viewer: User | None) -> None:
        self.viewer = viewer
        self.ticket_url = reverse("ticket-detail", args=[0], request=request).removesuffix("0/")
        self.feedback_url = reverse("feedback-detail", args=[0], request=request).removesuffix("0/")

    def __call__(self, row: tuple[Any, ...]) -> dict[str, Any]:
        ticket = dict(zip(KEYS, values_of(row), strict=True))
        ticket["url"] = f"{self.ticket_url}{ticket['id']}/"
        for key in INSTANT_KEYS:
            ticket[key] = instant(ticket[key])
        is_visible = ticket["feedback"] and self.viewer and self.viewer.sees_feedback_of(ticket["owner_email"])
        ticket["feedback"] = f"{self.feedback_url}{ticket['id']}/" if is_visible else ""
        return ticket


def instant(at: datetime | None) -> str | None:
    return f"{at.isoformat()[:-6]}Z" if at else None
