"""The environment makes a laptop or a server, and fails closed: settings read in processes of their own."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings

ROOT = settings.BASE_DIR
KEY = "kX9-bQ2_vR7-mT4_wZ8-jL3_nP6-hF5_cD1-gS0_yB2-aE7_uI9-oK4_xW6-qV3_"
SERVER = {"SECRET_KEY": KEY}

READ = """
import json, os, runpy, sys
NAMES = [
    "ALLOWED_HOSTS", "CORS_ALLOWED_ORIGINS", "CSRF_COOKIE_SECURE", "CSRF_TRUSTED_ORIGINS", "DEBUG", "DESK_TIME_ZONE",
    "LCS_BASE_URL", "LCS_TIMEOUT", "LCS_TOKEN_KEYS", "SECURE_HSTS_SECONDS", "SECURE_SSL_REDIRECT", "SESSION_COOKIE_SECURE",
    "PROMETHEUS_MULTIPROC_DIR", "TICKETS_MAX_OPEN",
]
for line in sys.stdin:
    program, folder, environment = json.loads(line)
    sys.argv[0] = program
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    try:
        read = runpy.run_module("mentorq.settings")
        answer = {name: read[name] for name in NAMES}
        answer["THROTTLE_TOKEN"] = read["REST_FRAMEWORK"]["DEFAULT_THROTTLE_RATES"]["token"]
        answer["NUM_PROXIES"] = read["REST_FRAMEWORK"]["NUM_PROXIES"]
        answer["DATABASE"] = {key: value for key, value in read["DATABASES"]["default"].items() if key != "TEST"}
    except Exception as error:
        answer = f"{type(error).__name__}: {error}"
    print(json.dumps(answer, default=str), flush=True)
"""

ASK = """
import json, sys
from mentorq.wsgi import application
from django.test import Client
client = Client(headers={"host": "mentorq.example"})
answers = [client.generic(**request) for request in json.loads(sys.argv[1])]
kept = ["Location", "Retry-After"]
print(json.dumps([[a.status_code, {name: a[name] for name in kept if name in a}] for a in answers]))
"""

SQLITE = {
    "ENGINE": "django.db.backends.sqlite3",
    "NAME": f"{ROOT}/db.sqlite3",
    "USER": "",
    "PASSWORD": "",
    "HOST": "",
    "PORT": "",
    "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 20, "init_command": "PRAGMA journal_mode=WAL"},
    "CONN_MAX_AGE": 600,
}
PRODUCTION = {
    "ALLOWED_HOSTS": ["localhost", "127.0.0.1", "[::1]"],
    "CORS_ALLOWED_ORIGINS": ["http://localhost:3000", "http://127.0.0.1:3000"],
    "CSRF_COOKIE_SECURE": True,
    "CSRF_TRUSTED_ORIGINS": ["http://localhost:8000", "http://127.0.0.1:8000"],
    "DATABASE": SQLITE,
    "DEBUG": False,
    "DESK_TIME_ZONE": "UTC",
    "LCS_BASE_URL": "https://api.hackru.org/prod",
    "LCS_TIMEOUT": 5.0,
    "LCS_TOKEN_KEYS": [KEY],
    "NUM_PROXIES": 0,
    "PROMETHEUS_MULTIPROC_DIR": "",
    "SECURE_HSTS_SECONDS": 30 * 24 * 3600,
    "SECURE_SSL_REDIRECT": True,
    "SESSION_COOKIE_SECURE": True,
    "THROTTLE_TOKEN": "20/min",
    "TICKETS_MAX_OPEN": 5,
}
WITHOUT_TLS = {
    "CSRF_COOKIE_SECURE": False,
    "SECURE_HSTS_SECONDS": 0,
    "SECURE_SSL_REDIRECT": False,
    "SESSION_COOKIE_SECURE": False,
}
LAPTOP = {
    **PRODUCTION,
    **WITHOUT_TLS,
    "DEBUG": True,
    "LCS_BASE_URL": "http://127.0.0.1:8001/dev",
    "LCS_TOKEN_KEYS": ["django-insecure-only-for-a-laptop-that-nobody-else-can-reach-never-for-a-server"],
}
LAPTOP_KEY = LAPTOP["LCS_TOKEN_KEYS"][0]
REMEDY = """ Make one with
    python -c 'import secrets; print(secrets.token_urlsafe(64))'
