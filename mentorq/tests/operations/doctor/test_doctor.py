"""What `manage.py doctor` says of mistakes on the server itself. Each is planted into a deployment that is all green."""

import os
import re
import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from mentorq.db.commands import database_name
from mentorq.tests.operations.doctor.conftest import Usage
from mentorq.tests.operations.doctor.lines import doctor, wrong
from mentorq.tests.operations.processes import KEY, SERVER, run
from mentorq.tests.servers import migrated
from mentorq_backend.models import Event
from mentorq_backend.notices.models import Webhook
from mentorq_backend.upkeep.models import Heartbeat

UPKEEP = "Start it on one of the servers: python manage.py upkeep"
OLD_KEY = "Put the key that they were stored with behind the new one in LCS_TOKEN_KEYS"
OTHER_KEY = "another-key-of-more-than-thirty-two-bytes"


def test_a_healthy_deployment_is_green_from_top_to_bottom(healthy, lcs):
    text, code = doctor()

    lines = re.sub(r"seen \d s", "seen 0 s", text).splitlines()
    kind, _, name = database_name().partition(" ")
    assert re.fullmatch(rf"green  database: {kind} [\d.]+ {re.escape(name)}, all migrations applied\.", lines.pop(0))
    clock = "It agrees with that of the database, within 5 s."
    if connection.vendor == "sqlite":
        clock = "SQLite uses this machine's."
        assert lines.pop(0).startswith("green  disk: 5.0 GB are free in /")
    assert (lines, code) == (
        [
            f"green  LCS: {lcs.url} answers as LCS does.",
            "green  clock: It agrees with that of LCS, within 5 s.",
            "green  hosts: ALLOWED_HOSTS is mentorq.example.",
            "green  origins: CORS_ALLOWED_ORIGINS is https://frontend.example.",
            "green  keys: SECRET_KEY is set. LCS_TOKEN_KEYS is not set: SECRET_KEY encrypts, too.",
            "green  metrics: They are off: METRICS_TOKEN is not set.",
            f"green  clock: {clock}",
            "green  upkeep: Last seen 0 s ago.",
        ],
        0,
    )


def test_it_changes_nothing_in_the_database(healthy, django_assert_max_num_queries):
    with django_assert_max_num_queries(100) as done:
        doctor()

    assert [query["sql"] for query in done if re.match(r"\s*(INSERT|UPDATE|DELETE|CREATE|ALTER)", query["sql"])] == []


# The database


@pytest.fixture
def on_a_server(lcs):
    """Run it as its operator does, in a process of its own, with these variables."""
    lcs.people.clear()

    def start(**variables):
        environment = {
            **SERVER,
            "ALLOWED_HOSTS": "mentorq.example",
            "CORS_ALLOWED_ORIGINS": "https://frontend.example",
            "LCS_BASE_URL": lcs.url,
            **variables,
        }
        process = run("manage.py", "doctor", **environment)
        assert process.stderr == ""
        return process.stdout.splitlines(), process.returncode

    return start


def test_a_database_without_its_migrations(on_a_server, tmp_path):
    with closing(sqlite3.connect(tmp_path / "empty.sqlite3")) as empty:
        empty.execute("CREATE TABLE somebody_elses (id INTEGER)")

    lines, code = on_a_server(DATABASE_URL=f"sqlite:///{tmp_path}/empty.sqlite3")

    version = ".".join(map(str, sqlite3.sqlite_version_info))
    said = re.fullmatch(
        rf"red    database: SQLite {version} {tmp_path}/empty.sqlite3: (\d+) migrations are not applied\.", lines[0]
    )
    assert (int(said[1]) > 20, lines[1], code) == (True, "       python manage.py migrate", 1)
    assert [line for line in lines if line.startswith(("amber", "red"))] == lines[:1]


def test_a_database_that_does_not_answer_and_its_password_stays_secret(on_a_server):
    lines, code = on_a_server(DATABASE_URL="postgres://mentorq:s3cret@127.0.0.1:1/queue")

    assert lines[0].startswith("red    database: PostgreSQL queue at 127.0.0.1:1 does not answer: ")
    assert lines[1] == (
        "       Start it, or correct DATABASE_URL."
        " Then run this again: keys, upkeep and the database's clock were not looked at."
    )
    assert [line for line in lines if line.startswith(("amber", "red"))] == lines[:1]
    assert ("s3cret" in "".join(lines), code) == (False, 1)


