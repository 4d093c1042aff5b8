"""`python -m mentorq.tests.deployed.pooled [COMMAND …]`: the machine with PgBouncer in transaction mode before PostgreSQL.

COMMAND starts PgBouncer; by default `pgbouncer`. Needs nginx, too. It exits with 1 if something is wrong.
"""

import subprocess
import sys
import time
from collections.abc import Iterator
from http import HTTPStatus
from urllib.parse import urlsplit

import requests

from mentorq.tests.deployed.answers import ask
from mentorq.tests.deployed.backups import backed_up
from mentorq.tests.deployed.day import Desk, played, signed_in
from mentorq.tests.deployed.load import under_load
from mentorq.tests.deployed.machine import Machine, machine
from mentorq.tests.deployed.pooler import variable_for, version_of
from mentorq.tests.deployed.restarts import KINDS, opening_streams
from mentorq.tests.servers import BASE_DIR
from mentorq.tests.torture.outcome import Outcome

TICKETS = 12_000  # several times what an export reads at once
SECONDS = 10.0
ERROR = b'"levelname": "ERROR"'


def crowded(on: Machine) -> Iterator[Outcome]:
    """Yield what polls, claims and streams met while they shared few connections."""
    people = on.inside("claims", "20", "20")
    with under_load(on.proxy, people["mentors"], people["tickets"]) as load, opening_streams(on, load):
        time.sleep(SECONDS)
    figures = {**load.done, "failed": load.failed.total(), "first": load.failures[:1]}
    yield Outcome("pooler", "polls, claims and streams", figures, none=["failed"], some=KINDS)


def visited(on: Machine) -> Iterator[Outcome]:
    """Yield the answers of every address of the API's index and of every page of the desk."""
    headers = {"Authorization": f"Bearer {signed_in(on, 'dan', []).access}"}
    paths = [urlsplit(url).path for url in ask(on, "GET", "/api/").json().values()]
    found = {path: ask(on, "GET", path, headers=headers, stream=True).status_code for path in paths}
    found |= Desk(on).sign_in("dan").pages()
    wrong = {path: status for path, status in found.items() if status not in (HTTPStatus.OK, HTTPStatus.METHOD_NOT_ALLOWED)}
    yield Outcome("pooler", "every page", {"pages": len(found), "wrong": wrong}, none=["wrong"], some=["pages"])


def exported(on: Machine) -> Iterator[Outcome]:
    """Yield whether the desk's export through the pooler is the one that a command reads from PostgreSQL itself."""
    on.inside("large", str(TICKETS), "5")
    answer = (
        Desk(on)
        .sign_in("dan")
        .get("/admin/mentorq_backend/ticket/export/jsonl/", status="ALL", _history="on", _feedback="on")
    )
    whole = on.past_the_pooler("exporttickets", "--format=jsonl", "--history", "--feedback")
    figures = {"tickets": answer.text.count("\n"), "differs": answer.text != whole}
    yield Outcome("pooler", "the desk's export", figures, none=["differs"], least={"tickets": TICKETS})


def refused(on: Machine, allowed: str) -> Iterator[Outcome]:
    """Yield what /readyz says with each DATABASE_POOLER: 503 to those that this pooler does not suit."""
    statuses = {variable: ready(on, variable) for variable in ("none", "transaction", "transaction-prepared")}
    right = {"none": 503, "transaction": 200, "transaction-prepared": 200 if allowed == "transaction-prepared" else 503}
    yield Outcome("pooler", "/readyz by DATABASE_POOLER", {**statuses, "differs": statuses != right}, none=["differs"])


def ready(on: Machine, variable: str) -> int:
    own, _ = on.web
    own.stop()
    other = on.unit(own.name, DATABASE_POOLER=variable)
    other.start()
    try:
        return requests.get(f"http://127.0.0.1:{on.ports['8000']}/readyz", timeout=20).status_code
    finally:
        other.stop()
        own.start()


def backed_up_beside(on: Machine) -> Iterator[Outcome]:
    """Yield what the backup has, and whether it is refused without a way to PostgreSQL itself."""
    tables = on.run("pg_restore", "--list", backed_up(on)).count(" TABLE DATA ")
    without = {**on.variables, "DATABASE_DIRECT_URL": ""}
    tried = subprocess.run(["deploy/backup.sh", on.folder], cwd=BASE_DIR, env=without, check=False, capture_output=True)
    is_refused = tried.returncode and b"DATABASE_DIRECT_URL" in tried.stderr
    figures = {"tables": tables, "refused without DATABASE_DIRECT_URL": is_refused}
    yield Outcome("pooler", "a backup past it", figures, some=list(figures))


def logged(on: Machine) -> Iterator[Outcome]:
    errors = {path.name: count for path in on.folder.glob("mentorq-*.log") if (count := path.read_bytes().count(ERROR))}
    yield Outcome("pooler", "errors in the logs", {"errors": errors}, none=["errors"])


def pooled(command: list[str]) -> Iterator[Outcome]:
    with machine(command) as made:
        yield from played(made)
        yield from crowded(made)
        yield from visited(made)
        yield from exported(made)
        yield from backed_up_beside(made)
        yield from logged(made)
        yield from refused(made, variable_for(command))


def main(command: list[str]) -> int:
    print("PgBouncer", ".".join(map(str, version_of(command))), variable_for(command))  # noqa: T201
    broken = 0
    for outcome in pooled(command):
        print(outcome, flush=True)  # noqa: T201
        broken += not outcome.kept
    return min(broken, 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or ["pgbouncer"]))
