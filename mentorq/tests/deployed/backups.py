"""A backup by deploy/backup.sh, and its restore as docs/operations.md has it."""

from collections.abc import Iterator
from pathlib import Path

from mentorq.tests.deployed.cluster import NAME
from mentorq.tests.deployed.machine import UNITS, Machine
from mentorq.tests.torture.outcome import Outcome


def backed_up(machine: Machine) -> Path:
    """Run the unit that the timer starts, and return the file."""
    backup = machine.unit("mentorq-backup")
    backup.run_once()
    [file] = (machine.folder / "state" / "backups").glob("*.dump")
    return file


def restore(machine: Machine, file: Path) -> None:
    """Restore into a new database, and let it take the place of the old one, which stays."""
    for name in UNITS:
        machine.units[name].stop()
    machine.cluster.create("mentorq_restored")
    url = machine.cluster.url("mentorq_restored")
    machine.run("pg_restore", "--no-owner", "--no-privileges", "--exit-on-error", f"--dbname={url}", file)
    machine.cluster.execute("ALTER DATABASE {} RENAME TO {}", NAME, "mentorq_before")
    machine.cluster.execute("ALTER DATABASE {} RENAME TO {}", "mentorq_restored", NAME)
    machine.manage("migrate", "--verbosity=0")
    for name in UNITS:
        machine.units[name].start()


def exported(machine: Machine) -> str:
    return machine.manage("exporttickets", "--history", "--feedback")


def restored(machine: Machine) -> Iterator[Outcome]:
    """Yield what a restore brought back, after tickets were opened that the backup does not have."""
    before = exported(machine)
    file = backed_up(machine)
    machine.inside("claims", "1", "5")
    restore(machine, file)
    figures = {
        "tickets": before.count("\n") - 1,
        "differs": exported(machine) != before,
        "tables of others": sorted(machine.cluster.owners() - {NAME}),
        "mode": oct(file.stat().st_mode & 0o777),
        "readable by others": file.stat().st_mode & 0o077,
    }
    none = ["differs", "tables of others", "readable by others"]
    yield Outcome("backup", "backed up, restored beside the old one and renamed", figures, none=none, some=["tickets"])
