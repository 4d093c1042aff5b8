"""A deployment that is all green, into which tests plant mistakes."""

import pytest

from mentorq.tests.operations.processes import KEY
from mentorq_backend.upkeep.models import Heartbeat


@pytest.fixture
def healthy(db, settings, monkeypatch, lcs):
    """A deployment as docs/operations.md has it, except for its disk, which is that of the machine."""
    lcs.people.clear()  # so it is no stand-in
    settings.SECRET_KEY, settings.LCS_TOKEN_KEYS = KEY, [KEY]
    settings.SECURE_SSL_REDIRECT = settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    settings.SECURE_HSTS_SECONDS = 3600
    settings.ALLOWED_HOSTS, settings.CORS_ALLOWED_ORIGINS = ["mentorq.example"], ["https://frontend.example"]
    monkeypatch.setenv("ALLOWED_HOSTS", "mentorq.example")
    monkeypatch.setenv("CORS_ALLOWED_ORIGINS", "https://frontend.example")
    monkeypatch.delenv("CSRF_TRUSTED_ORIGINS", raising=False)
    settings.METRICS_TOKEN = settings.PROMETHEUS_MULTIPROC_DIR = ""
    monkeypatch.setattr("shutil.disk_usage", lambda folder: Usage(5_000_000_000))
    Heartbeat.objects.beat()
    return settings


class Usage:
    def __init__(self, free):
        self.free = free
