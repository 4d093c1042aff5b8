"""The units of deploy/systemd, run as systemd would run them, on a machine where it may not run."""

import os
import re
import shlex
import signal
import subprocess
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import psutil

from mentorq.tests.servers import BASE_DIR, BIN

SYSTEMD = BASE_DIR / "deploy" / "systemd"
SHARED = SYSTEMD / "mentorq-.service.d" / "mentorq.conf"
Section = dict[str, list[str]]


def read(name: str) -> Section:
    """Return the directives of [Service] of a unit and of the drop-in that all share, each with all its values."""
    template, _, rest = name.partition("@")
    file = SYSTEMD / (f"{template}@.service" if rest else f"{name}.service")
    found: Section = defaultdict(list)
    for text in (file.read_text(), SHARED.read_text()):
        for directive, value in directives(text, "[Service]"):
            found[directive].append(value)
    return found


def directives(text: str, section: str) -> Iterator[tuple[str, str]]:
    inside = False
    for line in map(str.strip, text.splitlines()):
        if line.startswith("["):
            inside = line == section
        elif inside and line and not line.startswith("#"):
            directive, _, value = line.partition("=")
            yield directive, value


class Unit:
    """A service whose paths lead into `root`, which stands for /, and whose ports are those of `ports`."""

    def __init__(self, name: str, root: Path, ports: dict[str, int], environment: dict[str, str]) -> None:
        self.name, self.root, self.ports = name, root, ports
        self.service = read(name)
        self.environment = self.with_own_variables(environment)
        self.process: subprocess.Popen[bytes] | None = None
        self.is_wanted = False
        self.log: IO[bytes] = (root / f"{name}.log").open("ab")

    def with_own_variables(self, environment: dict[str, str]) -> dict[str, str]:
        """Return the variables of Environment=, then those of EnvironmentFile=, which win in systemd as well."""
        own = dict(self.filled(value).split("=", 1) for value in self.service["Environment"])
        unset = self.service["UnsetEnvironment"]
        both = {"PATH": os.environ["PATH"], **own, **environment}
        return {name: value for name, value in both.items() if name not in unset}

    def filled(self, text: str) -> str:
        """Replace what stands for the machine: specifiers, folders, ports."""
        text = text.replace("%i", self.name.partition("@")[2]).replace("%t", f"{self.root}/run")
        text = text.replace("/srv/mentorq/.venv/bin", str(BIN)).replace("/srv/mentorq", str(BASE_DIR))
        text = text.replace("/var/lib/mentorq", f"{self.root}/state")
        for port, free in self.ports.items():
            text = re.sub(rf"\b{port}\b", str(free), text)
        return text

    def words(self, command: str) -> list[str]:
        main = str(self.process.pid) if self.process else ""
        return shlex.split(self.filled(command.replace("$MAINPID", main)))

    def run(self, command: str) -> None:
        """Run a command of the unit to its end; raises CalledProcessError."""
        subprocess.run(
            self.words(command), cwd=BASE_DIR, env=self.environment, stdout=self.log, stderr=self.log, check=True
        )

    def start(self) -> None:
        """Return when the commands of ExecStartPost= have ended; raises CalledProcessError."""
        self.is_wanted = True
        self.spawn()
        self.wait_until_started()

    def wait_until_started(self) -> None:
        for command in self.service["ExecStartPost"]:
            self.run(command)

    def spawn(self) -> None:
        self.make_runtime_directory()
        [command] = self.service["ExecStart"]
        self.process = subprocess.Popen(
            self.words(command), cwd=BASE_DIR, env=self.environment, stdout=self.log, stderr=self.log,
            start_new_session=True,
        )  # fmt: skip
        threading.Thread(target=self.watch, args=[self.process], daemon=True).start()

    def make_runtime_directory(self) -> None:
        for name in self.service["RuntimeDirectory"]:
            folder = Path(self.filled(f"%t/{name}"))
            folder.mkdir(parents=True, exist_ok=True)
            for left in folder.iterdir():
                left.unlink()

    def watch(self, process: subprocess.Popen[bytes]) -> None:
        """Start it again if it ends by itself (Restart=always)."""
        process.wait()
        time.sleep(float(self.service["RestartSec"][0]))
        if self.is_wanted and self.process is process:
            self.spawn()

    def stop(self) -> None:
        """Send SIGTERM to all processes of the unit, as KillMode=control-group does, and SIGKILL after TimeoutStopSec=."""
        self.is_wanted = False
        if self.process and self.process.poll() is None:
            self.signal(signal.SIGTERM)
            try:
                self.process.wait(float(self.service["TimeoutStopSec"][0]))
            except subprocess.TimeoutExpired:
                self.signal(signal.SIGKILL)
                self.process.wait()

    def signal(self, number: signal.Signals) -> None:
        for process in self.processes():
            process.send_signal(number)

    def processes(self) -> list[psutil.Process]:
        main = psutil.Process(self.process.pid) if self.process else None
        return [main, *main.children(recursive=True)] if main else []

    def run_once(self) -> None:
        """Run a unit of Type=oneshot."""
        for name in self.service["StateDirectory"]:
            (self.root / "state" / name.removeprefix("mentorq").strip("/")).mkdir(parents=True, exist_ok=True)
        [command] = self.service["ExecStart"]
        self.run(command)

    def restart(self) -> None:
        self.stop()
        self.start()

    def reload(self) -> None:
        """Run ExecReload=. systemd returns then, too; the new workers come a little later."""
        for command in self.service["ExecReload"]:
            self.run(command)
