"""What `manage.py check --deploy` says of how we talk to LCS."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Tags, register


@register(Tags.security, deploy=True)
def lcs_over_tls(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Return a warning where passwords would travel to LCS in the clear."""
    if urlsplit(settings.LCS_BASE_URL).scheme != "http":
        return []
    hint = "Use the https URL, unless LCS runs on this machine."
    return [checks.Warning("LCS_BASE_URL is http: passwords and tokens travel in the clear.", hint=hint, id="mentorq.W001")]
