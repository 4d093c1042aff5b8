"""Runs an image's processes in a chroot, as the engine would: as PID 1, as the image's user, without rights, read-only."""

import shlex
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import psutil

from mentorq.tests.image.building import Image
from mentorq.tests.image.composed import Service

RIGHTLESS = ["--clear-groups", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs"]


@dataclass
class Container:
    """A service that runs from an image. It shares this machine's network, hence the ports of its own."""

    image: Image
    service: Service
    ports: dict[str, int]
    shared: list[Path]  # folders of this machine that it sees
    log: IO[bytes]
    environment: dict[str, str] = field(default_factory=dict)
    process: "subprocess.Popen[bytes] | None" = None
    started: float = 0.0

    @property
    def command(self) -> list[str]:
        return self.on_free_ports(self.service.command or self.image.config["Cmd"])

    def on_free_ports(self, words: list[str]) -> list[str]:
        return [str(self.ports.get(word, word)) for word in words]

    def variables(self) -> dict[str, str]:
        own: dict[str, str] = dict(pair.split("=", 1) for pair in self.image.config["Env"])
        return {**own, "GRANIAN_HOST": "127.0.0.1", **self.service.environment, **self.environment}

    def arguments(self, command: list[str]) -> list[str]:
        """The arguments of `unshare` that run a command in namespaces of mounts and processes of its own."""
        script = "\n".join(["set -e", *self.mounts(), f"exec {shlex.join(self.inside(command))}"])
        return ["unshare", "--mount", "--pid", "--fork", "sh", "-c", script]

    def mounts(self) -> Iterator[str]:
        """The root is read-only, as `read_only:` has it, but for the folders in memory."""
        root = shlex.quote(str(self.image.root))
        yield f"mount --bind {root} {root}"
        yield f"mount -t proc proc {root}/proc && mount --rbind /dev {root}/dev"
        for folder, options in self.service.tmpfs.items():
            yield f"mkdir -p {root}{folder} && mount -t tmpfs -o {options or 'mode=1777'} tmpfs {root}{folder}"
        for shared in self.shared:
            yield f"mkdir -p {root}{shared} && mount --bind {shared} {root}{shared}"
        yield f"mount -o remount,bind,ro {root}"

    def inside(self, command: list[str]) -> list[str]:
        user, _, group = self.image.config["User"].partition(":")
        variables = [f"{name}={value}" for name, value in self.variables().items()]
        return [
            "chroot", str(self.image.root), "setpriv", f"--reuid={user}", f"--regid={group}", *RIGHTLESS,
            "env", "-i", f"--chdir={self.image.config['WorkingDir']}", *variables, *command,
        ]  # fmt: skip

    def run(self, command: list[str]) -> int:
        """Run another command with the container's surroundings, and return its exit status."""
        return subprocess.run(self.arguments(command), stdout=self.log, stderr=self.log, check=False).returncode

    def start(self) -> None:
        self.started = time.monotonic()
        self.process = subprocess.Popen(self.arguments(self.command), stdout=self.log, stderr=self.log)

    def runs(self) -> bool:
        return self.process is not None and self.process.poll() is None

    @property
    def first(self) -> psutil.Process:
        """PID 1 of the container."""
        [first] = psutil.Process(self.process.pid if self.process else None).children()
        return first

    def stop(self) -> tuple[int | str, float]:
        """Send SIGTERM, and return the exit status and the seconds; SIGKILL after stop_grace_period."""
        assert self.process
        start = time.monotonic()
        self.first.send_signal(signal.SIGTERM)
        try:
            status: int | str = self.process.wait(float(self.service.described["stop_grace_period"].removesuffix("s")))
        except subprocess.TimeoutExpired:
            status = "killed"
            self.kill()
        return status, round(time.monotonic() - start, 1)

    def kill(self) -> None:
        """End it with all its processes, which end with PID 1; if `unshare` alone were killed, they would stay."""
        if self.process and self.runs():
            self.first.kill()
            self.process.wait()

    def healthy(self) -> bool:
        return self.run(self.on_free_ports(self.service.health(self.image.config))) == 0


@contextmanager
def started(container: Container) -> Iterator[Container]:
    """The container, running; it is killed at the end of the block if it was not stopped."""
    container.start()
    try:
        yield container
    finally:
        container.kill()


def left(image: Image) -> list[str]:
    """Return the names of processes whose root is the image's."""
    return [process.name() for process in psutil.process_iter() if is_inside(process, image)]


def is_inside(process: psutil.Process, image: Image) -> bool:
    try:
        return Path(f"/proc/{process.pid}/root").samefile(image.root)
    except OSError:  # it has ended meanwhile
        return False


def rights(process: psutil.Process) -> dict[str, Any]:
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    status = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
    return {"uid": process.uids().real, "capabilities": int(status["CapEff"], 16) | int(status["CapBnd"], 16)}
