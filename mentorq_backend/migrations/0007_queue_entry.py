"""When a ticket entered the queue and when it last moved; waits and instants that a clock's step had bent are mended."""

from datetime import datetime, timedelta
from typing import Any

from django.db import migrations, models
from django.db.models import F, Max, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce, Greatest

import mentorq_backend.live.revisions

MICROSECOND = timedelta(microseconds=1)


def fill_in(apps: Any, schema_editor: Any) -> None:
    """Read both instants from the history, which has every move."""
    tickets, events = (apps.get_model("mentorq_backend", name).objects for name in ("Ticket", "TicketEvent"))
    of_ticket = events.filter(ticket=OuterRef("pk")).order_by().values("ticket")
    reopenings = of_ticket.filter(from_status__in=["CLOSED", "CANCELLED"], to_status="OPEN")
    tickets.update(queued=F("created"))
    reopened = events.filter(from_status__in=["CLOSED", "CANCELLED"], to_status="OPEN").values("ticket")
    tickets.filter(pk__in=reopened).update(
        queued=Greatest("created", Subquery(reopenings.annotate(last=Max("at")).values("last")))
    )
    mend(tickets)
    last = Subquery(of_ticket.annotate(last=Max("at")).values("last"))
    tickets.update(
        moved=Greatest(
            "queued",
            Coalesce("claimed_datetime", "queued"),
            Coalesce("closed_datetime", "queued"),
            Coalesce(last, "queued"),
        )
    )


def mend(tickets: Any) -> None:
    """Put instants in order, and count waits from when the ticket entered the queue; few tickets need it."""
    bent = tickets.filter(
        Q(time_to_claim__lt=0)
        | Q(time_to_close__lt=0)
        | Q(claimed_datetime__lt=F("queued"))
        | Q(closed_datetime__lt=F("queued"))
        | Q(closed_datetime__lt=F("claimed_datetime"))
        | Q(queued__gt=F("created"))
    )
    for ticket in bent.iterator():
        claimed = ticket.claimed_datetime and max(ticket.claimed_datetime, ticket.queued)
        closed = ticket.closed_datetime and max(ticket.closed_datetime, claimed or ticket.queued)
        tickets.filter(pk=ticket.pk).update(
            claimed_datetime=claimed,
            closed_datetime=closed,
            time_to_claim=waited(ticket.time_to_claim, ticket.queued, claimed),
            time_to_close=waited(ticket.time_to_close, ticket.queued, closed),
        )


def waited(kept: int | None, queued: datetime, until: datetime | None) -> int | None:
    """Return the wait, None for one that was none, such as that of recorded help."""
    if kept is None:
        return None
    return (until - queued) // MICROSECOND if until else max(kept, 0)


def leave_corrections_out(apps: Any, schema_editor: Any) -> None:
    """Count no correction as one of the moves that a person may make in an hour."""
    apps.get_model("mentorq_backend", "TicketEvent").objects.exclude(note="").update(counts=False)


class Migration(migrations.Migration):
    dependencies = [
        ("mentorq_backend", "0006_longer_texts"),
    ]

    operations = [
        migrations.AddField(
            model_name="ticket",
            name="queued",
            field=models.DateTimeField(
                editable=False, help_text="When it entered the queue: its creation or last reopening.", null=True
            ),
        ),
        migrations.AddField(
            model_name="ticket",
            name="moved",
            field=models.DateTimeField(editable=False, help_text="Its last move; later ones are never earlier.", null=True),
        ),
        migrations.AlterField(
            model_name="ticket",
            name="version",
            field=models.BigIntegerField(default=mentorq_backend.live.revisions.step, editable=False),
        ),
        migrations.RunPython(fill_in, migrations.RunPython.noop),
        migrations.AlterField(
            model_name="ticket",
            name="queued",
            field=models.DateTimeField(
                editable=False, help_text="When it entered the queue: its creation or last reopening."
            ),
        ),
        migrations.AlterField(
            model_name="ticket",
            name="moved",
            field=models.DateTimeField(editable=False, help_text="Its last move; later ones are never earlier."),
        ),
        migrations.AddConstraint(
            model_name="ticket",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("time_to_claim", None), ("time_to_claim__gte", 0), _connector="OR"),
                    models.Q(("time_to_close", None), ("time_to_close__gte", 0), _connector="OR"),
                ),
                name="ticket_waits_are_not_negative",
            ),
        ),
        migrations.AddField(
            model_name="ticketevent",
            name="counts",
            field=models.BooleanField(
                db_default=True, editable=False, help_text="Whether it uses up what a person may do in an hour."
            ),
        ),
        migrations.RunPython(leave_corrections_out, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name="ticketevent",
            index=models.Index(
                condition=models.Q(("counts", True)), fields=["by", "at", "from_status"], name="ticketevent_done_here"
            ),
        ),
    ]
