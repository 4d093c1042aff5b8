"""What `manage.py check` says of our own settings."""

import pytest
from django.core import checks


def ours(*, deploy: bool) -> list:
    return [message for message in checks.run_checks(include_deployment_checks=deploy) if message.id.startswith("mentorq.")]


def test_an_http_base_url_is_a_warning_before_deployment(settings):
    settings.LCS_BASE_URL = "http://api.hackru.org/prod"

    assert ours(deploy=True) == [
        checks.Warning(
            "LCS_BASE_URL is http: passwords and tokens travel in the clear.",
            hint="Use the https URL, unless LCS runs on this machine.",
            id="mentorq.W001",
        )
    ]


def test_an_http_base_url_is_nothing_to_mention_on_a_laptop(settings):
    settings.LCS_BASE_URL = "http://127.0.0.1:8001/dev"

    assert ours(deploy=False) == []


@pytest.mark.parametrize("url", ["https://api.hackru.org/prod", "HTTPS://api.hackru.org/prod/"])
def test_an_https_base_url_is_fine(settings, url):
    settings.LCS_BASE_URL = url

    assert ours(deploy=True) == []


def test_metrics_of_one_worker_alone_are_a_warning_before_deployment(settings, monkeypatch):
    settings.LCS_BASE_URL, settings.METRICS_TOKEN = "https://api.hackru.org/prod", "x"
    monkeypatch.delenv("PROMETHEUS_MULTIPROC_DIR", raising=False)

    assert ours(deploy=True) == [
        checks.Warning(
            "METRICS_TOKEN is set, PROMETHEUS_MULTIPROC_DIR is not.",
            hint="Name an empty folder that all workers may write to.",
            id="mentorq.W002",
        )
    ]


@pytest.mark.parametrize(("token", "folder"), [("", ""), ("", "/run/metrics"), ("x", "/run/metrics")])
def test_metrics_of_all_workers_or_none_are_fine(settings, monkeypatch, token, folder):
    settings.LCS_BASE_URL, settings.METRICS_TOKEN = "https://api.hackru.org/prod", token
    monkeypatch.delenv("PROMETHEUS_MULTIPROC_DIR", raising=False)
    if folder:
        monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", folder)

    assert ours(deploy=True) == []