def test_a_sqlite_file_that_is_not_there_is_not_made(on_a_server, tmp_path):
    lines, code = on_a_server(DATABASE_URL=f"sqlite:///{tmp_path}/none.sqlite3")

    assert (lines[:2], code) == (
        [
            f"red    database: SQLite {tmp_path}/none.sqlite3: there is no such database.",
            "       Set DATABASE_URL: on a server, run this with the server's environment (docs/operations.md)."
            " A new database is made by `python manage.py migrate`.",
        ],
        1,
    )
    assert list(tmp_path.iterdir()) == []


def test_migrations_that_only_a_newer_version_has(healthy):
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO django_migrations (app, name, applied) VALUES ('mentorq_backend', '9999_later', %s)",
            [timezone.now()],
        )

    (line, remedy), *others = wrong()[0]

    assert line.endswith("has migrations that this version does not know: mentorq_backend.9999_later.")
    assert remedy == (
        "This code is older than the database. Install the newer version, or restore the backup from before the upgrade."
    )
    assert (line[:16], others) == ("amber  database:", [])


if connection.vendor == "sqlite":  # PostgreSQL looks after its own disk

    @pytest.mark.parametrize(("free", "level", "code"), [(99_000_000, "red   ", 1), (999_000_000, "amber ", 0)])
    def test_a_disk_that_is_nearly_full(healthy, monkeypatch, free, level, code):
        monkeypatch.setattr("shutil.disk_usage", lambda folder: Usage(free))

        folder = os.path.dirname(connection.settings_dict["NAME"])
        line = f"{level} disk: {free // 1_000_000} MB are free in {folder}."
        assert wrong() == ([(line, "Delete or move files on that disk: without space SQLite refuses every write.")], code)


if connection.vendor == "sqlite":  # PostgreSQL looks after its own files

    def test_a_sqlite_file_of_somebody_else(healthy, monkeypatch):
        monkeypatch.setattr("os.access", lambda path, mode: os.path.isdir(path))

        file = connection.settings_dict["NAME"]
        line = f"red    disk: {file} cannot be written to by this user."
        assert wrong() == ([(line, "Give file and folder to the server's user: chown.")], 1)


# Hosts, origins, keys


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("ALLOWED_HOSTS", "Only requests to localhost are answered. Set it to the server's host name."),
        ("CORS_ALLOWED_ORIGINS", "Only a frontend on localhost may call the API. Set it to the frontend's origin."),
    ],
)
def test_a_variable_that_a_server_needs_and_does_not_have(healthy, monkeypatch, name, remedy):
    monkeypatch.delenv(name)

    assert wrong() == ([(f"red    settings: {name} is not set.", remedy)], 1)


def test_any_host_at_all(healthy):
    healthy.ALLOWED_HOSTS = ["*"]

    remedy = "Name the hosts: with * a stranger's Host header gets into the URLs of answers."
    assert wrong() == ([("amber  hosts: ALLOWED_HOSTS has *, so any host is answered.", remedy)], 0)


def test_debug_on_a_server(healthy):
    healthy.DEBUG = True

    ((line, _),), code = wrong()

    assert (line, code) == ("red    settings: You should not have DEBUG set to True in deployment.", 1)


def test_a_short_key_of_lcs_tokens(healthy):
    healthy.LCS_TOKEN_KEYS = ["short"]

    line = "amber  settings: The first of LCS_TOKEN_KEYS has less than 32 bytes."
    assert wrong() == ([(line, "Put a longer one in front, and drop this one after three days.")], 0)


def test_keys_that_open_no_stored_token(healthy, person):
    person("ada"), person("mia")
    healthy.LCS_TOKEN_KEYS = [OTHER_KEY]

    line = "amber  keys: No key opens the LCS tokens of the last 2 sign-ins."
    remedy = f"{OLD_KEY}. Otherwise roles stay as they are until these people sign in again."
    assert wrong() == ([(line, remedy)], 0)


def test_keys_that_open_the_token_of_the_last_sign_in_are_fine(healthy, person):
    person("ada")
    healthy.LCS_TOKEN_KEYS = [OTHER_KEY]
    person("mia")

    assert wrong() == ([], 0)


