"""Files to import, as tests write them, and everything of which an import or an export is made."""

import csv
import io

import orjson

from mentorq_backend.exchange.exports import lines
from mentorq_backend.models import Feedback, Ticket, TicketEvent

CREATED = "2026-02-14T12:00:00Z"
ROW = {
    "owner_email": "ada@example.edu",
    "title": "My build loops",
    "location": "Table 12",
    "status": "OPEN",
    "created": CREATED,
}
CLOSED = {**ROW, "status": "CLOSED", "closed_datetime": "2026-02-14T12:30:00Z"}
MENTORED = {
    **CLOSED,
    "mentor_email": "mia@example.edu",
    "mentor": "Mia Mentor",
    "claimed_datetime": "2026-02-14T12:10:00Z",
}


def jsonl(*rows):
    """Return a file of these objects."""
    return b"".join(orjson.dumps(row) + b"\n" for row in rows)


def table(header, *rows, end="\r\n"):
    """Return a CSV file of these cells."""
    text = io.StringIO()
    csv.writer(text, lineterminator=end).writerows([header, *rows])
    return text.getvalue().encode()


def exported(format="jsonl", **options):  # noqa: A002 - as in exports
    """Return the file of all tickets, by default with all there is to each."""
    return "".join(lines(Ticket.objects.all(), format, **{"history": True, "feedback": True, **options})).encode()


def empty():
    """Delete all tickets."""
    for model in (Feedback, TicketEvent, Ticket):
        model.objects.all().delete()
