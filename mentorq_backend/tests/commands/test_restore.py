"""A restored database counts on from old values: neither an account's number nor a tag may pass for what it was then.

Each test lives through it: a real server, a backup, work, the restore as docs/operations.md says it, and the same server
again. What differs between the two lives has the same numbers in both: accounts, tickets, counters.
"""

import base64
import json
import os
import shutil
import subprocess
import sys
import uuid
from contextlib import ExitStack, closing
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from django.db import connection

from mentorq.settings import BASE_DIR
from mentorq.tests.bench.load import Client, header, http
from mentorq.tests.servers import SERVERS, production, running

LISTS = "/api/tickets/"


class Desk:
    """A real server on a database of its own, in which Ada (a hacker) and Mia (a mentor) have signed in."""

    def __init__(self, url, lcs, backup):
        self.url, self.lcs, self.file = url, lcs, backup
        self.environment = {"PATH": os.environ["PATH"], **production(url, lcs.url)}
        self.run(sys.executable, "manage.py", "migrate", "--verbosity=0")
        self.start()
        self.ada, self.mia = self.sign_in("ada")[0], self.sign_in("mia")[0]

    def run(self, *command):
        subprocess.run(command, cwd=BASE_DIR, env=self.environment, check=True, capture_output=True)

    def start(self):
        with ExitStack() as stack:
            server = stack.enter_context(running(SERVERS["granian"], **self.environment))
            server.wait_for_workers()
            self.client = Client(server.port)
            stack.enter_context(closing(self.client))
            self.stop = stack.pop_all().close

    def back_up(self):
        back_up(self)

    def restore(self):
        self.stop()
        restore(self)
        self.start()

    def ask(self, method, path, token="", etag="", **body):
        """Status, ETag and body of the answer."""
        request = http(path, token=token, etag=etag, method=method, body=json.dumps(body) if body else "")
        head, content = self.client.ask(request)
        return int(head[9:12]), header(head, b"etag").decode(), json.loads(content or "null")

    def sign_in(self, name):
        """Access and refresh token."""
        email = f"{name}@example.edu"
        _, _, tokens = self.ask("POST", "/api/auth/token/", email=email, lcs_token=self.lcs.sign_in(email))
        return tokens["access"], tokens["refresh"]

    def open(self, token, title):
        return self.ask("POST", LISTS, token, title=title, location="Here")[2]["id"]

    def claim(self, token, ticket):
        return self.ask("PATCH", f"{LISTS}{ticket}/", token, status="CLAIMED")[0]

    def tags(self):
        """The list's present tag for each of them."""
        return {"mentor": self.ask("GET", LISTS, self.mia)[1], "owner": self.ask("GET", LISTS, self.ada)[1]}

    def polled(self, tags):
        """The status of each one's poll with that tag."""
        people = {"mentor": self.mia, "owner": self.ada}
        return {who: self.ask("GET", LISTS, person, tags[who])[0] for who, person in people.items()}


def outcome(answer):
    status, _, body = answer
    return status, body["code"] if isinstance(body, dict) and "code" in body else body


def account_of(token):
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["user_id"]


if connection.vendor == "sqlite":

    @pytest.fixture
    def url(tmp_path):
        return f"sqlite:///{tmp_path}/queue.sqlite3"

    def back_up(desk):
        desk.run(sys.executable, "manage.py", "backup", str(desk.file))

    def restore(desk):
        database = desk.url.removeprefix("sqlite:///")
        shutil.copyfile(desk.file, database)
        for left in ("-wal", "-shm"):
            Path(database + left).unlink(missing_ok=True)

else:

    def execute(sql):
        with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as maintenance:
            maintenance.execute(sql)

    @pytest.fixture
    def url():
        name = f"queue_{uuid.uuid4().hex}"
        execute(f"CREATE DATABASE {name}")
        yield urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()
        execute(f"DROP DATABASE {name}")

    def back_up(desk):
        desk.run("pg_dump", "--format=custom", f"--file={desk.file}", desk.url)

    def restore(desk):
        name = urlsplit(desk.url).path.strip("/")
        execute(f"DROP DATABASE {name}")
        execute(f"CREATE DATABASE {name}")
        desk.run("pg_restore", "--no-owner", f"--dbname={desk.url}", str(desk.file))


@pytest.fixture
def desk(url, lcs, tmp_path):
    desk = Desk(url, lcs, tmp_path / "backup")
    yield desk
    desk.stop()


def test_the_next_owner_of_an_accounts_number_does_not_get_its_tokens(desk):
    desk.back_up()
    hackers, hackers_refresh = desk.sign_in("linus")
    desk.restore()
    directors, directors_refresh = desk.sign_in("dan")
    assert account_of(hackers) == account_of(directors)  # else nothing is tried

    heard = {
        "statistics": desk.ask("GET", f"{LISTS}stats/", hackers),
        "list": desk.ask("GET", LISTS, hackers),
        "create": desk.ask("POST", LISTS, hackers, title="It loops", location="Here"),
        "refresh": desk.ask("POST", "/api/auth/refresh/", refresh=hackers_refresh),
        "logout": desk.ask("POST", "/api/auth/logout/", refresh=hackers_refresh),
    }
    theirs = [
        desk.ask("GET", f"{LISTS}stats/", directors),
        desk.ask("POST", "/api/auth/refresh/", refresh=directors_refresh),
    ]

    assert {what: outcome(answer) for what, answer in heard.items()} == dict.fromkeys(heard, (401, "token_not_valid"))
    assert [status for status, _, _ in theirs] == [200, 200]


def test_the_tokens_of_an_account_that_is_in_the_backup_go_on(desk):
    desk.back_up()
    access, refresh = desk.sign_in("mia")
    desk.restore()

    heard = [desk.ask("GET", LISTS, access), desk.ask("POST", "/api/auth/refresh/", refresh=refresh)]

    assert [status for status, _, _ in heard] == [200, 200]


def test_a_tag_from_before_a_restore_does_not_hide_another_claim(desk):
    one, two = desk.open(desk.ada, "One"), desk.open(desk.ada, "Two")
    desk.back_up()
    claimed = desk.claim(desk.mia, one)
    tags = desk.tags()
    unchanged = desk.polled(tags)
    desk.restore()
    claimed_then = desk.claim(desk.mia, two)

    assert (claimed, claimed_then, unchanged) == (200, 200, {"mentor": 304, "owner": 304})
    assert desk.polled(tags) == {"mentor": 200, "owner": 200}


def test_a_tag_from_before_a_restore_does_not_hide_another_ticket(desk):
    desk.open(desk.ada, "One"), desk.open(desk.ada, "Two")
    desk.back_up()
    three = desk.open(desk.ada, "Three")
    tags = desk.tags()
    desk.restore()
    four = desk.open(desk.ada, "Four")

    assert three == four  # else nothing is tried
    assert desk.polled(tags) == {"mentor": 200, "owner": 200}
