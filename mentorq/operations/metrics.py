"""`/metrics` for Prometheus, if METRICS_TOKEN is set (docs/operations.md). Each node is scraped by itself."""

import os
import secrets
import struct
import time

from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from prometheus_client import REGISTRY, CollectorRegistry, Histogram
from prometheus_client.exposition import choose_encoder
from prometheus_client.multiprocess import MultiProcessCollector

from mentorq.histograms import complain, observe
from mentorq.http.middleware import GetResponse
from mentorq.operations.collectors import DatabaseCollector, InfoCollector
from mentorq.operations.workers import WORKER, forget_dead_workers
from mentorq_backend.live.polling import PATHS

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
        WORKER.begin()
        try:
            response = self.get_response(request)
        finally:
            WORKER.end()
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
    """Return the metrics of all workers of this node if PROMETHEUS_MULTIPROC_DIR is set, else of this process.

    Raises what prometheus_client raises if it cannot read its folder.
    """
    WORKER.publish()
    everything = CollectorRegistry()
    if folder := os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        forget_dead_workers(folder)
        MultiProcessCollector(everything)  # type: ignore[no-untyped-call]
    else:
        everything.register(REGISTRY)
    everything.register(InfoCollector())
    everything.register(DatabaseCollector())
    return everything
