"""The environment makes a laptop or a server, and fails closed: settings read in processes of their own."""

import re

import pytest

from mentorq.environment import static_version
from mentorq.tests.operations.processes import KEY, REFUSAL, REMEDY, ROOT, SERVER

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
    "CORS_ALLOWED_ORIGINS": [
        "http://localhost:3000",
        "http://127.0.0.1:3000",
        "http://localhost:5173",
        "http://127.0.0.1:5173",
    ],
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
IS_AN_EXAMPLE = f"ImproperlyConfigured: SECRET_KEY is an example that everybody can read: a server needs its own.{REMEDY}"


# Laptop or server


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
        ("DATABASE_POOLER", "pgbouncer"),
        ("DATABASE_POOLER", "Transaction"),
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
    kept = {
        "ENGINE": "django.db.backends.postgresql", "CONN_MAX_AGE": 600, "CONN_HEALTH_CHECKS": True,
        "DISABLE_SERVER_SIDE_CURSORS": False,
    }  # fmt: skip
    options = {"connect_timeout": 5, "tcp_user_timeout": 10_000, "prepare_threshold": 5}

    read = settings_of("gunicorn", DATABASE_URL=url, **SERVER)

    assert read["DATABASE"] == {**kept, **expected, "OPTIONS": {**options, **expected.get("OPTIONS", {})}}


def test_the_urls_own_options_go_first(settings_of):
    read = settings_of("gunicorn", DATABASE_URL="postgres://host/mentorq?connect_timeout=2&prepare_threshold=9", **SERVER)

    assert read["DATABASE"]["OPTIONS"] == {"connect_timeout": 2, "tcp_user_timeout": 10_000, "prepare_threshold": 9}


@pytest.mark.parametrize(
    ("pooler", "has_no_cursors", "prepare_threshold"),
    [("", False, 5), ("none", False, 5), ("transaction", True, None), ("transaction-prepared", True, 5)],
)
def test_a_pooler_gets_only_what_it_can_do(settings_of, pooler, has_no_cursors, prepare_threshold):
    read = settings_of("gunicorn", DATABASE_URL="postgres://host/mentorq", DATABASE_POOLER=pooler, **SERVER)

    database = read["DATABASE"]
    assert (database["DISABLE_SERVER_SIDE_CURSORS"], database["OPTIONS"]["prepare_threshold"]) == (
        has_no_cursors, prepare_threshold,
    )  # fmt: skip


def test_a_url_gives_a_transaction_pooler_no_cursors(settings_of):
    url = "postgres://host/mentorq?disable_server_side_cursors=false"

    database = settings_of("gunicorn", DATABASE_URL=url, DATABASE_POOLER="transaction", **SERVER)["DATABASE"]

    assert database["DISABLE_SERVER_SIDE_CURSORS"] is True


def test_sqlite_has_no_pooler(settings_of):
    assert settings_of("gunicorn", DATABASE_POOLER="transaction", **SERVER)["DATABASE"] == SQLITE


def test_a_value_that_begins_with_a_dollar_is_taken_as_it_is(settings_of):
    read = settings_of("manage.py", SECRET_KEY=f"${KEY}", LCS_TOKEN_KEYS="$PATH", HOME="/root")

    assert (read["DEBUG"], read["LCS_TOKEN_KEYS"]) == (False, ["$PATH"])


FILES = ["requirements.txt", "mentorq_backend/static/a/desk.css", "mentorq/static/mentorq/docs.js"]


@pytest.mark.parametrize("changed", FILES)
def test_static_files_have_another_version_after_any_change(tmp_path, changed):
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("before")
    before = static_version(tmp_path)

    (tmp_path / changed).write_text("after")

    assert static_version(tmp_path) != before
