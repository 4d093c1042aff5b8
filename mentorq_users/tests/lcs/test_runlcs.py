"""`manage.py runlcs`: the stand-in for a laptop, and for nothing else."""

import io
import os
import signal
import subprocess
import sys
from functools import partial

import pytest
import requests
from django.core.management import CommandError, call_command

from mentorq.tests.servers import free_ports
from mentorq_users.lcs.standin import PEOPLE, DevLCS


@pytest.fixture
def laptop(settings):
    settings.DEBUG = True


@pytest.fixture
def served(laptop, monkeypatch):
    """The servers that the command made; each is interrupted at once, as by Ctrl-C."""
    servers = []

    def interrupted(server: DevLCS) -> None:
        servers.append(server)
        raise KeyboardInterrupt

    monkeypatch.setattr(DevLCS, "serve_forever", interrupted)
    return servers


@pytest.fixture
def free_port():
    return free_ports(1)[0]


def test_runlcs_refuses_to_run_without_debug(served, settings):
    settings.DEBUG = False

    with pytest.raises(CommandError) as error:
        call_command("runlcs", "0")

    assert str(error.value) == "The stand-in is for laptops only, but DEBUG is off: unset SECRET_KEY."
    assert served == []


def test_a_busy_port_is_an_error_of_the_form(laptop, lcs):
    with pytest.raises(CommandError) as error:
        call_command("runlcs", str(lcs.server_port))

    assert (
        str(error.value)
        == f"Port {lcs.server_port} is not available (Address already in use). Choose another: `runlcs 8011`."
    )


@pytest.mark.parametrize("port", ["70000", "-1"])
def test_a_port_that_does_not_exist_is_an_error_of_the_form(laptop, port):
    with pytest.raises(CommandError):
        call_command("runlcs", port)


def test_runlcs_prints_the_url_the_password_and_everybody(served):
    out = io.StringIO()

    call_command("runlcs", "0", stdout=out)

    first, *people = out.getvalue().splitlines()
    assert first == f"LCS's stand-in at {served[0].url}. Everybody's password is 'hackru'."
    assert [line.split()[0] for line in people] == [person["email"] for person in PEOPLE]
    assert people[-1] == "  dora@example.edu     Dora Director (mentor, director)"


def test_a_fault_is_handed_to_the_server(served):
    call_command("runlcs", "0", "--fault", "crashed", stdout=io.StringIO())

    assert [server.fault for server in served] == ["crashed"]


def test_an_unknown_fault_is_refused(served):
    with pytest.raises(CommandError, match="invalid choice: 'hiccups'"):
        call_command("runlcs", "0", "--fault", "hiccups")


def test_the_demo_people_cover_every_role_and_every_kind_of_name():
    roles = [{role for role, held in person["role"].items() if held} for person in PEOPLE]

    assert set().union(*roles) == {"hacker", "volunteer", "judge", "sponsor", "mentor", "organizer", "director"}
    assert {"director", "mentor"} in roles
    assert "" in [person["last_name"] for person in PEOPLE]
    assert any(not person["first_name"].isascii() for person in PEOPLE)
    assert len(PEOPLE) >= 12


def test_as_a_process_it_serves_until_ctrl_c(free_port, settings):
    environment = {name: value for name, value in os.environ.items() if name not in ("SECRET_KEY", "DEBUG")}
    command = [sys.executable, "manage.py", "runlcs", str(free_port)]
    # A script's background job ignores Ctrl-C, and would hand that down.
    heed = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    with subprocess.Popen(
        command, cwd=settings.BASE_DIR, env=environment, stdout=subprocess.PIPE, text=True, preexec_fn=heed
    ) as process:
        try:
            printed = process.stdout.readline()
            answer = requests.post(f"http://127.0.0.1:{free_port}/dev/validate", json={"token": "bad"}, timeout=5).json()
            process.send_signal(signal.SIGINT)
            code = process.wait(timeout=10)
        finally:
            process.kill()

    assert printed == f"LCS's stand-in at http://127.0.0.1:{free_port}/dev. Everybody's password is 'hackru'.\n"
    assert (answer, code) == ({"statusCode": 403, "body": "Token is invalid or expired"}, 0)
