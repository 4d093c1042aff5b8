"""How pip reaches its packages on this machine, and how a build comes to do the same."""

import ast
import subprocess
from pathlib import Path

from mentorq.tests.servers import BIN


def pip_settings() -> dict[str, str]:
    """pip's options on this machine, of its files and of the environment. The environment comes first, as in pip."""
    listed = subprocess.run(
        [BIN / "python", "-m", "pip", "config", "list"], check=True, stdout=subprocess.PIPE, text=True
    ).stdout
    found: dict[str, str] = {}
    for line in listed.splitlines():
        name, _, value = line.partition("=")
        section, _, option = name.rpartition(".")
        if section == ":env:" or option not in found:
            found[option] = ast.literal_eval(value)
    return found


def as_file(settings: dict[str, str]) -> str:
    """A pip.conf with these options; several values of an option stand on lines of their own."""
    lines = [f"{option} = " + "\n    ".join(value.split()) for option, value in sorted(settings.items())]
    return "\n".join(["[global]", *lines, ""])


def folders(settings: dict[str, str]) -> list[Path]:
    """The folders that the options lead to, each once. A chroot sees none of them by itself."""
    words = [word for value in settings.values() for word in value.split()]
    # The pages of an index lead to files beside it.
    indexes = {Path(word.removeprefix("file://")).parent for word in words if word.startswith("file://")}
    there = [path for path in map(Path, words) if path.is_absolute() and path.exists()]
    return sorted(indexes | {path if path.is_dir() else path.parent for path in there})


def volumes(scratch: Path) -> list[str]:
    """buildah's options that bring pip's settings into a build, and not into the image. Writes pip.conf to `scratch`."""
    settings = pip_settings()
    file = scratch / "pip.conf"
    file.write_text(as_file(settings))
    pairs = [(file, Path("/etc/pip.conf")), *((folder, folder) for folder in folders(settings))]
    return [f"--volume={here}:{there}:ro" for here, there in pairs]
