"""A restored database counts on from old values: neither an account's number nor a tag may pass for what it was then.

All tests look at one story: a real server, a backup, work, the restore as docs/operations.md describes it, and the same
server again with other work. Both times accounts, tickets and counters get the same numbers.
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
from types import SimpleNamespace
from urllib.parse import urlsplit

import psycopg
import pytest
from django.db import connection

from mentorq.settings import BASE_DIR
from mentorq.tests.bench.load import Client, header, http
from mentorq.tests.servers import SERVERS, production, running
from mentorq_users.lcs.standin import DevLCS

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

    @pytest.fixture(scope="module")
    def url(tmp_path_factory):
        return f"sqlite:///{tmp_path_factory.mktemp('queue')}/queue.sqlite3"

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

    @pytest.fixture(scope="module")
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


@pytest.fixture(scope="module")
def story(url, tmp_path_factory):
    """What was answered, by name."""
    lcs = DevLCS()
    with lcs.serving():
        desk = Desk(url, lcs, tmp_path_factory.mktemp("backup") / "backup")
        yield tell(desk)
        desk.stop()


def tell(desk):
    """Live through it."""
    one, two = desk.open(desk.ada, "One"), desk.open(desk.ada, "Two")
    desk.back_up()
    hacker, mia = desk.sign_in("linus"), desk.sign_in("mia")
    lost = {"claimed": desk.claim(desk.mia, one), "claim": desk.tags()}
    lost |= {"unchanged": desk.polled(lost["claim"]), "opened": desk.open(desk.ada, "Three"), "ticket": desk.tags()}
    desk.restore()
    director = desk.sign_in("dan")
    now = {"claimed": desk.claim(desk.mia, two), "claim": desk.polled(lost["claim"])}
    now |= {"opened": desk.open(desk.ada, "Four"), "ticket": desk.polled(lost["ticket"])}
    return SimpleNamespace(desk=desk, hacker=hacker, mia=mia, director=director, lost=lost, now=now)


def test_the_next_owner_of_an_accounts_number_does_not_get_its_tokens(story):
    (access, refresh), (directors, directors_refresh), ask = story.hacker, story.director, story.desk.ask
    assert account_of(access) == account_of(directors)  # else nothing is tried

    answers = {
        "statistics": ask("GET", f"{LISTS}stats/", access),
        "list": ask("GET", LISTS, access),
        "create": ask("POST", LISTS, access, title="It loops", location="Here"),
        "refresh": ask("POST", "/api/auth/refresh/", refresh=refresh),
        "logout": ask("POST", "/api/auth/logout/", refresh=refresh),
    }
    theirs = [ask("GET", f"{LISTS}stats/", directors), ask("POST", "/api/auth/refresh/", refresh=directors_refresh)]

    assert {what: outcome(answer) for what, answer in answers.items()} == dict.fromkeys(answers, (401, "token_not_valid"))
    assert [status for status, _, _ in theirs] == [200, 200]


def test_the_tokens_of_an_account_that_is_in_the_backup_stay_valid(story):
    access, refresh = story.mia

    answers = [story.desk.ask("GET", LISTS, access), story.desk.ask("POST", "/api/auth/refresh/", refresh=refresh)]

    assert [status for status, _, _ in answers] == [200, 200]


def test_an_etag_from_before_a_restore_does_not_hide_another_claim(story):
    assert (story.lost["claimed"], story.lost["unchanged"]) == (200, {"mentor": 304, "owner": 304})
    assert (story.now["claimed"], story.now["claim"]) == (200, {"mentor": 200, "owner": 200})


def test_an_etag_from_before_a_restore_does_not_hide_another_ticket(story):
    assert story.lost["opened"] == story.now["opened"]  # else nothing is tried
    assert story.now["ticket"] == {"mentor": 200, "owner": 200}
