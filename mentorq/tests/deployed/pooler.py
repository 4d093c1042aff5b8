"""PgBouncer with deploy/pgbouncer.ini: only ports, paths and the size of its pool differ."""

import os
import pwd
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg

from mentorq.tests.deployed.cluster import NAME, Cluster
from mentorq.tests.servers import BASE_DIR

CONFIGURATION = BASE_DIR / "deploy" / "pgbouncer.ini"
PREPARES_SINCE = (1, 22)  # with DEALLOCATE ALL, which psycopg sends after a rollback
PASSWORD = "a-password-that-no-URL-has"
FEW = 4  # connections to PostgreSQL: fewer than the threads of one process, so that transactions change places


def version_of(command: list[str]) -> tuple[int, ...]:
    output = subprocess.run([*command, "--version"], check=True, stdout=subprocess.PIPE, text=True).stdout
    return tuple(map(int, re.findall(r"\d+", output.splitlines()[0])))


def variable_for(command: list[str]) -> str:
    return "transaction-prepared" if version_of(command) >= PREPARES_SINCE else "transaction"


def adapted(text: str, folder: Path, port: int, socket: str, *, prepares: bool) -> str:
    """Return deploy/pgbouncer.ini for this folder and for a PostgreSQL that listens on a socket."""
    text = text.replace("host=127.0.0.1 port=5432", f"host={socket}").replace("6432", str(port)).replace(", 10.0.0.1", "")
    for name in ("/var/run/postgresql", "/var/log/postgresql", "/etc/pgbouncer"):
        text = text.replace(name, str(folder))
    text = text.replace("default_pool_size = 20", f"default_pool_size = {FEW}")
    return text.replace(";max_prepared_statements", "max_prepared_statements") if prepares else text


@contextmanager
def pgbouncer(command: list[str], folder: Path, port: int, cluster: Cluster) -> Iterator[str]:
    """A PgBouncer before that cluster; yields the URL of the database there, without PASSWORD. Ends with the block."""
    [socket] = parse_qs(urlsplit(cluster.superuser).query)["host"]
    own = folder / "pooler"
    own.mkdir()
    prepares = version_of(command) >= PREPARES_SINCE
    (own / "pgbouncer.ini").write_text(adapted(CONFIGURATION.read_text(), own, port, socket, prepares=prepares))
    (own / "userlist.txt").write_text(f'"{NAME}" "{PASSWORD}"\n')
    user = pwd.getpwuid(Path(socket).stat().st_uid).pw_name  # it refuses to run as root
    give(folder, own, user)
    process = subprocess.Popen(
        [*command, "--quiet", *(["--user", user] if os.geteuid() == 0 else []), own / "pgbouncer.ini"]
    )
    try:
        yield wait_for(f"postgresql://{NAME}@127.0.0.1:{port}/{NAME}")
    finally:
        process.terminate()
        process.wait(10)


def give(folder: Path, own: Path, user: str) -> None:
    """Let that user into `own`, which is inside of `folder`."""
    folder.chmod(0o711)
    for path in (own, *own.iterdir()):
        shutil.chown(path, user)


def wait_for(url: str) -> str:
    deadline = time.monotonic() + 10
    while True:
        try:
            psycopg.connect(url, password=PASSWORD).close()
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return url