def test_keys_that_do_not_open_a_webhook(healthy):
    healthy.NOTICES_TO_PRIVATE_ADDRESSES = True
    webhook = Webhook(name="Mentors", kind="slack", tells=["opened"])
    webhook.url = "https://hooks.slack.example/only-here"
    webhook.save()
    healthy.LCS_TOKEN_KEYS = [OTHER_KEY]

    remedy = f"{OLD_KEY}, or enter the URL anew: nothing is delivered."
    assert wrong() == ([("red    keys: No key opens the URL of webhook Mentors.", remedy)], 1)


def test_a_command_without_the_servers_environment_is_a_laptop(tmp_path, lcs):
    process = run("manage.py", "doctor", DATABASE_URL=migrated(str(tmp_path)), LCS_BASE_URL=lcs.url)

    not_green = [line for line in process.stdout.splitlines() if not line.startswith("green")]
    assert (not_green, process.returncode) == (
        [
            "amber  keys: SECRET_KEY is not set, so this is a laptop: nothing here says how the server is.",
            "       On a server, run this with the server's environment: docs/operations.md.",
        ],
        0,
    )


def test_a_key_that_everybody_can_read_stops_even_the_doctor():
    process = run("manage.py", "doctor", SECRET_KEY="make-one-with-python-c-import-secrets-print-secrets-token-urlsafe-64")

    assert "ImproperlyConfigured: SECRET_KEY is an example that everybody can read" in process.stderr
    assert (process.stdout, process.returncode) == ("", 1)


# Metrics and upkeep


def test_a_folder_of_metrics_that_is_not_there(healthy, tmp_path, monkeypatch):
    healthy.METRICS_TOKEN, healthy.PROMETHEUS_MULTIPROC_DIR = "s3cret", f"{tmp_path}/gone"
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", f"{tmp_path}/gone")

    line = f"red    metrics: {tmp_path}/gone (PROMETHEUS_MULTIPROC_DIR) is missing or cannot be written to."
    remedy = (
        "Make an empty folder that belongs to the server's user (RuntimeDirectory= in the unit does it). A server does"
        " not start without it. Right if the server is stopped."
    )
    assert wrong() == ([(line, remedy)], 1)


def test_metrics_without_a_folder(healthy, monkeypatch):
    monkeypatch.delenv("PROMETHEUS_MULTIPROC_DIR", raising=False)
    healthy.METRICS_TOKEN = "s3cret"

    line = "amber  settings: METRICS_TOKEN is set, PROMETHEUS_MULTIPROC_DIR is not."
    assert wrong() == ([(line, "Name an empty folder that all workers may write to.")], 0)


def test_upkeep_that_nobody_started_although_an_event_needs_it(healthy):
    Heartbeat.objects.all().delete()
    Event.objects.create(name="HackRU", opens=timezone.now() - timedelta(hours=1), expire_after=60)

    line = "amber  upkeep: Never seen. Upkeep is not running, and events need it."
    assert wrong() == ([(line, UPKEEP)], 0)


def test_a_webhook_that_was_switched_off(healthy):
    Webhook.objects.create(name="Mentors", kind="slack", is_on=False, why_off="Its receiver is gone.")

    line = "amber  webhooks: Webhook Mentors is off. Its receiver is gone."
    assert wrong() == ([(line, "Look at what its receiver answers, then switch it on at the desk.")], 0)


# All of it


def test_no_secret_is_printed(healthy, person, monkeypatch, lcs):
    person("ada")
    healthy.METRICS_TOKEN, healthy.LCS_TOKEN_KEYS = "a-metrics-token", [OTHER_KEY]
    lcs.fault = "html"

    text, _ = doctor()

    secrets = [KEY, OTHER_KEY, "a-metrics-token", "an LCS token", "gAAAA"]
    assert [secret for secret in secrets if secret in text] == []


@pytest.mark.parametrize(
    "url",
    ["mentorq.example", "http://mentorq.example", "https://", "https://mentorq.example/api", "https://a:b@mentorq.example",
     "https://mentorq.example:x", "https://[::1", ""],
)  # fmt: skip
def test_a_url_that_is_none_is_refused_by_its_option(db, url):
    with pytest.raises(CommandError, match=r"^--url: give scheme and host and no path, such as https://mentorq"):
        call_command("doctor", url=url)


def test_certificates_that_are_not_there_are_refused_by_their_option(db):
    with pytest.raises(CommandError, match=r"^--ca: there is no file /nowhere/ca\.pem\.$"):
        call_command("doctor", url="https://mentorq.example", ca="/nowhere/ca.pem")
