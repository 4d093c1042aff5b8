"""Python in a process of its own, with nothing but the variables that a test sets."""

import json
import os
import subprocess
import sys
from typing import Any

from django.conf import settings

ROOT = settings.BASE_DIR
KEY = "kX9-bQ2_vR7-mT4_wZ8-jL3_nP6-hF5_cD1-gS0_yB2-aE7_uI9-oK4_xW6-qV3_"
SERVER = {"SECRET_KEY": KEY}
REMEDY = """ Make one with
    python -c 'import secrets; print(secrets.token_urlsafe(64))'
and keep it in the environment of every process."""
REFUSAL = f"ImproperlyConfigured: SECRET_KEY is not set: a server needs one to sign its tokens.{REMEDY}"

ASK = """
import json, sys
from mentorq.wsgi import application
from django.test import Client
client = Client(headers={"host": "mentorq.example"})
answers = [client.generic(**request) for request in json.loads(sys.argv[1])]
kept = ["Location", "Retry-After"]
print(json.dumps([[a.status_code, {name: a[name] for name in kept if name in a}] for a in answers]))
"""


def python(*arguments: str, cwd: Any = ROOT, **environment: str) -> dict[str, Any]:
    """Return how to start Python with nothing but these variables set, and warnings as errors."""
    environment = {"PATH": os.environ["PATH"], **environment}
    return {"args": [sys.executable, "-W", "error", *arguments], "cwd": cwd, "env": environment, "text": True}


def run(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(**python(*arguments, **options), capture_output=True, check=False)


def ask(*requests: dict[str, Any], **environment: str) -> Any:
    """Return status and telling headers of what a production server answers to these requests."""
    process = run("-c", ASK, json.dumps(requests), **{**SERVER, "ALLOWED_HOSTS": "mentorq.example", **environment})
    assert process.returncode == 0, process.stderr
    return json.loads(process.stdout)
