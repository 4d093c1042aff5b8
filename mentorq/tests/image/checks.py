"""What must be true of the image: what is in it and what is not, and what its processes answer."""

import os
import re
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import IO, Any
from urllib.parse import parse_qs, urlsplit

import requests

from mentorq.tests.deployed.cluster import Cluster
from mentorq.tests.image.building import Image
from mentorq.tests.image.composed import services
from mentorq.tests.image.containers import Container, rights, started
from mentorq.tests.torture.outcome import Outcome

HOST = "mentorq.example"
SECRET_KEY = "only-for-an-image-that-is-looked-at-once-and-forgotten"
TOOLS = {"pip", "pip3", "gcc", "cc", "g++", "make", "git"}
OURS = "srv/mentorq"
INSIDERS = {
    "LICENSE", "manage.py", "requirements.txt", "deploy", "mentorq", "mentorq_backend", "mentorq_users", ".venv",
    "__pycache__",
}  # fmt: skip
STARTERS = {"granian-logging.json", "healthcheck.py", "__pycache__"}
PATIENCE = 120.0  # seconds for a first answer
MEGABYTE = 1_000_000
SECRET = re.compile("KEY|TOKEN|PASSWORD|DATABASE_URL")
HEADERS = {"Host": HOST, "X-Forwarded-Proto": "https"}


@dataclass
class Site:
    """The image beside a database, on ports of this machine."""

    image: Image
    cluster: Cluster
    ports: dict[str, int]
    log: IO[bytes]

    def container(self, name: str) -> Container:
        variables = {"SECRET_KEY": SECRET_KEY, "ALLOWED_HOSTS": HOST, "POSTGRES_PASSWORD": "password", "NUM_PROXIES": "1"}
        service = services({**variables, "CORS_ALLOWED_ORIGINS": "https://frontend.example"})[name]
        # PostgreSQL listens on a socket of this machine, and not as `db`.
        own = {"DATABASE_URL": self.cluster.url()}
        return Container(self.image, service, self.ports, [self.socket], self.log, own)

    @property
    def socket(self) -> Path:
        """The folder of PostgreSQL's socket."""
        return Path(parse_qs(urlsplit(self.cluster.superuser).query)["host"][0])

    def get(self, port: str, path: str) -> requests.Response:
        return requests.get(f"http://127.0.0.1:{self.ports[port]}{path}", headers=HEADERS, timeout=10, stream=True)

    def first_answer(self, container: Container, port: str) -> float:
        """Return the seconds from the start to the first 200; raises TimeoutError."""
        while container.runs() and time.monotonic() < container.started + PATIENCE:
            try:
                if self.get(port, "/healthz").ok:
                    return round(time.monotonic() - container.started, 1)
            except requests.ConnectionError:
                time.sleep(0.05)
        raise TimeoutError(f"{container.service.name} does not answer")


def size(root: Path) -> int:
    """Return megabytes; a file with several names counts once."""
    found = {}
    for folder, _, names in os.walk(root):
        for name in names:
            status = os.lstat(os.path.join(folder, name))
            found[status.st_ino] = status.st_size
    return round(sum(found.values()) / MEGABYTE)


def left_behind(image: Image) -> list[str]:
    """Return the tools of a build that are in the image, and what of the project should have stayed out."""
    found = [*tools(image.root), *outsiders(image.root / OURS)]
    return [str(path.relative_to(image.root)) for path in found]


def tools(root: Path) -> Iterator[Path]:
    for folder in ("bin", "sbin", "usr/bin", "usr/sbin", "usr/local/bin", f"{OURS}/.venv/bin"):
        yield from (root / folder / name for name in TOOLS if (root / folder / name).exists())
    yield from (path for path in root.glob("**/pip") if path.parent.name in {"site-packages", "dist-packages"})
    yield from root.glob("**/pip-*.whl")


def outsiders(project: Path) -> Iterator[Path]:
    yield from (path for path in project.iterdir() if path.name not in INSIDERS)
    yield from (path for path in (project / "deploy").iterdir() if path.name not in STARTERS)
    yield from project.glob("mentorq*/**/tests")


