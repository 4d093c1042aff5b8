"""The first page of the desk: what is going on now and, for directors, the statistics.

The figures come from stats.py. This module makes charts (Chart.js, part of django-unfold) and tables of them.
"""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from django import forms
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import cached_property
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from mentorq_backend import stats
from mentorq_backend.desk.filters import tickets_at
from mentorq_backend.events.models import Event
from mentorq_backend.events.schedule import Schedule, current, of_event
from mentorq_backend.filters import InstantField
from mentorq_backend.models import Ticket
from mentorq_backend.moves import Status
from mentorq_backend.querysets import TicketQuerySet
from mentorq_backend.templatetags.desk import duration
from mentorq_backend.upkeep.models import UpkeepState
from mentorq_backend.waits.check import Check, check

RANGES = {"6": "last 6 hours", "24": "last 24 hours", "today": "today", "all": "all", "dates": "from – to"}
EVENT = "event-"  # in front of the id of an event, which is a range, too
INSTANT = {"type": "datetime-local", "aria-describedby": "zone"}
MOST_HOURS = 240  # in a chart; more bars would be unreadable
CHECKED = 500  # of the newest tickets, for how well forecasts held: more would take seconds
# Readable on white and on the dark page.
COLORS = {
    "open": "#d97706", "claimed": "#2563eb", "closed": "#16a34a", "cancelled": "#6b7280", "still there": "#d97706",
    "median": "#2563eb", "90th percentile": "#c026d3", "tickets": "#7c3aed",
}  # fmt: skip


class RangeForm(forms.Form):
    """The range of creation times for the statistics. An invalid range shows an error and counts all tickets."""

    range = forms.ChoiceField(label="Tickets of", required=False, widget=UnfoldAdminSelectWidget)
    since = InstantField(label="from", required=False, widget=UnfoldAdminTextInputWidget(attrs=INSTANT))
    until = InstantField(label="to", required=False, widget=UnfoldAdminTextInputWidget(attrs=INSTANT))

    def __init__(self, data: Any, events: Schedule | None = None) -> None:
        super().__init__(data)
        self.events = events or Schedule()
        self.present = self.events.present(timezone.now())
        self.ranges = {**{f"{EVENT}{event.pk}": event.name for event in reversed(self.events.events)}, **RANGES}
        cast("forms.ChoiceField", self.fields["range"]).choices = list(self.ranges.items())

    def clean(self) -> None:
        since, until = self.cleaned_data.get("since"), self.cleaned_data.get("until")
        if since and until and since >= until:
            self.add_error("until", "This must be later than “from”.")

    def tickets(self) -> TicketQuerySet:
        event = self.event
        if event:
            return Ticket.objects.filter(of_event(event))
        return Ticket.objects.filter(**self.ends)

    @property
    def query(self) -> dict[str, str]:
        """The same range, as filters of the list of tickets."""
        if self.event:
            return {"event": str(self.event.pk)}
        return {lookup: instant.isoformat() for lookup, instant in self.ends.items()}

    @cached_property
    def ends(self) -> dict[str, datetime]:
        """The ends of the range as lookups, none for an end without a limit."""
        since, until = self._ends() if self.is_valid() else (None, None)
        ends = {"created__gte": since, "created__lt": until}
        return {lookup: instant for lookup, instant in ends.items() if instant}

    @property
    def chosen(self) -> str:
        by_default = f"{EVENT}{self.present.pk}" if self.present else "24"
        return str(self.cleaned_data.get("range") or by_default) if self.is_valid() else "all"

    @property
    def event(self) -> Event | None:
        """The event that is chosen, None for a range of another kind."""
        return self.events.find(int(self.chosen.removeprefix(EVENT))) if self.chosen.startswith(EVENT) else None

    def _ends(self) -> tuple[datetime | None, datetime | None]:
        """Return the first instant of the range and the first one after it, None for no limit."""
        if self.chosen == "dates":
            return self.cleaned_data["since"], self.cleaned_data["until"]
        if self.chosen == "today":
            # fold=0 is the first midnight, if the clocks go back to midnight.
            return timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0, fold=0), None
        # In UTC: local hours are not hours on the night when the clocks change.
        return (None if self.chosen == "all" else timezone.now() - timedelta(hours=int(self.chosen))), None


@dataclass(frozen=True)
class Chart:
    """A chart of series over the same labels, and a table of them for people who cannot see it."""

    title: str
    kind: str  # of Chart.js: bar, line
    labels: list[str]
    series: dict[str, list[float | None]]
    labelled: str = "hour"
    stacked: bool = False

    @property
    def data(self) -> str:
        datasets = [
            {
                "label": name, "data": values, "backgroundColor": COLORS[name], "borderColor": COLORS[name],
                "pointRadius": 2, "tension": 0.25, "spanGaps": True,
            }
            for name, values in self.series.items()
        ]  # fmt: skip
        return json.dumps({"labels": self.labels, "datasets": datasets})

    @property
    def options(self) -> str:
        """The options for Chart.js, as JSON. desk.js sets the color of the text, django-unfold that of the grid."""
        axis = {"stacked": self.stacked, "ticks": {"maxRotation": 0, "autoSkip": True}, "grid": {}}
        return json.dumps(
            {
                "animation": False,
                "responsive": True,
                "maintainAspectRatio": False,
                "plugins": {"legend": {"display": len(self.series) > 1, "labels": {"boxWidth": 12}}},
                "scales": {"x": axis, "y": {**axis, "beginAtZero": True}},
            }
        )

    @property
    def rows(self) -> list[tuple[Any, ...]]:
        return list(zip(self.labels, *self.series.values(), strict=True))

    @property
    def is_empty(self) -> bool:
        return not any(value for values in self.series.values() for value in values)


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    events = current()
    context |= {
        "now": stats.now(Ticket.objects.all()),
        "free_mentors": [mentor for mentor, claimed in stats.mentors() if not claimed],
        **of_events(events),
        **of_upkeep(events),
    }
    # htmx fetches "Now" every 30 seconds, and uses nothing else of the page.
    if getattr(request.user, "sees_statistics", False) and "HX-Request" not in request.headers:
        form = RangeForm(request.GET, events)
        figures = stats.desk(form.tickets())
        context |= {"form": form, "ranges": form.ranges, "figures": figures, "headlines": headlines(figures, form.query)}
        context |= {"charts": charts(figures), "kept": kept(check([form.present], newest=CHECKED))}
    return context


