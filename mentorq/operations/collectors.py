"""What /metrics says of the database, computed when Prometheus asks. Every node says the same: take their maximum."""

import platform
from collections.abc import Iterator
from datetime import datetime

from django.db import Error, connection
from django.db.models import Count, Min
from django.utils import timezone
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from mentorq import __version__
from mentorq_backend import stats
from mentorq_backend.models import Notice, Ticket
from mentorq_backend.upkeep.models import Heartbeat
from mentorq_backend.waits.queue import QUEUE

# The limit is that of the whole PostgreSQL server, which may have other databases.
CONNECTIONS = """
    SELECT COUNT(*), current_setting('max_connections')::integer FROM pg_stat_activity WHERE datname = current_database()
"""


class InfoCollector(Collector):
    """Which program this is; needs no database that answers."""

    def collect(self) -> Iterator[Metric]:
        facts = {"version": __version__, "database": connection.vendor, "python": platform.python_version()}
        yield InfoMetricFamily("mentorq", "The version of MentorQ, its database and Python.", value=facts)


class DatabaseCollector(Collector):
    """The queue, the outbox, upkeep and connections. If the database does not answer everything, it says only that."""

    def collect(self) -> Iterator[Metric]:
        try:
            found = [*tickets(), *waits(), *outbox(), *upkeep(), *connections()]
        except Error:
            found = []
        yield gauge("mentorq_database_up", "Whether the database answers.", int(bool(found)))
        yield from found


def gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, value=value)


def tickets() -> Iterator[GaugeMetricFamily]:
    by_status = GaugeMetricFamily("mentorq_tickets", "Tickets by status.", labels=["status"])
    for status, count in stats.by_status(Ticket.objects.all()).items():
        by_status.add_metric([status], count)
    yield by_status
    oldest = age(Ticket.objects.waiting().aggregate(at=Min("queued"))["at"])
    yield gauge("mentorq_oldest_open_ticket_seconds", "How long the oldest open ticket has waited; 0 without one.", oldest)


def waits() -> Iterator[GaugeMetricFamily]:
    """Yield the forecast of `GET /api/queue/`, nothing while there is none."""
    if forecast := QUEUE.get().figures["wait"]:
        family = GaugeMetricFamily(
            "mentorq_wait_seconds", "How long somebody who opens a ticket now will wait: a forecast.", labels=["percentile"]
        )
        family.add_metric(["50"], forecast["median_seconds"])
        family.add_metric(["90"], forecast["p90_seconds"])
        yield family


def outbox() -> Iterator[GaugeMetricFamily]:
    wanted = Notice.objects.wanted().aggregate(count=Count("pk"), at=Min("at"))
    given_up = Notice.objects.in_state("given up").count()
    yield gauge("mentorq_outbox_notices", "Notices to be delivered; not those of webhooks that are off.", wanted["count"])
    yield gauge(
        "mentorq_outbox_oldest_seconds", "How long ago the oldest of them happened; 0 without one.", age(wanted["at"])
    )
    yield gauge("mentorq_outbox_given_up", "Notices that were given up and not sent again.", given_up)


def upkeep() -> Iterator[GaugeMetricFamily]:
    """Yield nothing if upkeep has never run."""
    if seen := Heartbeat.objects.instant():
        yield gauge("mentorq_upkeep_last_seen_seconds", "How long ago an upkeep of this database began a round.", age(seen))


def connections() -> Iterator[GaugeMetricFamily]:
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute(CONNECTIONS)
        count, limit = cursor.fetchone()
    yield gauge("mentorq_database_connections", "Connections to MentorQ's database, of all nodes.", count)
    yield gauge("mentorq_database_connections_max", "PostgreSQL's max_connections.", limit)


def age(at: datetime | None) -> float:
    """Return how many seconds ago that was; 0 for None, and for an instant of a clock that is ahead of ours."""
    return max((timezone.now() - at).total_seconds(), 0) if at else 0
