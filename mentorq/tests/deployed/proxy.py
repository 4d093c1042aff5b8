"""Debian's nginx with deploy/nginx.conf: only names, ports and paths differ."""

import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mentorq.tests.certificates import Certificates
from mentorq.tests.servers import BASE_DIR

CONFIGURATION = BASE_DIR / "deploy" / "nginx.conf"
HOST = "localhost"


@dataclass
class Proxy:
    """An nginx that runs."""

    configuration: Path
    port: int
    plain_port: int
    ca: Path
    process: "subprocess.Popen[bytes]"

    @property
    def url(self) -> str:
        return f"https://{HOST}:{self.port}"

    def reload(self) -> None:
        """As `systemctl reload nginx` does: test the configuration, then send HUP."""
        subprocess.run(["nginx", "-t", "-q", "-c", self.configuration], check=True)
        subprocess.run(["nginx", "-s", "reload", "-c", self.configuration], check=True)


def adapted(text: str, folder: Path, ports: dict[str, int], origin: str) -> str:
    """Return deploy/nginx.conf for this folder; each change says what an operator changes, or what a test must."""
    text = text.replace("mentorq.example.org", HOST).replace("https://hackru.example.org", origin)
    for name in ("/var/log/nginx", "/run", f"/etc/letsencrypt/live/{HOST}"):
        text = text.replace(name, str(folder))
    text = text.replace("user www-data;\n", "").replace("worker_processes auto", "worker_processes 2")
    for port, free in ports.items():
        text = re.sub(rf"(?<=[ :]){port}(?=[ ;])", str(free), text)
    return text


@contextmanager
def nginx(folder: Path, ports: dict[str, int], origin: str) -> Iterator[Proxy]:
    """An nginx in front of the processes on these ports; ends with the block."""
    certificates = Certificates(folder)
    configuration = folder / "nginx.conf"
    configuration.write_text(adapted(CONFIGURATION.read_text(), folder, ports, origin))
    subprocess.run(["nginx", "-t", "-q", "-c", configuration], check=True)
    process = subprocess.Popen(["nginx", "-g", "daemon off;", "-c", configuration])
    try:
        wait_for(folder / "nginx.pid")
        yield Proxy(configuration, ports["443"], ports["80"], certificates.ca, process)
    finally:
        process.terminate()
        process.wait(10)


def wait_for(file: Path) -> None:
    deadline = time.monotonic() + 10
    while not (file.exists() and file.read_text().strip()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{file} does not appear: nginx does not start")
        time.sleep(0.05)
