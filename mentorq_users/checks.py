"""`manage.py check --deploy`: the connection to LCS."""

from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Tags, register


@register(Tags.security, deploy=True)
def lcs_over_tls(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    url = urlsplit(settings.LCS_BASE_URL)
    if url.scheme != "http" or is_this_machine(url.hostname or ""):
        return []
    hint = "Use the https URL, unless LCS runs on this machine."
    return [
        checks.Warning("LCS_BASE_URL is http: passwords and tokens are sent unencrypted.", hint=hint, id="mentorq.W001")
    ]


def is_this_machine(host: str) -> bool:
    """Return whether the host is `localhost` or a loopback address: 127.0.0.0/8, ::1."""
    try:
        address = ip_address(host)
    except ValueError:
        return host.rstrip(".") == "localhost" or host.rstrip(".").endswith(".localhost")
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback
