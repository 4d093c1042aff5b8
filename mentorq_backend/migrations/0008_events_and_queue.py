"""Events, and for each ticket how many were open when it entered the queue, and when it left."""

from collections import defaultdict
from typing import Any

from django.db import migrations, models
from django.db.models import Case, F, When

import mentorq.db.fields
import mentorq_backend.live.revisions
from mentorq_backend.waits.positions import PastQueue

ROWS_AT_ONCE = 500


def fill_in(apps: Any, schema_editor: Any) -> None:
    """Derive both from the instants. A ticket that was cancelled unclaimed left the queue with its last move."""
    tickets = apps.get_model("mentorq_backend", "Ticket").objects
    end = Case(
        When(claimed_datetime__isnull=False, then=F("claimed_datetime")),
        When(closed_datetime__isnull=False, then=F("closed_datetime")),
        default=F("moved"),
    )
    tickets.exclude(status="OPEN").update(left_queue=end)
    waited = tickets.filter(recorded=False)
    queue = PastQueue(waited.values_list("queued", "left_queue").iterator())
    for ahead, ids in by_length(queue, waited.values_list("pk", "queued").iterator()).items():
        for start in range(0, len(ids), ROWS_AT_ONCE):
            tickets.filter(pk__in=ids[start : start + ROWS_AT_ONCE]).update(ahead=ahead)


def by_length(queue: PastQueue, tickets: Any) -> dict[int, list[int]]:
    """Return the ids of the tickets by the number of tickets that were open before them."""
    ids = defaultdict(list)
    for pk, queued in tickets:
        ids[queue.open_before(queued)].append(pk)
    ids.pop(0, None)  # the default
    return ids


class Migration(migrations.Migration):
    dependencies = [
        ("mentorq_backend", "0007_queue_entry"),
    ]

    operations = [
        migrations.CreateModel(
            name="Event",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=200, unique=True)),
                (
                    "opens",
                    models.DateTimeField(error_messages={"unique": "Another event opens at this instant."}, unique=True),
                ),
                ("closes", models.DateTimeField(blank=True, help_text="Empty: until the next event opens.", null=True)),
                (
                    "message",
                    models.CharField(blank=True, help_text="To everybody, on the board and in the app.", max_length=2000),
                ),
                ("paused", models.BooleanField(default=False, help_text="Nobody but organizers opens tickets meanwhile.")),
                (
                    "expire_after",
                    mentorq.db.fields.MinutesField(
                        blank=True, help_text="Minutes.", null=True, verbose_name="open tickets expire after"
                    ),
                ),
                (
                    "return_claims_after",
                    mentorq.db.fields.MinutesField(
                        blank=True, help_text="Minutes.", null=True, verbose_name="claims return to the queue after"
                    ),
                ),
                (
                    "cancel_after",
                    mentorq.db.fields.MinutesField(
                        blank=True,
                        help_text="Minutes after the closing.",
                        null=True,
                        verbose_name="open tickets are cancelled",
                    ),
                ),
                ("version", models.BigIntegerField(default=mentorq_backend.live.revisions.step, editable=False)),
            ],
            options={
                "ordering": ["opens"],
            },
        ),
        migrations.AddField(
            model_name="ticket",
            name="ahead",
            field=models.PositiveIntegerField(
                db_default=0, default=0, editable=False, help_text="How many were open then."
            ),
        ),
        migrations.AddField(
            model_name="ticket",
            name="left_queue",
            field=models.DateTimeField(
                editable=False, help_text="The claim that holds, or the end without one.", null=True
            ),
        ),
        migrations.AlterField(
            model_name="ticket",
            name="moved",
            field=models.DateTimeField(editable=False, help_text="Its last move. No move is earlier than the one before."),
        ),
        migrations.AddIndex(
            model_name="ticket",
            index=models.Index(fields=["queued", "id"], name="ticket_queue_entry"),
        ),
        migrations.RunPython(fill_in, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name="event",
            constraint=models.CheckConstraint(
                condition=models.Q(("closes", None), ("closes__gt", models.F("opens")), _connector="OR"),
                name="event_closes_after_it_opens",
            ),
        ),
    ]
