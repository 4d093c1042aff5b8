"""The throttle is one for all workers of a server: processes of their own, over the same database."""

import json
import os
import subprocess
import sys
from collections import Counter

import pytest
from django.db import connection

from mentorq.settings import BASE_DIR

WORKER = """
import json, sys
from mentorq.wsgi import application
from django.db import connections
from django.test import Client
connections.settings["default"]["NAME"] = sys.argv[1]
client = Client(headers={"host": "mentorq.example"}, REMOTE_ADDR="192.0.2.1")
client.get("/api/docs/", secure=True)
print("ready", flush=True)
sys.stdin.readline()
body = json.dumps({"email": "ada@example.edu", "lcs_token": "bad"})
answers = [client.post("/api/auth/token/", body, "application/json", secure=True) for _ in range(15)]
print(json.dumps([answer.status_code for answer in answers]))
"""


@pytest.mark.usefixtures("committed")
def test_of_thirty_tries_at_two_workers_twenty_are_let_through(lcs):
    environment = {
        **os.environ, "SECRET_KEY": "x" * 60, "ALLOWED_HOSTS": "mentorq.example", "LCS_BASE_URL": lcs.url,
        "THROTTLE_TOKEN": "20/day",
    }  # fmt: skip
    command = [sys.executable, "-c", WORKER, str(connection.settings_dict["NAME"])]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    workers = [subprocess.Popen(command, cwd=BASE_DIR, env=environment, text=True, **pipes) for _ in range(2)]
    ready = [worker.stdout.readline() for worker in workers]

    for worker in workers:
        worker.stdin.write("go\n")
        worker.stdin.flush()
    statuses = Counter(status for worker in workers for status in json.loads(worker.communicate()[0]))

    assert ready == ["ready\n"] * 2
    assert statuses == {401: 20, 429: 10}
    assert len(lcs.calls) == 20
