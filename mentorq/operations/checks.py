"""What `manage.py check --deploy` says of variables that a server needs and that have defaults for a laptop."""

import os
from typing import Any

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Tags, register

from mentorq.environment import KEY_BYTES, read

# What each is for, and what happens with the default.
NEEDED = {
    "ALLOWED_HOSTS": "Only requests to localhost are answered. Set it to the server's host name.",
    "CORS_ALLOWED_ORIGINS": "Only a frontend on localhost may call the API. Set it to the frontend's origin.",
}


@register(Tags.security, deploy=True)
def variables_that_a_server_needs(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Return a warning for each variable that is not set, or empty, and whose default serves a laptop alone."""
    return [
        checks.Warning(f"{name} is not set.", hint=hint, id="mentorq.W003")
        for name, hint in NEEDED.items()
        if not read(name, str, "")
    ]


@register(Tags.security, deploy=True)
def newest_key_of_lcs_tokens(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Return a warning if the key that encrypts LCS tokens can be guessed; older ones only decrypt, for three days."""
    if len(settings.LCS_TOKEN_KEYS[0].encode()) >= KEY_BYTES:
        return []
    hint = "Put a longer one in front, and drop this one after three days."
    return [
        checks.Warning(f"The first of LCS_TOKEN_KEYS has less than {KEY_BYTES} bytes.", hint=hint, id="mentorq.W004"),
    ]


@register(deploy=True)
def metrics_of_all_workers(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Return a warning where each worker would show Prometheus its own requests alone."""
    if not settings.METRICS_TOKEN or "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        return []
    hint = "Name an empty folder that all workers may write to."
    return [checks.Warning("METRICS_TOKEN is set, PROMETHEUS_MULTIPROC_DIR is not.", hint=hint, id="mentorq.W002")]
