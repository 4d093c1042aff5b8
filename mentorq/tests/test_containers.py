"""deploy/Dockerfile and deploy/compose.yaml say what deploy/systemd and deploy/nginx.conf say."""

import configparser
import http.server
import itertools
import json
import os
import re
import shlex
import subprocess
import sys
import threading
from urllib.parse import urlsplit

import pytest

from mentorq.settings import BASE_DIR
from mentorq.tests.image.composed import services

DEPLOY = BASE_DIR / "deploy"
SYSTEMD = DEPLOY / "systemd"
DOCKERFILE = (DEPLOY / "Dockerfile").read_text()
LAST_STAGE = DOCKERFILE.rpartition("\nFROM ")[2]
HOSTS, ORIGINS = "mentorq.example,b.example", "https://a.example, https://b.example"
ENV = {"POSTGRES_PASSWORD": "secret", "ALLOWED_HOSTS": HOSTS, "CORS_ALLOWED_ORIGINS": ORIGINS, "SECRET_KEY": "x" * 32}
SERVICES = services(ENV)
# The services of each unit.
UNITS = {
    "mentorq-web@": ["web-1", "web-2"],
    "mentorq-live": ["live"],
    "mentorq-upkeep": ["upkeep"],
    "mentorq-backup": ["backup"],
}
OURS = ["web-1", "web-2", "live", "upkeep"]
EACH = pytest.mark.parametrize(
    ("unit", "name"), [(unit, name) for unit, names in UNITS.items() for name in names if name in OURS]
)


def directives(file):
    """What [Service] of a unit says; of a directive that comes twice, the last one."""
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str
    parser.read(file)
    return parser["Service"]


def unit_of(name):
    return directives(SYSTEMD / f"{name}.service")


def instruction(name):
    """The last stage's only instruction of that name."""
    [found] = re.findall(rf"^{name} (.+)$", LAST_STAGE, re.MULTILINE)
    return found


def command_of(name):
    return SERVICES[name].command or json.loads(instruction("CMD"))


def address_of(name):
    return SERVICES[name].described["networks"]["default"]["ipv4_address"]


def test_every_unit_is_a_service():
    assert {file.stem for file in SYSTEMD.glob("*.service")} == set(UNITS)
    assert {*itertools.chain(*UNITS.values()), "db", "migrate", "nginx"} == set(SERVICES)


@EACH
def test_a_service_runs_the_command_of_its_unit(unit, name):
    assert command_of(name) == shlex.split(unit_of(unit)["ExecStart"].replace("%i", "8000"))


@EACH
def test_a_service_has_as_much_time_to_end_as_its_unit(unit, name):
    assert SERVICES[name].described["stop_grace_period"] == unit_of(unit)["TimeoutStopSec"] + "s"


@pytest.mark.parametrize("name", OURS)
def test_a_service_may_open_as_many_files_as_a_unit(name):
    shared = directives(SYSTEMD / "mentorq-.service.d" / "mentorq.conf")

    assert SERVICES[name].described["ulimits"]["nofile"] == int(shared["LimitNOFILE"])


def test_backups_are_made_by_the_script_of_the_unit_and_as_often():
    backup = SERVICES["backup"].described
    [minutes] = re.findall(r"^OnCalendar=\*:00/(\d+)$", (SYSTEMD / "mentorq-backup.timer").read_text(), re.MULTILINE)

    assert "./backup.sh:/backup.sh:ro" in backup["volumes"]
    assert "sh /backup.sh /backups" in backup["command"][-1]
    assert re.findall(r"sleep (\d+)", backup["command"][-1]) == [str(int(minutes) * 60)]
    assert unit_of("mentorq-backup")["ExecStart"].startswith("/srv/mentorq/deploy/backup.sh ")


def test_the_live_stream_keeps_no_metrics_as_in_its_unit():
    unset = unit_of("mentorq-live")["UnsetEnvironment"]

    assert SERVICES["live"].environment[unset] == ""


@pytest.mark.parametrize("name", ["web-1", "web-2"])
def test_a_web_process_has_a_folder_of_metrics_that_is_empty_at_its_start_and_its_own(name):
    folder = SERVICES[name].environment["PROMETHEUS_MULTIPROC_DIR"]
    user, group = instruction("USER").split(":")

    assert SERVICES[name].tmpfs[folder] == f"mode=0700,uid={user},gid={group}"


@pytest.mark.parametrize("name", [*OURS, "migrate"])
def test_a_process_of_ours_can_neither_write_nor_gain_rights(name):
    described = SERVICES[name].described

    assert [described["read_only"], described["cap_drop"], described["security_opt"]] == [
        True, ["ALL"], ["no-new-privileges:true"],
    ]  # fmt: skip


