"""The history of tickets."""

from django.db import models
from django.db.models import Q

from mentorq_backend.moves import Status
from mentorq_backend.querysets import TicketEventQuerySet


class TicketEvent(models.Model):
    """One move or correction of a ticket, its creation first. Rows are only ever added."""

    ticket = models.ForeignKey("Ticket", on_delete=models.PROTECT, related_name="events")
    at = models.DateTimeField()
    by = models.EmailField(blank=True, help_text="Empty for the server itself.")
    from_status = models.CharField("from", max_length=9, blank=True, choices=Status.choices)
    to_status = models.CharField("to", max_length=9, choices=Status.choices)
    mentor_email = models.EmailField(blank=True)
    note = models.TextField(blank=True, db_default="", help_text="What was corrected, or why the server made the move.")
    counts = models.BooleanField(
        db_default=True, editable=False, help_text="Whether it uses up what a person may do in an hour."
    )

    objects = TicketEventQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        # For the hourly limits. Corrections, imports and `seed` do not count.
        indexes = [
            models.Index(fields=["by", "at", "from_status"], condition=Q(counts=True), name="ticketevent_done_here"),
            # For the statistics.
            models.Index(fields=["ticket", "to_status"], condition=Q(by=""), name="ticketevent_by_server"),
        ]

    def __str__(self) -> str:
        return f"{self._what()} by {self.by or f'MentorQ: {self.note}'}"

    def _what(self) -> str:
        if self.from_status != self.to_status:
            return f"{self.from_status or 'new'} → {self.to_status}"
        return "corrected" if self.note else "mentor changed"
