"""How many lists a server has built, as its `/metrics` counts them."""

import math
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from mentorq.bench.load import Client, http
from mentorq.bench.outside import serving
from mentorq.tests.servers import Server

WORKERS = 2  # of tests.servers.GRANIAN
METRICS_TOKEN = "only-for-the-benchmark"  # noqa: S105
BUILDS = re.compile(rb"^mentorq_list_builds_total(?:\{.*\})? (\S+)$", re.MULTILINE)


@contextmanager
def counting(url: str, **variables: str) -> Iterator[Server]:
    """A server as `serving` has it, whose workers count together what they do."""
    with tempfile.TemporaryDirectory() as folder:
        metrics = {"METRICS_TOKEN": METRICS_TOKEN, "PROMETHEUS_MULTIPROC_DIR": folder}
        with serving(url, **metrics, **variables) as server:
            yield server


def built(server: Server) -> float:
    """Return how many lists all workers have built so far, infinity if they do not count them."""
    _, body = Client(server.port).ask(http("/metrics", token=METRICS_TOKEN))
    counts = [float(count) for count in BUILDS.findall(body)]
    return sum(counts) if counts else math.inf


def built_since(server: Server, before: float) -> float:
    """Return how many lists they have built since there were so many, infinity if they do not count them."""
    return math.inf if math.isinf(now := built(server)) else now - before
