"""What `manage.py check` says of our own settings."""

import os
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Tags, register


@register(Tags.security)
def lcs_base_url(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Return an error where LCS_BASE_URL is no URL, which would make every sign-in a 503."""
    try:
        parts = urlsplit(settings.LCS_BASE_URL)
        if parts.scheme in ("http", "https") and parts.hostname:
            return []
    except ValueError:
        pass  # such as http://[, which the message below is about
    hint = "For example https://api.hackru.org/prod, with the stage at its end."
    return [checks.Error(f"LCS_BASE_URL={settings.LCS_BASE_URL!r} is no http(s) URL.", hint=hint, id="mentorq.E001")]


@register(Tags.security, deploy=True)
def lcs_over_tls(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Return a warning where passwords would travel to LCS in the clear."""
    if urlsplit(settings.LCS_BASE_URL).scheme != "http":
        return []
    hint = "Use the https URL, unless LCS runs on this machine."
    return [checks.Warning("LCS_BASE_URL is http: passwords and tokens travel in the clear.", hint=hint, id="mentorq.W001")]


@register(Tags.security, deploy=True)
def metrics_of_all_workers(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Return a warning where each worker would show Prometheus its own requests alone."""
    if not settings.METRICS_TOKEN or "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        return []
    hint = "Name an empty folder that all workers may write to."
    return [checks.Warning("METRICS_TOKEN is set, PROMETHEUS_MULTIPROC_DIR is not.", hint=hint, id="mentorq.W002")]
