"""Whether a pooler stands before PostgreSQL. `mentorq.tests.deployed.pooled` looks at real ones."""

import psycopg
import pytest
from django.db import connection

from mentorq.db.pooler import REMEDY, UNDECLARED, UNPREPARED, mismatch
from mentorq.environment import database
from mentorq.settings import BASE_DIR
from mentorq.tests.operations.doctor.lines import wrong
from mentorq.tests.routes import error_of

ON_POSTGRESQL = connection.vendor == "postgresql"
PREPARED = "SELECT count(*) FROM pg_prepared_statements WHERE name LIKE 'mentorq%'"


@pytest.fixture
def behind_a_pooler(db, monkeypatch):
    """Let psycopg have heard a made-up process id, as a pooler tells it."""
    monkeypatch.setattr(psycopg.ConnectionInfo, "backend_pid", 2**31 - 1)


@pytest.fixture
def declare(monkeypatch):
    """Let this process have started with that DATABASE_POOLER."""

    def do(pooler):
        declared = database("postgres://host/mentorq", BASE_DIR, pooler)
        monkeypatch.setitem(
            connection.settings_dict, "DISABLE_SERVER_SIDE_CURSORS", declared["DISABLE_SERVER_SIDE_CURSORS"]
        )
        threshold = {"prepare_threshold": declared["OPTIONS"]["prepare_threshold"]}
        monkeypatch.setitem(connection.settings_dict, "OPTIONS", connection.settings_dict["OPTIONS"] | threshold)

    return do


@pytest.mark.parametrize("pooler", ["none", "transaction", "transaction-prepared"])
def test_without_a_pooler_every_variable_suits(db, declare, pooler):
    declare(pooler)

    assert mismatch() == ""


@pytest.mark.parametrize(
    ("pooler", "expected"),
    [("none", UNDECLARED), ("transaction", ""), ("transaction-prepared", UNPREPARED)],
)
def test_a_pooler_without_prepared_statements_wants_to_be_declared_as_such(behind_a_pooler, declare, pooler, expected):
    declare(pooler)

    assert mismatch() == (expected if ON_POSTGRESQL else "")


def test_to_ask_leaves_no_prepared_statement_behind(behind_a_pooler, declare):
    declare("transaction-prepared")

    mismatch()

    if ON_POSTGRESQL:
        with connection.cursor() as cursor:
            cursor.execute(PREPARED)
            assert cursor.fetchone() == (0,)


def test_readyz_is_503_and_says_what_to_set(behind_a_pooler, client):
    answer = error_of(client.get("/readyz"))

    if ON_POSTGRESQL:
        body = {"status": "unavailable", "database": f"{UNDECLARED} {REMEDY}"}
        assert answer == (503, "application/json", body)
    else:
        assert answer[0] == 200


def test_the_doctor_has_a_red_line(behind_a_pooler):
    lines, _ = wrong()

    named = [line for line in lines if line[0].startswith("red    database")]
    assert named == ([(f"red    database: {UNDECLARED}", REMEDY)] if ON_POSTGRESQL else [])
