"""How many lists a server has built, as its `/metrics` counts them."""

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from mentorq.tests.bench.load import Client, http
from mentorq.tests.bench.outside import serving
from mentorq.tests.servers import Server

WORKERS = 2  # of tests.servers.GRANIAN
METRICS_TOKEN = "only-for-the-benchmark"
BUILDS = re.compile(rb"^mentorq_list_build_seconds_count(?:\{.*\})? (\S+)$", re.MULTILINE)


@contextmanager
def counting(url: str, **variables: str) -> Iterator[Server]:
    """A server as `serving` has it, whose workers count together what they do."""
    with tempfile.TemporaryDirectory() as folder:
        metrics = {"METRICS_TOKEN": METRICS_TOKEN, "PROMETHEUS_MULTIPROC_DIR": folder}
        with serving(url, **metrics, **variables) as server:
            yield server


def built(server: Server) -> float:
    """Return how many lists all workers have built so far."""
    _, body = Client(server.port).ask(http("/metrics", token=METRICS_TOKEN))
    return sum(float(count) for count in BUILDS.findall(body))
