"""A stand-in for the official Python image, if no engine is here to fetch it: Debian's own Python in a minimal Debian."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PACKAGES = "python3,python3-venv"
CACHES = ["var/cache/apt/archives", "var/lib/apt/lists"]
# Where the official image has pip. The build must take it away.
PIP = ["usr/local/bin/pip", "usr/local/lib/python3/ensurepip/pip", "usr/local/lib/python3/site-packages/pip/pip"]


@contextmanager
def debian(suite: str, kept: Path | None) -> Iterator[Path]:
    """A tree of that suite. It is made in `kept` and stays there, or it goes with the block."""
    with tempfile.TemporaryDirectory() as folder:
        root = kept or Path(folder) / "debian"
        if not (root / "usr" / "bin" / "python3").exists():
            bootstrap(suite, root)
        yield root


def bootstrap(suite: str, root: Path) -> None:
    subprocess.run(
        ["debootstrap", "--variant=minbase", f"--include={PACKAGES}", suite, root], check=True, stdout=subprocess.DEVNULL
    )
    for cache in CACHES:
        shutil.rmtree(root / cache)
    for name in PIP:
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
