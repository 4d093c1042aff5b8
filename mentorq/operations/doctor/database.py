"""The database: whether it answers, its migrations, its clock, and the disk under SQLite."""

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader

from mentorq.db import pooler
from mentorq.db.commands import database_name, is_there
from mentorq.operations.doctor.clocks import difference
from mentorq.operations.doctor.findings import Finding, amber, green, red

ABOUT = "database"
MISSING = (
    "Set DATABASE_URL: on a server, run this with the server's environment (docs/operations.md)."
    " A new database is made by `python manage.py migrate`."
)
DOWN = "Start it, or correct DATABASE_URL. Then run this again: keys, upkeep and the database's clock were not looked at."
MIGRATE = "python manage.py migrate"
NEWER = "This code is older than the database. Install the newer version, or restore the backup from before the upgrade."
LITTLE, TOO_LITTLE = 1_000_000_000, 100_000_000  # bytes
OWNER = "Give file and folder to the server's user: chown."
SPACE = "Delete or move files on that disk: without space SQLite refuses every write."


def answers() -> Iterator[Finding]:
    """Yield which database it is and what is wrong with its tables. Makes no SQLite file that is not there."""
    if connection.vendor == "sqlite" and not is_there(str(connection.settings_dict["NAME"])):
        yield red(ABOUT, f"{database_name()}: there is no such database.", MISSING)
        return
    try:
        name, executor = name_and_version(), MigrationExecutor(connection)
    except Error as error:
        why = str(error).strip().partition("\n")[0] or type(error).__name__
        yield red(ABOUT, f"{database_name()} does not answer: {why}", DOWN)
        return
    yield from migrations(name, executor)
    if wrong := pooler.mismatch():
        yield red(ABOUT, wrong, pooler.REMEDY)


def name_and_version() -> str:
    """Return `PostgreSQL 16.4 mentorq at localhost:5432`; raises Error."""
    kind, _, name = database_name().partition(" ")
    version = ".".join(map(str, connection.get_database_version()))
    return f"{kind} {version} {name}"


def migrations(name: str, executor: MigrationExecutor) -> Iterator[Finding]:
    missing = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    unknown = unknown_migrations(executor.loader)
    if missing:
        yield red(ABOUT, f"{name}: {missing} {'migration is' if missing == 1 else 'migrations are'} not applied.", MIGRATE)
    if unknown:
        yield amber(ABOUT, f"{name} has migrations that this version does not know: {', '.join(unknown)}.", NEWER)
    if not missing and not unknown:
        yield green(ABOUT, f"{name}, all migrations applied.")


def unknown_migrations(loader: MigrationLoader) -> list[str]:
    """Those that were applied and have no file. Files that were squashed away do not count."""
    known = {*loader.disk_migrations, *(old for new in loader.disk_migrations.values() for old in new.replaces)}
    applied = {key for key in loader.applied_migrations if key[0] in loader.migrated_apps}
    return sorted(".".join(key) for key in applied - known)


def clock() -> Iterator[Finding]:
    if connection.vendor != "postgresql":
        yield green("clock", "SQLite uses this machine's.")
        return
    connection.ensure_connection()  # not part of the measurement
    before = time.time()
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXTRACT(EPOCH FROM clock_timestamp())")
        at = float(cursor.fetchone()[0])
    yield difference("the database", at - (before + time.time()) / 2)


def disk() -> Iterator[Finding]:
    """Yield the space beside SQLite, and whether it may be written to. PostgreSQL looks after its own."""
    if connection.vendor != "sqlite" or not is_there(file := str(connection.settings_dict["NAME"])) or file == ":memory:":
        return
    folder = Path(file).parent
    for path in (folder, Path(file)):
        if not os.access(path, os.W_OK):
            yield red("disk", f"{path} cannot be written to by this user.", OWNER)
    yield space(folder, shutil.disk_usage(folder).free)


def space(folder: Path, free: int) -> Finding:
    amount = f"{free / 1e9:,.1f} GB" if free >= LITTLE else f"{free / 1e6:,.0f} MB"
    text = f"{amount} are free in {folder}."
    if free >= LITTLE:
        return green("disk", text)
    return (red if free < TOO_LITTLE else amber)("disk", text, SPACE)
