"""Servers and `manage.py` as processes: they start or refuse to, by their environment alone."""

import json
import os
import subprocess
import sys

import pytest

from mentorq.tests.operations.processes import REFUSAL, REMEDY, ROOT, SERVER, ask, run
from mentorq.tests.operations.test_settings import example_key


@pytest.mark.parametrize(
    ("server", "blank"),
    [("wsgi", {}), ("wsgi", {"DEBUG": "1"}), ("asgi", {"SECRET_KEY": ""}), ("asgi", {"SECRET_KEY": "  "})],
)
def test_a_server_refuses_to_start_without_a_secret_key(server, blank):
    process = run("-c", f"import mentorq.{server}", **blank)

    assert process.returncode == 1
    assert process.stderr.endswith(f"{REFUSAL}\n")


def test_a_server_with_a_secret_key_starts_without_debug():
    code = "import mentorq.asgi; from django.conf import settings; print(settings.DEBUG)"

    process = run("-c", code, **SERVER)

    assert (process.returncode, process.stdout) == (0, "False\n")


def test_the_process_of_the_live_stream_has_paths_of_its_own_and_answers_nothing_before_routing():
    code = "from django.conf import settings; print(settings.ROOT_URLCONF, *settings.MIDDLEWARE, sep='\\n')"

    server, live = (
        run("-c", f"import mentorq.{name}; {code}", **SERVER, METRICS_TOKEN="x").stdout for name in ("wsgi", "asgi")
    )

    assert (server.split()[0], live.split()[0]) == ("mentorq.urls", "mentorq.live_urls")
    assert set(server.split()[1:]) - set(live.split()[1:]) == {
        "mentorq.operations.metrics.RequestMetricsMiddleware",
        "mentorq_backend.live.polling.UnchangedPollMiddleware",
        "mentorq.http.middleware.StaticFilesMiddleware",
        "mentorq.error_pages.NotAllowedMiddleware",
    }


def test_manage_py_has_no_debug_once_a_secret_key_is_set():
    code = "from django.conf import settings; print(settings.DEBUG)"

    process = run("manage.py", "shell", "--no-imports", "--verbosity=0", "--command", code, **SERVER)

    assert (process.returncode, process.stdout) == (0, "False\n")


@pytest.mark.parametrize(
    ("command", "key"),
    [
        (["-c", "import mentorq.wsgi"], example_key()),
        (["-c", "import mentorq.asgi"], "much-too-short-for-a-server"),
        (["manage.py", "check"], example_key()),
    ],
)
def test_a_bad_key_ends_the_process_without_being_printed(command, key):
    process = run(*command, SECRET_KEY=key)

    assert (process.returncode, process.stdout) == (1, "")
    assert process.stderr.endswith(f"{REMEDY}\n")
    assert key not in process.stderr


@pytest.mark.parametrize("server", ["wsgi", "asgi"])
def test_a_server_refuses_to_start_without_its_folder_of_metrics(server, tmp_path):
    process = run("-c", f"import mentorq.{server}", **SERVER, PROMETHEUS_MULTIPROC_DIR=f"{tmp_path}/missing")

    assert process.returncode == 1
    assert process.stderr.endswith(
        f"ImproperlyConfigured: PROMETHEUS_MULTIPROC_DIR cannot be '{tmp_path}/missing' (no folder that this process can"
        " write to: make one that belongs to the server's user): see docs/configuration.md.\n"
    )


def test_an_empty_name_is_no_folder_of_metrics():
    code = "import mentorq.wsgi; from prometheus_client.values import ValueClass; print(ValueClass._multiprocess)"

    process = run("-c", code, **SERVER, PROMETHEUS_MULTIPROC_DIR="  ")

    assert (process.returncode, process.stdout) == (0, "False\n")


def test_a_server_is_no_laptop_even_where_pytest_is_imported():
    process = subprocess.run(
        [sys.executable, "-c", "import pytest, mentorq.wsgi"], cwd=ROOT, env={"PATH": os.environ["PATH"]},
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert process.returncode != 0
    assert "SECRET_KEY is not set" in process.stderr


def test_a_database_that_is_not_there_is_503():
    token = {"email": "ada@example.edu", "lcs_token": "x"}
    sign_in = {
        "method": "POST",
        "path": "/api/auth/token",
        "data": json.dumps(token),
        "content_type": "application/json",
        "secure": True,
    }

    answers = ask({"method": "GET", "path": "/healthz"}, sign_in, DATABASE_URL="postgres://nobody@127.0.0.1:1/none")

    assert answers == [[503, {}], [503, {"Retry-After": "5"}]]


def test_production_redirects_to_https_but_believes_the_proxy_and_never_redirects_healthz():
    answers = ask(
        {"method": "GET", "path": "/api/tickets"},
        {"method": "GET", "path": "/api/tickets", "headers": {"x-forwarded-proto": "http"}},
        {"method": "GET", "path": "/api/tickets", "headers": {"x-forwarded-proto": "https"}},
        {"method": "GET", "path": "/healthz"},
        {"method": "GET", "path": "/healthz/"},
        DATABASE_URL="sqlite:///:memory:",
    )

    redirect = [301, {"Location": "https://mentorq.example/api/tickets"}]
    assert answers == [redirect, redirect, [401, {}], [200, {}], [200, {}]]


def test_production_without_tls_in_front_does_not_redirect():
    answers = ask({"method": "GET", "path": "/api/tickets"}, SECURE_SSL_REDIRECT="off")

    assert answers == [[401, {}]]
