"""What can be said of deploy/'s files without running them."""

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from mentorq.tests.deployed.units import SYSTEMD
from mentorq.tests.servers import BASE_DIR
from mentorq.tests.torture.outcome import Outcome

PROMETHEUS = BASE_DIR / "deploy" / "prometheus"
EXPOSURE = re.compile(r"Overall exposure level for (\S+): ([\d.]+)")
OK = 4.9  # up to here systemd-analyze says OK or better
SERVICES = ["mentorq-web@8000", "mentorq-live", "mentorq-upkeep", "mentorq-backup"]
PROGRAMS = [
    "srv/mentorq/.venv/bin/granian", "srv/mentorq/.venv/bin/python", "srv/mentorq/deploy/backup.sh", "usr/bin/curl",
    "bin/sh",
]  # fmt: skip


def checked() -> Iterator[Outcome]:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        install(root)
        exposures = {name: exposure(root, name) for name in SERVICES}
        complaints = [*verify(root), *output("sh", "-n", BASE_DIR / "deploy" / "backup.sh")]
    yield Outcome(
        "systemd", "exposure of each unit; complaints", {**exposures, "complaints": complaints}, none=["complaints"],
        most=dict.fromkeys(SERVICES, OK),
    )  # fmt: skip
    complaints = [
        *output("promtool", "check", "config", "--syntax-only", PROMETHEUS / "prometheus.yml"),
        *output("promtool", "check", "rules", PROMETHEUS / "alerts.yml"),
        *output("promtool", "test", "rules", PROMETHEUS / "alerts_test.yml"),
    ]
    yield Outcome(
        "Prometheus",
        "promtool on the configuration, the alerts and their tests",
        {"complaints": complaints},
        none=["complaints"],
    )


def install(root: Path) -> None:
    """Copy the units to `root`, beside systemd's own, with a program in each place where they expect one."""
    shutil.copytree(SYSTEMD, root / "etc" / "systemd" / "system")
    shutil.copytree("/lib/systemd/system", root / "lib" / "systemd" / "system", symlinks=True)
    for program in PROGRAMS:
        file = root / program
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
        file.chmod(0o755)


def exposure(root: Path, name: str) -> float:
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", f"--root={root}", f"{name}.service"]
    printed = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False, text=True).stdout
    found = EXPOSURE.search(printed)
    return float(found[2]) if found else 10.0


def verify(root: Path) -> list[str]:
    """systemd-analyze also speaks of the other units of Debian."""
    units = [f"{name}.service" for name in SERVICES] + ["mentorq-backup.timer"]
    lines = output("systemd-analyze", "verify", "--man=no", f"--root={root}", *units, always=True)
    return [line for line in lines if "mentorq" in line]


def output(*command: str | Path, always: bool = False) -> list[str]:
    """Return the lines that the command printed, if it failed or `always`."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, text=True)
    return done.stdout.splitlines() if done.returncode or always else []
