"""How a duration gets into a Prometheus histogram without ever breaking the request that it was measured on.

With PROMETHEUS_MULTIPROC_DIR prometheus_client writes into a mapped file. A folder that is gone is an exception there, and
a full disk kills the process (SIGBUS). So the file's room is taken beforehand, and an exception costs the figure alone.
"""

import logging
import os
import time
from contextlib import suppress
from functools import cache
from pathlib import Path

from prometheus_client import Histogram

logger = logging.getLogger(__name__)

FOLDER = os.environ.get("PROMETHEUS_MULTIPROC_DIR")  # as prometheus_client reads it: once, when it is imported
# A series takes 3 kB; every method, view and status that there is, together, takes some 3 MB.
ROOM = 4 * 1024 * 1024
SILENCE = 600  # seconds until the same trouble is logged again
_silent_until = 0.0


def observe(histogram: Histogram, seconds: float, *labels: object) -> None:
    """Count these seconds under these labels; if that is not possible, log it, at most every SILENCE seconds."""
    try:
        if FOLDER:
            take_room(FOLDER, os.getpid())
        histogram.labels(*labels).observe(seconds)
    except Exception as error:  # noqa: BLE001 - whatever it is, the request is more important
        complain(error)


@cache
def take_room(folder: str, pid: int) -> None:
    """Give the file that prometheus_client is going to map all of its bytes; raises OSError, and then tries again."""
    file = Path(folder) / f"histogram_{pid}.db"
    try:
        with file.open("ab") as opened:
            os.posix_fallocate(opened.fileno(), 0, ROOM)
    except OSError:
        with suppress(OSError):
            file.unlink()  # an empty one could not be read
        raise


def complain(error: Exception) -> None:
    """Log that figures are lost, unless that was logged a short while ago."""
    global _silent_until
    if time.monotonic() >= _silent_until:
        _silent_until = time.monotonic() + SILENCE
        logger.error("Metrics are lost (PROMETHEUS_MULTIPROC_DIR is %s): %s: %s", FOLDER, type(error).__name__, error)
