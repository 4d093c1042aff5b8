"""Puts durations into Prometheus histograms without ever breaking the request.

With PROMETHEUS_MULTIPROC_DIR prometheus_client writes into a mapped file. A missing folder raises an exception, and a
full disk kills the process (SIGBUS). So the space of the file is reserved first, and an exception loses only the figure.
"""

import logging
import os
import time
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Final

from prometheus_client import Histogram

logger = logging.getLogger(__name__)

FOLDER = os.environ.get("PROMETHEUS_MULTIPROC_DIR")  # read once, at import, as prometheus_client does
# A series takes 3 kB. All methods, views and statuses together take about 3 MB.
ROOM = 4 * 1024 * 1024
LIVE: Final = "livesum"  # prometheus_client's mode of the gauges of `operations/workers.py`
FILES = {"histogram": ROOM, f"gauge_{LIVE}": 64 * 1024}
SILENCE = 600  # seconds until the same problem is logged again
_silent_until = 0.0


def observe(histogram: Histogram, seconds: float, *labels: object) -> None:
    """Count these seconds under these labels. A failure is logged, at most once in SILENCE seconds."""
    try:
        if FOLDER:
            take_room(FOLDER, os.getpid())
        histogram.labels(*labels).observe(seconds)
    except Exception as error:  # noqa: BLE001 - the request is more important
        complain(error)


@cache
def take_room(folder: str, pid: int) -> None:
    """Reserve the files that prometheus_client will map; raises OSError, and tries again the next time."""
    for name, room in FILES.items():
        _reserve(Path(folder) / f"{name}_{pid}.db", room)


def _reserve(file: Path, room: int) -> None:
    try:
        with file.open("ab") as opened:
            os.posix_fallocate(opened.fileno(), 0, room)
    except OSError:
        with suppress(OSError):
            file.unlink()  # prometheus_client cannot read an empty one
        raise


def complain(error: Exception) -> None:
    global _silent_until
    if time.monotonic() >= _silent_until:
        _silent_until = time.monotonic() + SILENCE
        logger.error("Metrics are lost (PROMETHEUS_MULTIPROC_DIR is %s): %s: %s", FOLDER, type(error).__name__, error)
