"""The log of granian under deploy/granian-logging.json."""

import json
import signal

import pytest

from mentorq.tests.servers import GRANIAN, migrated, production, running

LOG_CONFIG = "--log-config=deploy/granian-logging.json"
FIELDS = {"at", "level", "logger", "message"}


@pytest.fixture(scope="module")
def lines(tmp_path_factory):
    """All that granian and its workers write from the start to the end."""
    environment = production(migrated(str(tmp_path_factory.mktemp("granian"))))
    command = [*GRANIAN, LOG_CONFIG, "--port={port}", "mentorq.wsgi:application"]
    with running(command, TZ="America/New_York", **environment) as server:
        server.wait_for_workers()
        server.get("/api/nope")
        server.process.send_signal(signal.SIGTERM)
        server.process.wait(30)
        return [json.loads(line) for line in server.output.splitlines()]


def test_every_line_of_granian_is_json_with_the_fields_of_ours(lines):
    granians = [line for line in lines if line["logger"].startswith("_granian")]

    assert {frozenset(line) for line in granians} == {frozenset(FIELDS)}
    assert [line for line in lines if not line.keys() >= FIELDS] == []


def test_the_start_a_warning_the_stop_and_our_requests_are_among_them(lines):
    said = [(line["level"], line["message"]) for line in lines]

    assert said[0] == ("WARNING", lines[0]["message"])
    assert lines[0]["message"].startswith("Configuration allows spawning up to 16 Python threads")
    for message in ("Started worker-1", "Started worker-2", "Stopped worker-1", "Stopped worker-2"):
        assert ("INFO", message) in said
    assert said[-1] == ("INFO", "Granian shutdown completed, see ya!")
    assert [line["status"] for line in lines if line["logger"] == "mentorq.requests"] == [404]


def test_all_instants_are_of_one_zone_whatever_the_servers_is(lines):
    assert [line for line in lines if not line["at"].endswith("+00:00")] == []
    instants = [line["at"] for line in lines if line["logger"] in ("_granian", "mentorq.requests")]
    assert (instants[0], instants[-1]) == (min(instants), max(instants))
