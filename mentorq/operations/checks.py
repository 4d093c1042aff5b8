"""`manage.py check --deploy`: variables whose default suits a laptop and not a server."""

import os
from typing import Any

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Tags, register

from mentorq.environment import KEY_BYTES, read

# What the default does, and the remedy.
NEEDED = {
    "ALLOWED_HOSTS": "Only requests to localhost are answered. Set it to the server's host name.",
    "CORS_ALLOWED_ORIGINS": "Only a frontend on localhost may call the API. Set it to the frontend's origin.",
}


@register(Tags.security, deploy=True)
def variables_that_a_server_needs(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Warn of each variable that is unset or empty and whose default suits only a laptop."""
    return [
        checks.Warning(f"{name} is not set.", hint=hint, id="mentorq.W003")
        for name, hint in NEEDED.items()
        if not read(name, str, "")
    ]


@register(Tags.security, deploy=True)
def newest_key_of_lcs_tokens(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Warn if the key that encrypts LCS tokens is too short. The older keys only decrypt, for three days."""
    if len(settings.LCS_TOKEN_KEYS[0].encode()) >= KEY_BYTES:
        return []
    hint = "Put a longer one in front, and drop this one after three days."
    return [
        checks.Warning(f"The first of LCS_TOKEN_KEYS has less than {KEY_BYTES} bytes.", hint=hint, id="mentorq.W004"),
    ]


@register(deploy=True)
def metrics_of_all_workers(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Warn if each worker would show Prometheus only its own requests."""
    if not settings.METRICS_TOKEN or "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        return []
    hint = "Name an empty folder that all workers may write to."
    return [checks.Warning("METRICS_TOKEN is set, PROMETHEUS_MULTIPROC_DIR is not.", hint=hint, id="mentorq.W002")]
