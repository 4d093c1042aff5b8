"""What a server in production tells the world, in a process of its own: cookies, errors, hosts, tokens of an old key."""

import json
import os
import re
import subprocess
import sys

import pytest

from mentorq.settings import BASE_DIR
from mentorq.tests.servers import migrated

SERVER = """
import json, sys
from mentorq.wsgi import application
from django.test import Client
from rest_framework_simplejwt.tokens import AccessToken
import mentorq_backend.desk.dashboard, mentorq_backend.stats
from mentorq_users.models import User
from mentorq_users.tokens import RefreshToken, issue

def crash(*arguments):
    local = "a-local-variable"
    raise RuntimeError("why-it-crashed")

root = User.objects.filter(email="root@example.edu").first() or User.objects.create_superuser("root@example.edu", "pass")
User.objects.update(is_director=True)
tokens = {"access": str(issue(AccessToken, root)), "refresh": str(issue(RefreshToken, root))}
mentorq_backend.stats.summary = crash
clients = {strict: Client(enforce_csrf_checks=strict, raise_request_exception=False) for strict in (False, True)}
answers = {}
for name, asked in json.load(sys.stdin).items():
    headers = {key: value.format(**tokens) for key, value in asked.pop("headers", {}).items()}
    data = json.dumps(asked.pop("json")) if "json" in asked else asked.pop("form", None)
    if name == "crash of the desk":
        mentorq_backend.desk.dashboard.dashboard = crash
    client = clients[asked.pop("strict", False)]
    method = client.post if data else client.get
    kind = {"content_type": "application/json"} if isinstance(data, str) else {}
    answer = method(data=data, headers={"host": "mentorq.example", **headers}, **{"secure": True, **asked}, **kind)
    cookies = {cookie.key: {part: cookie[part] for part in cookie if cookie[part]} for cookie in answer.cookies.values()}
    answers[name] = [answer.status_code, dict(answer.headers), answer.content.decode(), cookies]
print(json.dumps({"tokens": tokens, "answers": answers}))
"""
DIRECTOR = {"Authorization": "Bearer {access}"}
REQUESTS = {
    "login page": {"path": "/admin/login/"},
    "sign-in": {"path": "/admin/login/", "form": {"username": "root@example.edu", "password": "pass"}},
    "good token": {"path": "/api/tickets/", "headers": DIRECTOR},
    "crash of the API": {"path": "/api/tickets/stats/", "headers": DIRECTOR},
    "unknown page": {"path": "/nope"},
    "unknown path of the API": {"path": "/api/nope"},
    "host with a port": {"path": "/api/tickets/", "headers": {**DIRECTOR, "host": "mentorq.example:8443"}},
    "another host": {"path": "/admin/login/", "headers": {"host": "evil.example"}},
    "a host that only begins so": {"path": "/admin/login/", "headers": {"host": "mentorq.example.evil.example"}},
    "two hosts": {"path": "/admin/login/", "headers": {"host": "mentorq.example,evil.example"}},
    "no host": {"path": "/admin/login/", "headers": {"host": ""}},
    "a host with a line break": {"path": "/admin/login/", "headers": {"host": "mentorq.example\nevil.example"}},
    "another host to be redirected to": {"path": "/admin/login/", "headers": {"host": "evil.example"}, "secure": False},
    "a path that looks like a host": {"path": "//evil.example/%2e%2e", "secure": False},
    "a form without its token": {"path": "/admin/login/", "form": {"a": "b"}, "strict": True},
    "a body that is too large": {"path": "/admin/login/", "form": {"username": "x" * 300_000}},
    "a forwarded host": {
        "path": "/api/tickets/?limit=1",
        "headers": {**DIRECTOR, "X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"},
    },
    "crash of the desk": {"path": "/admin/"},
}  # fmt: skip
KEY = "Vq3-nT8_kW2-bR6_yH9-cL4_mP7-xD1_zJ5-gS0_fA3-uE8_iK2-oB6_tN9-"


def serve(folder: str, requests: dict, key: str = KEY) -> dict:
    """Return the tokens of a server with that key and its answers to these requests."""
    environment = {
        "PATH": os.environ["PATH"], "SECRET_KEY": key, "ALLOWED_HOSTS": "mentorq.example",
        "DATABASE_URL": f"sqlite:///{folder}/db.sqlite3", "LCS_BASE_URL": "https://127.0.0.1:1/prod",
    }  # fmt: skip
    command, asked = [sys.executable, "-c", SERVER], json.dumps(requests)
    done = subprocess.run(command, cwd=BASE_DIR, env=environment, input=asked, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("production"))
    migrated(folder)
    return folder