def of_events(events: Schedule) -> dict[str, Any]:
    """Return the present event, whether the queue is open, and the number of unfinished tickets from before."""
    at = timezone.now()
    event = events.present(at)
    unfinished = Ticket.objects.filter(events.unfinished(at)).count() if event else 0
    closed = "" if events.is_open(at) else events.why_closed(at)
    return {"event": event, "has_events": bool(events.events), "closed": closed, "unfinished": unfinished}


def of_upkeep(events: Schedule) -> dict[str, Any]:
    """Return when upkeep was last seen, and what is wrong: nobody looks at a page at three in the morning."""
    state = UpkeepState.read(events.events)
    return {"upkeep": state.seen, "troubles": list(filter(None, [state.warning, *state.switched_off]))}


def kept(figures: Check) -> str:
    """Return in words how many forecasts held, "" if there were none."""
    if figures["within_median"] is None or figures["within_p90"] is None:
        return ""
    median, upper = f"{figures['within_median']:.0%}".replace("%", " %"), f"{figures['within_p90']:.0%}".replace("%", " %")
    return f"Forecasts so far: {median} within the median, {upper} within the upper figure."


def headlines(figures: dict[str, Any], query: dict[str, str]) -> list[tuple[str, Any, str]]:
    """Return label, figure and a link to what it counts, "" for those that count no tickets."""
    plain = [
        # Each time counts, and a ticket may have been reopened: these are no numbers of tickets.
        ("cancelled by MentorQ", figures["cancelled_by_server"]),
        ("claims returned by MentorQ", figures["returned_by_server"]),
        ("owners", figures["Number of users"]),
        ("mentors who helped", figures["Number of mentors"]),
        ("until a mentor came, median", duration(figures["median_claimed_datetime_seconds"])),
        ("90 % had one within", duration(figures["p90_claimed_datetime_seconds"])),
        ("until it was closed, median", duration(figures["median_closed_datetime_seconds"])),
        ("stars on average", _rounded(figures["Average Rating"]["rating__avg"])),
    ]
    return [
        ("tickets", figures["Total tickets"], tickets_at(query, status="ALL")),
        ("closed", figures["Closed Tickets"], tickets_at(query, status=Status.CLOSED)),
        ("cancelled", figures["Cancelled Tickets"], tickets_at(query, status=Status.CANCELLED)),
        *((label, figure, "") for label, figure in plain),
    ]


def charts(figures: dict[str, Any]) -> list[Chart]:
    hours = figures["per_hour"][-MOST_HOURS:]
    labels = [hour_label(row["hour"]) for row in hours]
    fates: dict[str, list[float | None]] = {
        "closed": [row["closed"] for row in hours],
        "cancelled": [row["cancelled"] for row in hours],
        "still there": [row["tickets"] - row["closed"] - row["cancelled"] for row in hours],
    }
    waits = {
        "median": [_minutes(row["median"]) for row in hours],
        "90th percentile": [_minutes(row["p90"]) for row in hours],
    }
    return [
        Chart("Tickets by the hour in which they were opened", "bar", labels, fates, stacked=True),
        Chart("Minutes until a mentor came, by the hour of opening", "line", labels, waits),
        _counts("Tickets by the minutes until a mentor came", "minutes", figures["waiting_times"], _step),
        _counts("Tickets by their stars", "stars", figures["ratings"], lambda row: f"{row['rating']:g}"),
        _counts("Tickets by the hour of the day", "hour", figures["per_hour_of_day"], lambda row: f"{row['hour']}"),
    ]


def hour_label(hour: datetime) -> str:
    """Return day and hour in the desk's zone. If an hour occurs twice, the second has the name of the zone."""
    local = timezone.localtime(hour)
    return f"{local:%a %H:%M %Z}" if local.fold else f"{local:%a %H:%M}"


def _counts(title: str, labelled: str, rows: list[dict[str, Any]], label: Any) -> Chart:
    return Chart(title, "bar", [label(row) for row in rows], {"tickets": [row["tickets"] for row in rows]}, labelled)


def _step(row: dict[str, Any]) -> str:
    return f"{row['from']}–{row['to']}" if row["to"] else f"{row['from']} +"


def _minutes(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds / 60, 1)


def _rounded(figure: float | None) -> str:
    return "–" if figure is None else f"{figure:.2f}"
