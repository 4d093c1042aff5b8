"""The whole deployment on one machine: PostgreSQL, nginx with TLS, two web processes, the live stream and upkeep."""

import json
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mentorq.tests.bench.databases import SECRET_KEY, UNLIMITED
from mentorq.tests.deployed.cluster import Cluster, cluster
from mentorq.tests.deployed.pooler import PASSWORD, pgbouncer, variable_for
from mentorq.tests.deployed.proxy import HOST, Proxy, nginx
from mentorq.tests.deployed.units import Unit
from mentorq.tests.servers import BASE_DIR, BIN, free_ports
from mentorq_users.lcs.standin import DevLCS

ORIGIN = "https://frontend.example"
METRICS_TOKEN = "the-token-that-prometheus-sends"
PORTS = ["80", "443", "6432", "8000", "8001", "8002"]
WEB = ["mentorq-web@8000", "mentorq-web@8001"]
UNITS = [*WEB, "mentorq-live", "mentorq-upkeep"]


@dataclass
class Machine:
    """What an operator has before them."""

    folder: Path
    cluster: Cluster
    lcs: DevLCS
    proxy: Proxy
    ports: dict[str, int]
    variables: dict[str, str]
    units: dict[str, Unit]

    @property
    def web(self) -> list[Unit]:
        return [self.units[name] for name in WEB]

    @property
    def live(self) -> Unit:
        return self.units["mentorq-live"]

    def unit(self, name: str, **others: str) -> Unit:
        return Unit(name, self.folder, self.ports, {**self.variables, **others})

    def run(self, *command: str | Path, **others: str) -> str:
        """Run a command with the units' environment and return what it printed; raises CalledProcessError."""
        variables = {**self.variables, **others}
        return subprocess.run(command, cwd=BASE_DIR, env=variables, check=True, stdout=subprocess.PIPE, text=True).stdout

    def manage(self, *words: str) -> str:
        return self.run(BIN / "python", "manage.py", *words)

    def past_the_pooler(self, *words: str) -> str:
        direct = self.variables["DATABASE_DIRECT_URL"]
        return self.run(BIN / "python", "manage.py", *words, DATABASE_URL=direct, DATABASE_POOLER="")

    def inside(self, *words: str) -> Any:
        """Run a command of `mentorq.tests.bench.inside` on the machine's database."""
        return json.loads(self.run(BIN / "python", "-m", "mentorq.tests.bench.inside", *words))


def replaced_ports() -> dict[str, int]:
    return dict(zip(PORTS, free_ports(len(PORTS)), strict=True))


def environment(database: Cluster, lcs: DevLCS) -> dict[str, str]:
    """Return /etc/mentorq.env but for the database, and PATH."""
    return {
        "PATH": database.path, "SECRET_KEY": SECRET_KEY, "ALLOWED_HOSTS": HOST, "CORS_ALLOWED_ORIGINS": ORIGIN,
        "CSRF_TRUSTED_ORIGINS": f"https://{HOST}", "NUM_PROXIES": "1",
        "LCS_BASE_URL": lcs.url, "METRICS_TOKEN": METRICS_TOKEN, **UNLIMITED,
    }  # fmt: skip


@contextmanager
def database_variables(database: Cluster, pooler: list[str], folder: Path, port: int) -> Iterator[dict[str, str]]:
    """MentorQ's way to the database: through a pooler if there is a command that starts one."""
    if not pooler:
        yield {"DATABASE_URL": database.url()}
        return
    with pgbouncer(pooler, folder, port, database) as url:
        direct = {"DATABASE_DIRECT_URL": database.url(), "PGPASSWORD": PASSWORD}
        yield {"DATABASE_URL": url, "DATABASE_POOLER": variable_for(pooler), **direct}


@contextmanager
def machine(pooler: Sequence[str] = ()) -> Iterator[Machine]:
    """Set up everything, and end everything with the block. `pooler` is the command of a PgBouncer, if one is wanted."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        database = stack.enter_context(cluster())
        lcs = DevLCS()
        stack.enter_context(lcs.serving())
        ports = replaced_ports()
        proxy = stack.enter_context(nginx(folder, ports, ORIGIN))
        way = stack.enter_context(database_variables(database, [*pooler], folder, ports["6432"]))
        made = Machine(folder, database, lcs, proxy, ports, {**environment(database, lcs), **way}, {})
        made.manage("migrate", "--verbosity=0")
        for name in UNITS:
            unit = made.units[name] = made.unit(name)
            stack.callback(unit.stop)
            unit.start()
        yield made
