"""What `manage.py check --deploy` says of how we are watched."""

import os
from typing import Any

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, register


@register(deploy=True)
def metrics_of_all_workers(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Return a warning where each worker would show Prometheus its own requests alone."""
    if not settings.METRICS_TOKEN or "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        return []
    hint = "Name an empty folder that all workers may write to."
    return [checks.Warning("METRICS_TOKEN is set, PROMETHEUS_MULTIPROC_DIR is not.", hint=hint, id="mentorq.W002")]
