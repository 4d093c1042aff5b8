"""The rules for Prometheus in deploy/prometheus: they speak of what there is, and each is tested.

promtool runs their tests in `mentorq.tests.deployed`.
"""

import re

import pytest
import yaml
from django.db import connection

from mentorq.operations.metrics import registry
from mentorq.settings import BASE_DIR
from mentorq_backend.upkeep.models import Heartbeat

FOLDER = BASE_DIR / "deploy/prometheus"
(GROUP,) = yaml.safe_load((FOLDER / "alerts.yml").read_text())["groups"]
RULES = {rule["alert"]: rule for rule in GROUP["rules"]}
OF_POSTGRESQL = {"mentorq_database_connections", "mentorq_database_connections_max"}


@pytest.mark.parametrize("name", RULES)
def test_an_alert_waits_a_while_and_says_how_bad_it_is_and_what_to_do(name):
    rule = RULES[name]

    assert (set(rule), set(rule["labels"])) == ({"alert", "expr", "for", "labels", "annotations"}, {"severity"})
    assert rule["labels"]["severity"] in ("critical", "warning")
    assert set(rule["annotations"]) == {"summary", "description", "runbook"}
    assert (BASE_DIR / rule["annotations"]["runbook"].partition("#")[0]).is_file()


def test_an_alert_speaks_of_metrics_that_there_are(db):
    Heartbeat.objects.beat()
    named = set(re.findall(r"\bmentorq_\w+", " ".join(rule["expr"] for rule in RULES.values())))

    known = {family.name for family in registry().collect()}
    known |= OF_POSTGRESQL if connection.vendor == "sqlite" else set()
    assert {re.sub("_(bucket|count)$", "", name) for name in named} - known == set()


def test_every_alert_is_tested():
    text = (FOLDER / "alerts_test.yml").read_text()

    assert [name for name in RULES if name not in text] == []
