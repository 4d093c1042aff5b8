"""Builds deploy/Dockerfile with Docker's engine if one answers, else with Debian's buildah on a stand-in for the base."""

import json
import re
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mentorq.tests.image.pip import volumes
from mentorq.tests.image.standin import debian
from mentorq.tests.servers import BASE_DIR

DOCKERFILE = BASE_DIR / "deploy" / "Dockerfile"
NAME = "mentorq"
ARCHIVE = BASE_DIR / "mentorq.tar"


@dataclass
class Image:
    """A built image: its files, unpacked, and what it says of User, Env, Cmd and Healthcheck."""

    builder: str
    root: Path
    config: dict[str, Any]
    keep: Callable[[], str]  # returns where the image is then


def output(*command: str | Path) -> str:
    """Return what a command printed; raises CalledProcessError."""
    return subprocess.run(command, cwd=BASE_DIR, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def engine_answers() -> bool:
    """A `docker` command may be there without an engine, so it is asked."""
    try:
        return subprocess.run(["docker", "info"], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


def base() -> str:
    """The base that the Dockerfile names."""
    [name] = re.findall(r"^ARG BASE=(\S+)$", DOCKERFILE.read_text(), re.MULTILINE)
    return str(name)


@contextmanager
def built(kept: Path | None) -> Iterator[Image]:
    """The image, unpacked; everything goes with the block, but the stand-in's tree if it is `kept`."""
    with tempfile.TemporaryDirectory() as folder:
        if engine_answers():
            yield from by_docker(Path(folder))
        else:
            with debian(base().rpartition("-")[2], kept) as tree:
                yield from by_buildah(Path(folder), tree)


def by_docker(scratch: Path) -> Iterator[Image]:
    output("docker", "build", "--quiet", "--file", DOCKERFILE, "--tag", NAME, ".")
    container = output("docker", "create", NAME)
    try:
        output("docker", "export", "--output", scratch / "image.tar", container)
    finally:
        output("docker", "rm", container)
    root = scratch / "image"
    root.mkdir()
    output("tar", "--extract", "--numeric-owner", "--file", scratch / "image.tar", "--directory", root)
    [described] = json.loads(output("docker", "image", "inspect", NAME))
    yield Image("docker", root, described["Config"], lambda: f"docker run {NAME}")


def by_buildah(scratch: Path, tree: Path) -> Iterator[Image]:
    """All of buildah's layers are in `scratch`, and nothing of the machine's own storage is touched."""
    buildah = Buildah(scratch)
    buildah.import_base(tree)
    buildah.build(volumes(scratch))
    container = buildah("from", NAME)
    try:
        described = json.loads(buildah("inspect", "--type", "image", NAME))
        root = Path(buildah("mount", container))
        yield Image("buildah", root, described["Docker"]["config"], buildah.archive)
    finally:
        buildah("rm", "--all")
        buildah("rmi", "--all", "--force")


@dataclass
class Buildah:
    """buildah with a storage of its own, of plain folders: neither overlays nor user namespaces are needed."""

    scratch: Path

    def __call__(self, *words: str | Path) -> str:
        storage: list[str | Path] = ["--root", self.scratch / "storage", "--runroot", self.scratch / "run"]
        return output("buildah", "--storage-driver", "vfs", *storage, *words)

    def import_base(self, tree: Path) -> None:
        container = self("from", "scratch")
        self("add", "--quiet", container, tree, "/")
        self("commit", "--quiet", container, f"localhost/{base()}")
        self("rm", container)

    def build(self, options: list[str]) -> None:
        # Docker's format: the other one has no HEALTHCHECK.
        how = ["--isolation", "chroot", "--format", "docker", "--build-arg", f"BASE=localhost/{base()}", *options]
        self("bud", "--quiet", *how, "--file", DOCKERFILE, "--tag", NAME, BASE_DIR)

    def archive(self) -> str:
        """Write an archive that `docker load` reads."""
        ARCHIVE.unlink(missing_ok=True)
        self("push", "--quiet", NAME, f"docker-archive:{ARCHIVE}:{NAME}:latest")
        return f"docker load --input {ARCHIVE}"