and keep it in the environment of every process."""
REFUSAL = f"ImproperlyConfigured: SECRET_KEY is not set: a server needs one to sign its tokens.{REMEDY}"
IS_AN_EXAMPLE = f"ImproperlyConfigured: SECRET_KEY is an example that everybody can read: a server needs its own.{REMEDY}"


def python(*arguments: str, cwd: Any = ROOT, **environment: str) -> dict[str, Any]:
    """Return how to start Python with nothing but these variables set, and warnings as errors."""
    environment = {"PATH": os.environ["PATH"], **environment}
    return {"args": [sys.executable, "-W", "error", *arguments], "cwd": cwd, "env": environment, "text": True}


def run(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(**python(*arguments, **options), capture_output=True, check=False)


@pytest.fixture(scope="module")
def settings_of() -> Iterator[Callable[..., Any]]:
    """The settings that a program of that name reads, or how it refuses: from one process, because starting it is slow."""

    def read(program: str, folder: Any = ROOT, **environment: str) -> Any:
        reader.stdin.write(json.dumps([program, str(folder), environment]) + "\n")
        reader.stdin.flush()
        return json.loads(reader.stdout.readline())

    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(**python("-c", READ, PYTHONPATH=str(ROOT)), **pipes) as reader:
        yield read
        reader.stdin.close()


def ask(*requests: dict[str, Any], **environment: str) -> Any:
    """Return status and telling headers of what a production server answers to these requests."""
    process = run("-c", ASK, json.dumps(requests), **{**SERVER, "ALLOWED_HOSTS": "mentorq.example", **environment})
    assert process.returncode == 0, process.stderr
    return json.loads(process.stdout)


# Laptop or server


@pytest.mark.parametrize(
    ("server", "blank"),
    [("wsgi", {}), ("wsgi", {"DEBUG": "1"}), ("asgi", {"SECRET_KEY": ""}), ("asgi", {"SECRET_KEY": "  "})],
)
def test_a_server_refuses_to_start_without_a_secret_key(server, blank):
    process = run("-c", f"import mentorq.{server}", **blank)

    assert process.returncode == 1
    assert process.stderr.endswith(f"{REFUSAL}\n")


@pytest.mark.parametrize("server", ["wsgi", "asgi"])
def test_a_server_with_a_secret_key_starts_without_debug(server):
    code = f"import mentorq.{server}; from django.conf import settings; print(settings.DEBUG)"

    process = run("-c", code, **SERVER)

    assert (process.returncode, process.stdout) == (0, "False\n")


@pytest.mark.parametrize(("environment", "debug"), [({}, "True\n"), (SERVER, "False\n")])
def test_manage_py_has_debug_only_while_no_secret_key_is_set(environment, debug):
    code = "from django.conf import settings; print(settings.DEBUG)"

    process = run("manage.py", "shell", "--no-imports", "--verbosity=0", "--command", code, **environment)

    assert (process.returncode, process.stdout) == (0, debug)


@pytest.mark.parametrize("program", ["/usr/bin/gunicorn", "granian", "django-admin", "manage", "wsgi.py", "-c", ""])
def test_no_program_but_manage_py_starts_without_a_secret_key(settings_of, program):
    assert settings_of(program) == REFUSAL


def example_key():
    """The SECRET_KEY of .env.example."""
    return re.search("^SECRET_KEY=(.+)$", (ROOT / ".env.example").read_text(), re.MULTILINE)[1]


@pytest.mark.parametrize("form", ["{}", " {} ", '"{}"', "'{}'", "{}-2"])
@pytest.mark.parametrize("key", [example_key(), LAPTOP_KEY])
@pytest.mark.parametrize("program", ["manage.py", "/usr/bin/gunicorn", "granian"])
def test_a_key_that_everybody_can_read_is_refused(settings_of, program, key, form):
    assert settings_of(program, SECRET_KEY=form.format(key)) == IS_AN_EXAMPLE


@pytest.mark.parametrize("debug", ["", "on"])
@pytest.mark.parametrize(("key", "length"), [("another", 7), (KEY[:31], 31), ("é" * 15 + "x", 31), ("$", 1)])
@pytest.mark.parametrize("program", ["manage.py", "/usr/bin/gunicorn", "granian"])
def test_a_key_that_is_too_short_is_refused_and_not_shown(settings_of, program, key, length, debug):
    refusal = settings_of(program, SECRET_KEY=key, DEBUG=debug)

    assert refusal == f"ImproperlyConfigured: SECRET_KEY has {length} bytes: a server needs at least 32.{REMEDY}"


@pytest.mark.parametrize("key", [KEY[:32], "é" * 16])
def test_a_key_of_32_bytes_is_enough(settings_of, key):
    assert settings_of("granian", SECRET_KEY=key) == {**PRODUCTION, "LCS_TOKEN_KEYS": [key]}


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


@pytest.mark.parametrize("program", ["manage.py", "./manage.py", "/srv/mentorq/manage.py"])
def test_manage_py_with_nothing_set_is_a_laptop(settings_of, program):
    assert settings_of(program) == LAPTOP


@pytest.mark.parametrize("program", ["manage.py", "/usr/bin/gunicorn"])
def test_whatever_has_a_secret_key_is_production(settings_of, program):
    assert settings_of(program, **SERVER) == PRODUCTION


VARIABLES = [
    "DEBUG", "SECRET_KEY", "ALLOWED_HOSTS", "CORS_ALLOWED_ORIGINS", "CSRF_TRUSTED_ORIGINS", "SECURE_SSL_REDIRECT",
    "DATABASE_URL", "TICKETS_MAX_OPEN", "THROTTLE_TOKEN", "LCS_TIMEOUT", "LCS_TOKEN_KEYS", "NUM_PROXIES", "LCS_BASE_URL",
    "DESK_TIME_ZONE", "PROMETHEUS_MULTIPROC_DIR",
]  # fmt: skip


@pytest.mark.parametrize("nothing", ["", "  "])
def test_empty_variables_mean_the_defaults_of_a_laptop(settings_of, nothing):
    assert settings_of("manage.py", **dict.fromkeys(VARIABLES, nothing)) == LAPTOP


def test_empty_variables_mean_the_defaults_of_a_server(settings_of):
    assert settings_of("gunicorn", **{**dict.fromkeys(VARIABLES, ""), **SERVER}) == PRODUCTION


# What each variable does


@pytest.mark.parametrize(
    ("variable", "value", "changed"),
    [
        ("DEBUG", "1", {**WITHOUT_TLS, "DEBUG": True}),
        ("DEBUG", "True", {**WITHOUT_TLS, "DEBUG": True}),
        ("DEBUG", "off", {}),
        ("SECRET_KEY", KEY[::-1], {"LCS_TOKEN_KEYS": [KEY[::-1]]}),
        ("ALLOWED_HOSTS", "a.example, b.example,", {"ALLOWED_HOSTS": ["a.example", "b.example"]}),
        ("CORS_ALLOWED_ORIGINS", "https://a.example,https://b.example:8443",
         {"CORS_ALLOWED_ORIGINS": ["https://a.example", "https://b.example:8443"]}),
        ("CSRF_TRUSTED_ORIGINS", "https://a.example", {"CSRF_TRUSTED_ORIGINS": ["https://a.example"]}),
        ("SECURE_SSL_REDIRECT", "off", WITHOUT_TLS),
        ("SECURE_SSL_REDIRECT", "yes", {}),
        ("TICKETS_MAX_OPEN", "1", {"TICKETS_MAX_OPEN": 1}),
        ("THROTTLE_TOKEN", "100/hour", {"THROTTLE_TOKEN": "100/hour"}),
        ("LCS_TIMEOUT", "2.5", {"LCS_TIMEOUT": 2.5}),
        ("LCS_TOKEN_KEYS", "new, old", {"LCS_TOKEN_KEYS": ["new", "old"]}),
        ("NUM_PROXIES", "2", {"NUM_PROXIES": 2}),
        ("DESK_TIME_ZONE", "America/New_York", {"DESK_TIME_ZONE": "America/New_York"}),
        ("LCS_BASE_URL", "https://lcs.example/dev", {"LCS_BASE_URL": "https://lcs.example/dev"}),
    ],
)  # fmt: skip
def test_a_variable_changes_its_setting_and_no_other(settings_of, variable, value, changed):
    assert settings_of("gunicorn", **{**SERVER, variable: value}) == {**PRODUCTION, **changed}


@pytest.mark.parametrize(("value", "debug"), [("off", False), ("0", False), ("on", True)])
def test_debug_on_a_laptop_is_what_the_variable_says_and_tls_stays_off(settings_of, value, debug):
    assert settings_of("manage.py", DEBUG=value) == {**LAPTOP, "DEBUG": debug}


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("DEBUG", "ture"),
        ("DEBUG", "2"),
        ("SECURE_SSL_REDIRECT", "maybe"),
        ("LCS_TIMEOUT", "fast"),
        ("LCS_TIMEOUT", "-1"),
        ("LCS_TIMEOUT", "0"),
        ("LCS_TIMEOUT", "nan"),
        ("LCS_TIMEOUT", "inf"),  # a deadline that never comes is none
        ("DESK_TIME_ZONE", "Nowhere/Land"),
        ("DESK_TIME_ZONE", "America"),
        ("DESK_TIME_ZONE", "../../etc/passwd"),
        ("TICKETS_MAX_OPEN", "0"),
        ("TICKETS_MAX_OPEN", "x"),
        ("TICKETS_MAX_OPEN", "2.5"),
        ("THROTTLE_TOKEN", "lots"),
        ("THROTTLE_TOKEN", "20"),
        ("THROTTLE_TOKEN", "20/fortnight"),
        ("NUM_PROXIES", "-1"),
        ("NUM_PROXIES", "one"),
        ("LCS_TOKEN_KEYS", ","),  # no key at all, which would make every sign-in a 500
        ("DATABASE_URL", "nonsense"),
        ("PROMETHEUS_MULTIPROC_DIR", "/nowhere/mentorq"),
        ("PROMETHEUS_MULTIPROC_DIR", "manage.py"),  # a file
        ("PROMETHEUS_MULTIPROC_DIR", "/proc"),  # nobody writes there
        ("LCS_BASE_URL", "api.hackru.org/prod"),
        ("LCS_BASE_URL", "ftp://api.hackru.org/prod"),
        ("LCS_BASE_URL", "https://"),
        ("LCS_BASE_URL", "https:///prod"),
        ("LCS_BASE_URL", "https:api.hackru.org"),
        ("LCS_BASE_URL", "http://["),
        *(
            (name, origin)
            for name in ("CORS_ALLOWED_ORIGINS", "CSRF_TRUSTED_ORIGINS")
            for origin in ("frontend.example", "https://frontend.example/", "https://frontend.example,else.example", "*")
        ),
    ],
)
def test_nonsense_refuses_to_start_and_names_the_variable(settings_of, variable, value):
    refusal = settings_of("gunicorn", **{**SERVER, variable: value})

    reason = r"\(.+\): see docs/configuration\.md\."
    assert re.fullmatch(f"ImproperlyConfigured: {variable} cannot be {re.escape(repr(value))} {reason}", str(refusal))


@pytest.mark.parametrize(
    ("scheme", "password", "host"),
    [("mysql", "s3cret", "db.example"), ("postgres", "s3cret/x", "db.example"), ("postgres", "s3cret", "db.example:port")],
)
def test_a_database_url_that_is_none_is_refused_without_its_password(settings_of, scheme, password, host):
    refusal = settings_of("gunicorn", **SERVER, DATABASE_URL=f"{scheme}://user:{password}@{host}/mentorq")

    assert refusal == (
        f"ImproperlyConfigured: DATABASE_URL cannot be '{scheme}://…@{host}/mentorq'"
        " (sqlite:///file or postgres://user:password@host:5432/name): see docs/configuration.md."
    )


# The workers' folder of metrics


def test_a_folder_of_metrics_is_taken_as_it_is_named(settings_of, tmp_path):
    read = settings_of("granian", **SERVER, PROMETHEUS_MULTIPROC_DIR=f" {tmp_path} ")

    assert read == {**PRODUCTION, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}


def test_a_command_runs_without_the_folder_that_a_stopped_server_took_with_it(settings_of):
    read = settings_of("manage.py", **SERVER, PROMETHEUS_MULTIPROC_DIR="/run/of-a-stopped-server")

    assert read["PROMETHEUS_MULTIPROC_DIR"] == "/run/of-a-stopped-server"


@pytest.mark.parametrize("server", ["wsgi", "asgi"])
def test_a_server_refuses_to_start_without_its_folder_of_metrics(server, tmp_path):
    process = run("-c", f"import mentorq.{server}", **SERVER, PROMETHEUS_MULTIPROC_DIR=f"{tmp_path}/missing")

    assert process.returncode == 1
    assert process.stderr.endswith(
        f"ImproperlyConfigured: PROMETHEUS_MULTIPROC_DIR cannot be '{tmp_path}/missing' (no folder that this process can"
        " write to: make one that belongs to the server's user): see docs/configuration.md.\n"
    )


@pytest.mark.parametrize("nothing", ["", "  "])
def test_an_empty_name_is_no_folder_of_metrics(nothing):
    code = "import mentorq.wsgi; from prometheus_client.values import ValueClass; print(ValueClass._multiprocess)"

    process = run("-c", code, **SERVER, PROMETHEUS_MULTIPROC_DIR=nothing)

    assert (process.returncode, process.stdout) == (0, "False\n")


# The database


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("sqlite:///db.sqlite3", f"{ROOT}/db.sqlite3"),
        ("sqlite:///data/queue.sqlite3", f"{ROOT}/data/queue.sqlite3"),
        ("sqlite:////srv/queue.sqlite3", "/srv/queue.sqlite3"),
        ("sqlite:///:memory:", ":memory:"),
    ],
)
def test_a_relative_sqlite_file_is_in_the_projects_root_wherever_the_server_starts(settings_of, url, name, tmp_path):
    read = settings_of("gunicorn", tmp_path, DATABASE_URL=url, **SERVER)

    assert read["DATABASE"] == {**SQLITE, "NAME": name}


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            "postgres://user:pass%20word%2F%40@db.example:5433/mentorq",
            {"USER": "user", "PASSWORD": "pass word/@", "HOST": "db.example", "PORT": 5433, "NAME": "mentorq"},
        ),
        (
            "postgres://user:100%25@%2Fvar%2Frun%2Fpostgresql/mentorq",
            {"USER": "user", "PASSWORD": "100%", "HOST": "/var/run/postgresql", "PORT": "", "NAME": "mentorq"},
        ),
        (
            "postgresql://postgres:@/postgres?host=/tmp/a%20folder",
            {"USER": "postgres", "PASSWORD": "", "HOST": "", "PORT": "", "NAME": "postgres",
             "OPTIONS": {"host": "/tmp/a folder"}},
        ),
        (
            "postgres://user:password@[::1]/mentorq?sslmode=require",
            {"USER": "user", "PASSWORD": "password", "HOST": "::1", "PORT": "", "NAME": "mentorq",
             "OPTIONS": {"sslmode": "require"}},
        ),
    ],
)  # fmt: skip
def test_a_postgresql_url_is_read_as_its_server_means_it(settings_of, url, expected):
    kept = {"ENGINE": "django.db.backends.postgresql", "CONN_MAX_AGE": 600, "CONN_HEALTH_CHECKS": True}
    options = {"connect_timeout": 5, "tcp_user_timeout": 10_000, "prepare_threshold": 5}

    read = settings_of("gunicorn", DATABASE_URL=url, **SERVER)

    assert read["DATABASE"] == {**kept, **expected, "OPTIONS": {**options, **expected.get("OPTIONS", {})}}


def test_the_urls_own_options_go_first(settings_of):
    read = settings_of("gunicorn", DATABASE_URL="postgres://host/mentorq?connect_timeout=2&prepare_threshold=9", **SERVER)

    assert read["DATABASE"]["OPTIONS"] == {"connect_timeout": 2, "tcp_user_timeout": 10_000, "prepare_threshold": 9}


def test_a_value_that_begins_with_a_dollar_is_taken_as_it_is(settings_of):
    read = settings_of("manage.py", SECRET_KEY=f"${KEY}", LCS_TOKEN_KEYS="$PATH", HOME="/root")

    assert (read["DEBUG"], read["LCS_TOKEN_KEYS"]) == (False, ["$PATH"])


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


# TLS


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
