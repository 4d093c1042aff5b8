"""The settings that a program reads."""

import json
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from mentorq.tests.operations.processes import ROOT, python

READ = """
import json, os, runpy, sys
NAMES = [
    "ALLOWED_HOSTS", "CORS_ALLOWED_ORIGINS", "CSRF_COOKIE_SECURE", "CSRF_TRUSTED_ORIGINS", "DEBUG", "DESK_TIME_ZONE",
    "LCS_BASE_URL", "LCS_TIMEOUT", "LCS_TOKEN_KEYS", "SECURE_HSTS_SECONDS", "SECURE_SSL_REDIRECT", "SESSION_COOKIE_SECURE",
    "PROMETHEUS_MULTIPROC_DIR", "TICKETS_MAX_OPEN",
]
for line in sys.stdin:
    program, folder, environment = json.loads(line)
    sys.argv[0] = program
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    try:
        read = runpy.run_module("mentorq.settings")
        answer = {name: read[name] for name in NAMES}
        answer["THROTTLE_TOKEN"] = read["REST_FRAMEWORK"]["DEFAULT_THROTTLE_RATES"]["token"]
        answer["NUM_PROXIES"] = read["REST_FRAMEWORK"]["NUM_PROXIES"]
        answer["DATABASE"] = {key: value for key, value in read["DATABASES"]["default"].items() if key != "TEST"}
    except Exception as error:
        answer = f"{type(error).__name__}: {error}"
    print(json.dumps(answer, default=str), flush=True)
"""


@pytest.fixture(scope="session")
def settings_of() -> Iterator[Callable[..., Any]]:
    """The settings that a program of that name reads, or how it refuses: from one process, because starting it is slow."""

    def read(program: str, folder: Any = ROOT, **environment: str) -> Any:
        reader.stdin.write(json.dumps([program, str(folder), environment]) + "\n")
        reader.stdin.flush()
        return json.loads(reader.stdout.readline())

    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(**python("-c", READ, PYTHONPATH=str(ROOT)), **pipes) as reader:
        yield read
        reader.stdin.close()
