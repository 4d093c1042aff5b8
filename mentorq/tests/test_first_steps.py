"""What a newcomer types, in bash: the snippets of the README, of `manage.py demo` and of `/api/docs/`, and `make run`."""

import json
import os
import re
import socket
import subprocess
import sys
from io import StringIO
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.core.management import call_command

from mentorq.api.document import DESCRIPTION
from mentorq.settings import BASE_DIR
from mentorq.tests.servers import free_ports
from mentorq_backend.models import Ticket

README = (BASE_DIR / "README.md").read_text()
SNIPPET = re.search(r"## A first conversation.*?```sh\n(.*?)```", README, re.DOTALL)[1]
NOWHERE = "http://127.0.0.1:9"


def bash(script, **variables):
    command = ["bash", "-c", script]
    environment = {"PATH": os.environ["PATH"], **variables}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)


def test_the_snippet_of_the_readme_works_on_other_ports(live_server, lcs, person):
    done = bash(SNIPPET, API=live_server.url, LCS=lcs.url)

    url, _, printed = done.stdout.partition("\n")
    claimed, closed, figures = map(json.loads, re.findall(r"^{.*?^}", printed, re.DOTALL | re.MULTILINE))
    ticket = Ticket.objects.get()
    assert (done.returncode, done.stderr) == (0, "")
    assert (url, ticket.status, ticket.mentor_email) == (
        f"{live_server.url}/api/tickets/{ticket.pk}/", "CLOSED", "mia@example.edu"
    )  # fmt: skip
    assert [claimed["status"], closed["status"]] == ["CLAIMED", "CLOSED"]
    assert figures["Closed Tickets"] == 1


@pytest.mark.parametrize("step", [1, 2, 3])
def test_a_step_of_the_snippet_that_is_refused_says_so(live_server, lcs, step):
    steps = SNIPPET[SNIPPET.index("# Ada, a hacker") :].split("\n\n")[step - 1]
    functions = SNIPPET[: SNIPPET.index("ADA=")]

    done = bash(f"{functions}\nTICKET={live_server.url}/api/tickets/1/\n{steps}", API=live_server.url, LCS=lcs.url)

    assert "curl: (22) The requested URL returned error: 401" in done.stderr


def test_the_snippet_names_its_ports_once():
    assert re.findall(r"\S*127\.0\.0\.1\S*", SNIPPET) == [
        "API=${API:-http://127.0.0.1:8000}", "LCS=${LCS:-http://127.0.0.1:8001/dev}"
    ]  # fmt: skip


@pytest.mark.parametrize("missing", ["API", "LCS"])
@pytest.mark.parametrize("email", ["ada@example.edu"])
def test_a_sign_in_that_fails_says_so_and_gives_no_token(live_server, lcs, missing, email):
    servers = {"API": live_server.url, "LCS": lcs.url, missing: NOWHERE}
    functions = SNIPPET[: SNIPPET.index("ADA=")]

    done = bash(f"{functions}\nsign_in {email}", **servers)

    assert (done.returncode != 0, done.stdout) == (True, "")
    assert "curl: (7) Failed to connect to 127.0.0.1 port 9" in done.stderr


def test_a_sign_in_that_is_refused_says_so_and_gives_no_token(live_server, lcs):
    functions = SNIPPET[: SNIPPET.index("ADA=")]

    done = bash(f"{functions}\nsign_in nobody@example.edu", API=live_server.url, LCS=lcs.url)

    assert (done.returncode != 0, done.stdout, done.stderr != "") == (True, "", True)


def test_the_snippet_of_the_demo_works_on_other_ports(live_server, lcs, settings):
    settings.DEBUG = True
    page = StringIO()
    call_command("demo", urlsplit(live_server.url).port, stdout=page)
    snippet = page.getvalue().partition("Try it in another terminal")[2].partition("\n")[2]

    done = bash(snippet.replace("127.0.0.1:" + str(urlsplit(live_server.url).port), urlsplit(live_server.url).netloc))

    assert (done.returncode, done.stderr) == (0, "")
    assert len(json.loads(done.stdout)) == 120


def test_the_snippet_of_the_docs_page_gives_the_two_tokens(live_server, lcs):
    snippet = re.search(r"```sh\n(.*?)```", DESCRIPTION, re.DOTALL)[1]

    done = bash(snippet, API=live_server.url, LCS=lcs.url, EMAIL="mia@example.edu")

    assert (done.returncode, done.stderr) == (0, "")
    assert list(json.loads(done.stdout)) == ["access", "refresh"]


# make run


def make_run(tmp_path, *arguments):
    """What `make run` says if all is installed: its own Python, which does nothing."""
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho it runs\n")
    python.chmod(0o755)
    command = ["make", "--no-print-directory", "-o", ".venv/run", "run", f"BIN={tmp_path}", f"PYTHON={sys.executable}"]
    environment = {"PATH": os.environ["PATH"]}
    return subprocess.run([*command, *arguments], cwd=BASE_DIR, env=environment, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("name", ["PORT", "LCS_PORT", "LIVE_PORT"])
def test_a_port_that_is_taken_is_said_before_anything_else_with_the_remedy(tmp_path, name):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        busy = taken.getsockname()[1]
        ports = {**dict(zip(["PORT", "LCS_PORT", "LIVE_PORT"], free_ports(3), strict=True)), name: busy}

        done = make_run(tmp_path, *(f"{variable}={port}" for variable, port in ports.items()))

    expected = f"Port {busy} is in use: make run PORT=8010 LCS_PORT=8011 LIVE_PORT=8012\n"
    assert (done.returncode != 0, done.stdout) == (True, expected)


@pytest.mark.parametrize("name", ["LCS_PORT", "LIVE_PORT"])
def test_the_ports_must_differ(tmp_path, name):
    done = make_run(tmp_path, "PORT=8010", f"{name}=8010")

    assert (done.returncode != 0, done.stdout) == (
        True,
        "PORT, LCS_PORT and LIVE_PORT must differ: make run PORT=8010 LCS_PORT=8011 LIVE_PORT=8012\n",
    )


def test_free_ports_are_no_obstacle(tmp_path):
    port, lcs_port, live_port = free_ports(3)

    done = make_run(tmp_path, f"PORT={port}", f"LCS_PORT={lcs_port}", f"LIVE_PORT={live_port}")

    assert "it runs\n" in done.stdout
    assert "is in use" not in done.stdout


def test_the_silent_minute_of_an_installation_is_announced():
    makefile = Path(BASE_DIR / "Makefile").read_text()

    for target in ("run", "dev"):
        recipe = re.search(rf"^\.venv/{target}:.*?\n\n", makefile, re.DOTALL | re.MULTILINE)[0]
        assert recipe.index("this takes a minute") < recipe.index("pip install")