@pytest.fixture(scope="module")
def served(folder):
    return serve(folder, REQUESTS)


@pytest.fixture
def answers(served):
    """Status, headers, body and cookies of each answer, by the name of its request."""
    return served["answers"]


# Cookies


def test_the_sessions_cookie_is_for_https_alone_and_no_script_reads_it(answers):
    status, _, _, cookies = answers["sign-in"]

    session = cookies["sessionid"]
    assert (status, {name: value for name, value in session.items() if name != "expires"}) == (
        302,
        {"path": "/", "max-age": 3 * 24 * 3600, "secure": True, "httponly": True, "samesite": "Lax"},
    )


def test_the_forms_cookie_is_for_https_and_forms_of_ours_alone(answers):
    cookie = answers["login page"][3]["csrftoken"]

    assert (cookie["secure"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/")


def test_the_api_sets_no_cookie(answers):
    assert [answers[name][3] for name in ("good token", "unknown path of the API", "host with a port")] == [{}] * 3


# What an error says


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("crash of the API", 500), ("crash of the desk", 500), ("unknown page", 404), ("unknown path of the API", 404),
        ("another host", 400), ("a form without its token", 403), ("a body that is too large", 413),
    ],
)  # fmt: skip
def test_an_error_does_not_say_what_is_behind_it(answers, name, status):
    answered, headers, body, _ = answers[name]

    said = f"{headers} {body}".lower()
    told = r"traceback|why-it-crashed|a-local-variable|django(?!-)|python|debug|/site-packages|settings|sqlite|\.py\b"
    assert (answered, len(body) < 50_000, re.findall(told, said)) == (status, True, [])


@pytest.mark.parametrize("name", [name for name, asked in REQUESTS.items() if asked.get("secure", True)])
def test_every_answer_says_what_a_browser_must_not_do(answers, name):
    _, headers, _, _ = answers[name]

    told = ["X-Content-Type-Options", "Referrer-Policy", "Cross-Origin-Opener-Policy"]
    assert [headers.get(header) for header in told] == ["nosniff", "same-origin", "same-origin"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert [header for header in headers if header.lower() in ("server", "x-powered-by", "via")] == []


def test_https_is_remembered_by_browsers(answers):
    assert answers["login page"][1]["Strict-Transport-Security"] == "max-age=2592000; includeSubDomains"


# Hosts


@pytest.mark.parametrize(
    "name",
    [
        "another host", "a host that only begins so", "two hosts", "no host", "a host with a line break",
        "another host to be redirected to",
    ],
)  # fmt: skip
def test_a_host_that_is_not_ours_is_400_and_nowhere_in_the_answer(answers, name):
    status, headers, body, _ = answers[name]

    assert (status, "evil" in f"{headers}{body}", "Location" in headers) == (400, False, False)


def test_our_host_may_have_a_port(answers):
    assert answers["host with a port"][0] == 200


def test_what_a_client_says_was_forwarded_is_no_host(answers):
    status, headers, body, _ = answers["a forwarded host"]

    assert (status, "evil" in f"{headers}{body}") == (200, False)


def test_a_path_that_looks_like_a_host_is_redirected_to_our_own(answers):
    status, headers, _, _ = answers["a path that looks like a host"]

    assert (status, headers["Location"].startswith("https://mentorq.example/")) == (301, True)


# Keys


def test_a_new_secret_key_ends_every_token_of_the_old_one(served, folder):
    old = served["tokens"]
    asked = {
        "old": {"path": "/api/tickets/", "headers": {"Authorization": f"Bearer {old['access']}"}},
        "new": {"path": "/api/tickets/", "headers": DIRECTOR},
        "refresh": {"path": "/api/auth/refresh/", "json": {"refresh": old["refresh"]}},
        "logout": {"path": "/api/auth/logout/", "json": {"refresh": old["refresh"]}},
    }

    answers = serve(folder, asked, key=KEY[::-1])["answers"]

    assert answers["new"][0] == 200
    refused = {name: (answers[name][0], json.loads(answers[name][2])["code"]) for name in ("old", "refresh", "logout")}
    assert refused == dict.fromkeys(refused, (401, "token_not_valid"))