def content(image: Image) -> Iterator[Outcome]:
    writable = [
        path
        for path in (image.root / OURS).rglob("*")
        if not path.is_symlink() and (path.stat().st_uid or path.stat().st_mode & 0o022)
    ]
    figures = {
        "MB": size(image.root), "of which MentorQ": size(image.root / OURS), "left behind": left_behind(image),
        "writable": writable[:1], "secrets": [pair for pair in image.config["Env"] if SECRET.search(pair)],
    }  # fmt: skip
    yield Outcome(
        image.builder,
        "what is in the image",
        figures,
        none=["left behind", "writable", "secrets"],
        some=["of which MentorQ"],
    )


def migrated(site: Site) -> Iterator[Outcome]:
    container = site.container("migrate")
    start = time.monotonic()
    figures = {"status": container.run(container.command), "seconds": round(time.monotonic() - start, 1)}
    yield Outcome("migrate", "the tables of a new database", figures, none=["status"])


def served(site: Site) -> Iterator[Outcome]:
    """Start web, live and upkeep, ask them, and stop each."""
    with ExitStack() as stack:
        made = []
        for name, port in (("web-1", "8000"), ("live", "8002")):
            made.append(stack.enter_context(started(site.container(name))))
            yield Outcome(name, "from the start to the first answer", {"seconds": site.first_answer(made[-1], port)})
        upkeep = stack.enter_context(started(site.container("upkeep")))
        yield answered(site)
        yield unprivileged([*made, upkeep])
        yield healthy(made)
        for container in (*made, upkeep):
            yield stopped(container)
        yield unhealthy(made)


def answered(site: Site) -> Outcome:
    wait_for_upkeep(site)
    answers = {path: site.get("8000", path) for path in ("/healthz", "/readyz", "/api/", "/board/")}
    with site.get("8002", "/api/live/") as stream:
        first = next(stream.iter_lines(chunk_size=1))
    figures: dict[str, Any] = {path: answer.status_code for path, answer in answers.items()}
    wrong = [path for path, status in figures.items() if status != HTTPStatus.OK]
    figures |= {"stream": first.decode(), "/readyz says": answers["/readyz"].text, "wrong": wrong}
    return Outcome("web, live", "what they answer", figures, none=["wrong"], some=["stream"])


def wait_for_upkeep(site: Site) -> None:
    """Return when /readyz tells of upkeep's first round; raises TimeoutError."""
    deadline = time.monotonic() + PATIENCE
    while "ago" not in site.get("8000", "/readyz").text:
        if time.monotonic() > deadline:
            raise TimeoutError("upkeep does not run")
        time.sleep(0.5)


def unprivileged(containers: list[Container]) -> Outcome:
    processes = [process for each in containers for process in (each.first, *each.first.children(recursive=True))]
    found = [rights(process) for process in processes]
    figures = {
        "processes": len(found), "users": sorted({each["uid"] for each in found}),
        "roots": [each for each in found if each["uid"] == 0], "capable": [each for each in found if each["capabilities"]],
    }  # fmt: skip
    return Outcome(
        "web, live, upkeep", "the rights of their processes", figures, none=["roots", "capable"], some=["processes"]
    )


def healthy(containers: list[Container]) -> Outcome:
    ill = [container.service.name for container in containers if not container.healthy()]
    return Outcome("HEALTHCHECK", "while they run", {"checked": len(containers), "ill": ill}, none=["ill"])


def unhealthy(containers: list[Container]) -> Outcome:
    well = [container.service.name for container in containers if container.healthy()]
    return Outcome("HEALTHCHECK", "after they were stopped", {"checked": len(containers), "well": well}, none=["well"])


def stopped(container: Container) -> Outcome:
    status, seconds = container.stop()
    return Outcome(container.service.name, "SIGTERM", {"status": status, "seconds": seconds}, none=["status"])
