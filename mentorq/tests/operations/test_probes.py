"""/healthz and /readyz, as a load balancer asks them."""

import json

import pytest
from django.db import InterfaceError, OperationalError

from mentorq.tests.routes import database_down, error_of


@pytest.mark.parametrize("path", ["/healthz", "/healthz/"])
def test_healthz_is_200_while_the_database_works(client, db, path):
    assert error_of(client.get(path)) == (200, "application/json", {"status": "ok"})


@pytest.mark.parametrize("path", ["/healthz", "/readyz/"])
def test_a_probe_is_answered_whatever_host_it_asks(client, db, path):
    assert client.get(path, headers={"Host": "10.0.0.7:8000"}).status_code == 200


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
@pytest.mark.parametrize("path", ["/healthz", "/healthz/"])
def test_healthz_is_503_while_the_database_does_not_and_the_log_says_why(client, db, path, error, logged):
    client.raise_request_exception = False

    with database_down(error):
        response = client.get(path)

    expected = {"status": "unavailable", "database": "does not answer"}
    assert error_of(response) == (503, "application/json", expected)
    why = json.loads(logged[0])
    assert (why["message"], error.__name__ in why["exc_info"]) == ("The database does not answer", True)
    assert [json.loads(line)["message"].startswith(f"GET {path} 503 ") for line in logged].count(True) == 1
