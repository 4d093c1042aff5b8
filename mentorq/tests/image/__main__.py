"""`python -m mentorq.tests.image`: builds deploy/Dockerfile, starts what deploy/compose.yaml starts from it, asks it,
prints a table, and ends everything that it started. `--build` only builds, and keeps the image.

Docker's engine builds if one answers. Else Debian's buildah and debootstrap do: then the base is a stand-in.
Run it as root: it needs chroot and mounts. It exits with 1 if something is wrong.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from mentorq.tests.deployed.cluster import cluster
from mentorq.tests.deployed.machine import replaced_ports
from mentorq.tests.image.building import Image, built
from mentorq.tests.image.checks import Site, content, migrated, served
from mentorq.tests.image.containers import left
from mentorq.tests.torture.outcome import Outcome


def checked(image: Image) -> Iterator[Outcome]:
    yield from content(image)
    with cluster() as database, tempfile.TemporaryFile() as log:
        site = Site(image, database, replaced_ports(), log)
        site.socket.chmod(0o711)  # so that the image's user reaches the socket
        try:
            yield from migrated(site)
            yield from served(site)
        except BaseException:
            log.seek(0)
            sys.stderr.write(log.read().decode())
            raise
    yield Outcome("machine", "what was started and did not end", {"left": left(image)}, none=["left"])


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m mentorq.tests.image", description=__doc__)
    parser.add_argument("--build", action="store_true", help="build it, say where it is, and check nothing")
    parser.add_argument("--base", type=Path, help="a folder that keeps the stand-in for the base, for the next time")
    options = parser.parse_args()
    broken = 0
    with built(options.base) as image:
        if options.build:
            print(image.keep())  # noqa: T201
            return 0
        for outcome in checked(image):
            print(outcome, flush=True)  # noqa: T201
            broken += not outcome.kept
    return min(broken, 1)


if __name__ == "__main__":
    sys.exit(main())