@pytest.mark.parametrize("name", [*OURS, "backup"])
def test_nothing_starts_before_the_tables_are_there(name):
    assert SERVICES[name].described["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}


def test_tables_are_made_once():
    migrate = SERVICES["migrate"].described

    assert migrate["restart"] == "no"
    assert SERVICES["migrate"].command[1:] == ["manage.py", "migrate"]


@pytest.mark.parametrize("name", [name for name in SERVICES if name != "migrate"])
def test_what_dies_is_started_again(name):
    assert SERVICES[name].described["restart"] == "unless-stopped"


@pytest.mark.parametrize("name", [*OURS, "migrate", "backup"])
def test_a_service_uses_the_database_that_the_compose_file_makes(name):
    made = SERVICES["db"].described["environment"]
    url = urlsplit(SERVICES[name].environment["DATABASE_URL"])

    assert [url.username, url.password, url.hostname] == [made["POSTGRES_USER"], "secret", "db"]


def test_env_is_read_as_systemd_and_docker_run_read_it():
    read = {name: service.described.get("env_file") for name, service in SERVICES.items()}

    assert {name for name, files in read.items() if files} == {*OURS, "migrate"}
    assert all(files == [{"path": "../.env", "format": "raw"}] for files in read.values() if files)


def test_only_nginx_can_be_reached_from_outside():
    published = {name: service.described["ports"] for name, service in SERVICES.items() if "ports" in service.described}

    assert published == {"nginx": ["80:80", "443:443"]}


@pytest.mark.parametrize("name", ["db", "backup", "nginx"])
def test_an_image_of_others_has_a_version(name):
    assert re.search(r":\d+(\.\d+|-\w+)$", SERVICES[name].described["image"])


def test_a_backup_is_made_by_the_version_of_the_database():
    assert SERVICES["backup"].described["image"] == SERVICES["db"].described["image"]


@pytest.fixture
def configuration(tmp_path):
    """What nginx.sh makes of nginx.conf, for the environment that compose.yaml gives it."""
    nginx = tmp_path / "nginx"
    nginx.write_text("#!/bin/sh\n")
    nginx.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", **SERVICES["nginx"].environment}
    subprocess.run(["sh", DEPLOY / "nginx.sh", tmp_path / "nginx.conf"], env=environment, check=True)
    return (tmp_path / "nginx.conf").read_text()


def test_nginx_finds_each_process_at_its_address_and_port(configuration):
    addresses = [f"{address_of('web-1')}:8000", f"{address_of('web-2')}:8000", *[f"{address_of('live')}:8002"] * 2]

    assert re.findall(r"^ +server (\S+) max_fails=0;", configuration, re.MULTILINE) == addresses
    assert "127.0.0.1" not in configuration


def test_nginx_gets_the_first_host_and_every_origin(configuration):
    assert re.findall(r"server_name (\S+);", configuration) == ["mentorq.example"]
    assert "/etc/letsencrypt/live/mentorq.example/privkey.pem" in configuration
    assert re.findall(r"(https://\S+) \$http_origin;", configuration.partition("map ")[2]) == [
        "https://a.example", "https://b.example",
    ]  # fmt: skip
    assert "example.org" not in configuration


def test_the_image_runs_as_a_user_without_rights():
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", instruction("USER"))


def test_nothing_is_installed_in_the_stage_that_is_kept():
    assert re.findall(r"apt|curl|pip install|-m venv", LAST_STAGE) == []


@pytest.mark.parametrize("name", ["web-1", "web-2", "live"])
def test_a_container_is_healthy_if_the_port_of_its_command_answers(name):
    check = json.loads(instruction("HEALTHCHECK").partition("CMD ")[2])
    command = command_of(name)

    assert SERVICES[name].health({"Healthcheck": {"Test": ["CMD", *check]}}) == [
        "/srv/mentorq/.venv/bin/python", "deploy/healthcheck.py", command[command.index("--port") + 1],
    ]  # fmt: skip


def test_the_image_gets_what_runs_and_not_the_tests():
    installed = (BASE_DIR / "requirements.txt").read_text().partition("# The tests")
    names = re.findall(r"^[\w-]+", installed[0], re.MULTILINE)

    assert "/^# The tests/,$d" in DOCKERFILE
    assert {"Django", "granian", "psycopg"} <= set(names)
    assert "pytest" in installed[2]


def test_the_image_gets_every_package_and_nothing_that_is_not_named():
    lines = (BASE_DIR / ".dockerignore").read_text().splitlines()[1:]
    packages = {file.parent.name for file in BASE_DIR.glob("mentorq*/__init__.py")}

    assert lines[0] == "*"
    assert {line for line in lines if line.startswith("!mentorq")} == {f"!{package}" for package in packages}
    assert "**/tests" in lines[lines.index("!mentorq") :]


def asked(port):
    """The exit status of the health check."""
    return subprocess.run([sys.executable, DEPLOY / "healthcheck.py", str(port)], check=False).returncode


@pytest.mark.slow
@pytest.mark.parametrize(("status", "expected"), [(200, 0), (503, 1)])
def test_a_health_check_fails_unless_the_answer_is_200(status, expected):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(status if self.path == "/healthz" else 404)
            self.end_headers()

        def log_message(self, *args):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.handle_request, daemon=True)
        thread.start()

        assert asked(server.server_port) == expected
        thread.join()


@pytest.mark.slow
def test_a_health_check_fails_if_nobody_listens():
    with http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as server:
        port = server.server_port

    assert asked(port) == 1


def test_the_documented_commands_name_services_that_are_there():
    text = (BASE_DIR / "docs" / "containers.md").read_text()
    named = re.findall(r"docker compose (?:exec|run --rm|up --detach --no-deps --wait) ([\w-]+)", text)

    assert len(named) > 10
    assert set(named) - set(SERVICES) == set()
