"""`/metrics` for Prometheus, if METRICS_TOKEN is set: requests, calls of LCS, tickets (docs/operations.md)."""

import os
import secrets
import struct
import time
from collections.abc import Iterator

from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.db import Error
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from prometheus_client import REGISTRY, CollectorRegistry, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from mentorq.histograms import complain, observe
from mentorq.http.middleware import GetResponse
from mentorq_backend import stats
from mentorq_backend.live.polling import PATHS
from mentorq_backend.models import Ticket

REQUESTS = Histogram(
    "mentorq_request_seconds",
    "Requests: how many, and how long they took.",
    ["method", "view", "status"],
    buckets=[0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
)
METHODS = {"GET", "HEAD", "OPTIONS", "POST", "PATCH", "PUT", "DELETE"}


class RequestMetricsMiddleware:
    """Measures every request, even polls that are answered before routing. Not used without METRICS_TOKEN."""

    def __init__(self, get_response: GetResponse) -> None:
        if not settings.METRICS_TOKEN:
            raise MiddlewareNotUsed
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        start = time.perf_counter()
        response = self.get_response(request)
        # A client must not create new series with invented methods or paths.
        method = request.method if request.method in METHODS else "other"
        observe(REQUESTS, time.perf_counter() - start, method, view_of(request, response), response.status_code)
        return response


def view_of(request: HttpRequest, response: HttpResponse) -> str:
    """Return the name of the view, "none" if the path has no view."""
    if request.resolver_match:
        return request.resolver_match.view_name
    # Polls that UnchangedPollMiddleware answers are not routed. Neither are static files, which can be a 304, too.
    return "ticket-list" if response.status_code == 304 and request.path_info in PATHS else "none"


class TicketsCollector(Collector):
    """Counts the tickets when Prometheus asks."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield whether the database answers, and if so the number of tickets by status."""
        works = GaugeMetricFamily("mentorq_database_up", "Whether the database answers.", value=1)
        tickets = GaugeMetricFamily("mentorq_tickets", "Tickets by status.", labels=["status"])
        try:
            for status, count in stats.by_status(Ticket.objects.all()).items():
                tickets.add_metric([status], count)
        except Error:
            works = GaugeMetricFamily("mentorq_database_up", "Whether the database answers.", value=0)
        yield from (works, tickets)


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    if not settings.METRICS_TOKEN:
        raise Http404
    if not secrets.compare_digest(
        request.headers.get("Authorization", "").encode(), b"Bearer " + settings.METRICS_TOKEN.encode()
    ):
        return HttpResponse("Send METRICS_TOKEN as a Bearer token.\n", status=401, headers={"WWW-Authenticate": "Bearer"})
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    try:
        return HttpResponse(encode(registry()), content_type=content_type)
    except (OSError, ValueError, struct.error) as error:  # from prometheus_client, depending on the state of its folder
        complain(error)
        return HttpResponse("The metrics cannot be read.\n", status=503, content_type="text/plain; charset=utf-8")


def registry() -> CollectorRegistry:
    """Return the metrics of all workers if PROMETHEUS_MULTIPROC_DIR is set, else of this process."""
    everything = CollectorRegistry()
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        MultiProcessCollector(everything)  # type: ignore[no-untyped-call]
    else:
        everything.register(REGISTRY)
    everything.register(TicketsCollector())
    return everything
