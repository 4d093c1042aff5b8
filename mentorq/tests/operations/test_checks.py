"""What `manage.py check` says of our own settings."""

import pytest
from django.core import checks

pytestmark = pytest.mark.django_db  # Django 6.1 asks the database whether it knows JSON


@pytest.fixture(autouse=True)
def variables_that_a_server_needs(monkeypatch):
    monkeypatch.setenv("ALLOWED_HOSTS", "mentorq.example")
    monkeypatch.setenv("CORS_ALLOWED_ORIGINS", "https://frontend.example")


def ours(*, deploy: bool) -> list:
    return [message for message in checks.run_checks(include_deployment_checks=deploy) if message.id.startswith("mentorq.")]


@pytest.mark.parametrize(
    "url",
    [
        "http://api.hackru.org/prod", "HTTP://api.hackru.org/prod", "http://128.0.0.1/dev", "http://10.0.0.1/dev",
        "http://localhost.example/dev", "http://127.0.0.1.example/dev", "http://127.0.0.1@lcs.example/dev",
        "http://[::2]/dev", "http://[::ffff:10.0.0.1]/dev", "http://0.0.0.0/dev",
    ],
)  # fmt: skip
def test_an_http_base_url_is_a_warning_before_deployment(settings, url):
    settings.LCS_BASE_URL = url

    assert ours(deploy=True) == [
        checks.Warning(
            "LCS_BASE_URL is http: passwords and tokens are sent unencrypted.",
            hint="Use the https URL, unless LCS runs on this machine.",
            id="mentorq.W001",
        )
    ]


def test_an_http_base_url_is_nothing_to_mention_on_a_laptop(settings):
    settings.LCS_BASE_URL = "http://127.0.0.1:8001/dev"

    assert ours(deploy=False) == []


LOCAL = [
    "http://127.0.0.1:8001/dev", "http://127.9.9.9/dev", "http://[::1]:8001/dev", "http://localhost/dev",
    "HTTP://LOCALHOST:8001/dev", "http://lcs.localhost/dev", "http://[::ffff:127.0.0.1]/dev",
]  # fmt: skip


@pytest.mark.parametrize("url", ["https://api.hackru.org/prod", "HTTPS://api.hackru.org/prod/", *LOCAL])
def test_an_https_base_url_is_fine_and_so_is_this_machine(settings, url):
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


@pytest.mark.parametrize("name", ["ALLOWED_HOSTS", "CORS_ALLOWED_ORIGINS"])
def test_a_variable_that_was_never_set_is_a_warning_before_deployment_alone(settings, monkeypatch, name):
    settings.LCS_BASE_URL = "https://api.hackru.org/prod"
    monkeypatch.delenv(name)

    assert [(warning.id, warning.msg) for warning in ours(deploy=True)] == [("mentorq.W003", f"{name} is not set.")]
    assert ours(deploy=False) == []


@pytest.mark.parametrize(
    ("keys", "warned"), [(["x" * 31], 1), (["x" * 32], 0), (["x" * 32, "old"], 0), (["old", "x" * 32], 1)]
)
def test_a_short_key_in_front_is_a_warning_before_deployment(settings, keys, warned):
    settings.LCS_BASE_URL, settings.LCS_TOKEN_KEYS = "https://api.hackru.org/prod", keys

    expected = checks.Warning(
        "The first of LCS_TOKEN_KEYS has less than 32 bytes.",
        hint="Put a longer one in front, and drop this one after three days.",
        id="mentorq.W004",
    )
    assert ours(deploy=True) == [expected] * warned
