"""Fixtures that all apps share: people of each role, clients signed in as them, and LCS over real HTTP."""

import logging
import re
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import pytest
from django.core.cache import cache
from django.db import connection, connections
from django.test import override_settings
from django.utils import timezone
from hypothesis import is_hypothesis_test, settings
from pythonjsonlogger.json import JsonFormatter
from rest_framework.test import APIClient
from rest_framework_simplejwt.tokens import AccessToken

from mentorq.http.request_ids import RequestId
from mentorq_backend.live.shared import ANSWERS
from mentorq_backend.models import Ticket
from mentorq_backend.waits.queue import QUEUE
from mentorq_users.lcs.client import LCSProfile
from mentorq_users.lcs.standin import PEOPLE, DevLCS
from mentorq_users.lcs.transport import breaker
from mentorq_users.models import User
from mentorq_users.tokens import issue

# The same examples in every run, and no folder of them; `--hypothesis-profile=thorough` looks much further.
settings.register_profile("default", derandomize=True, deadline=None, database=None)
settings.register_profile("thorough", deadline=None, database=None, max_examples=20_000)
settings.load_profile("default")

# A JWT, a text that Fernet encrypted, a session's key, the password that everybody has in the tests, LCS tokens, and what
# a body of LCS holds besides.
SECRET = re.compile(
    r"eyJ[\w-]{8,}\.|gAAAAA[\w-]{20,}|sessionid=|csrftoken=|hackru|lcs-token-|an LCS token|only-here"
    r"|registration_status|slack_dm_link"
)
PERSON_BY_NAME = {person["email"].partition("@")[0]: person for person in PEOPLE}


class Logged(logging.Handler):
    """Keeps all that is logged, as production would write it."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.setFormatter(JsonFormatter("{message}{name}{request_id}", style="{"))
        self.addFilter(RequestId())

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as slow what `make check` leaves out: see `slow` in pytest.ini."""
    for item in items:
        function = cast("pytest.Function", item)
        if (
            {"transactional_db", "lcs"} & set(function.fixturenames)
            or {"subprocess", "running", "run"} & set(vars(function.module))  # other programs
            or {"desk", "lcs"} & set(item.path.parts)
            or is_hypothesis_test(function.obj)
        ):
            item.add_marker("slow")


@pytest.fixture(autouse=True)
def logged() -> Iterator[list[str]]:
    """All that a test makes the program log; no token, password or body of LCS may be in it, whatever the test is about."""
    handler = Logged()
    logging.getLogger().addHandler(handler)
    yield handler.lines
    logging.getLogger().removeHandler(handler)
    assert [line for line in handler.lines if SECRET.search(line)] == []


@pytest.fixture(scope="session", autouse=True)
def static_files_are_not_listed() -> Iterator[None]:
    """They are looked for when asked for: to list them all, anew for each test's client, takes longer than most tests."""
    with override_settings(WHITENOISE_AUTOREFRESH=True):
        yield


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Wait for sessions that end late: PostgreSQL drops no database in use, and gives up after five seconds."""
    yield
    if connection.vendor == "postgresql":
        with django_db_blocker.unblock():
            wait_for_the_other_sessions(seconds=30)


def wait_for_the_other_sessions(seconds: float) -> None:
    """Return when nobody else uses the test database, not even autovacuum; fail with what the others do."""
    deadline = time.monotonic() + seconds
    while others := other_sessions():
        assert time.monotonic() < deadline, f"other sessions use the test database: {others}"
        time.sleep(0.1)


def other_sessions() -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT backend_type, state, query FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        return cursor.fetchall()


@pytest.fixture(autouse=True)
def lcs_did_not_fail_before() -> None:
    """What LCS did in one test is forgotten in the next."""
    breaker.reset()


@pytest.fixture(autouse=True)
def no_list_was_built_before() -> None:
    """The list of one test is forgotten in the next."""
    ANSWERS.clear()
    QUEUE.clear()


@pytest.fixture
def lcs(settings: Any) -> Iterator[DevLCS]:
    """LCS's stand-in over real HTTP, which the settings name; `lcs.fault` makes it fail."""
    server = DevLCS()
    settings.LCS_BASE_URL = server.url
    with server.serving():
        yield server


@pytest.fixture
def person(db: None) -> Callable[[str], User]:
    """The account of a demo person by first name, as a sign-in just now would have left it: `person("ada")`."""

    def get(name: str) -> User:
        return User.objects.from_lcs(LCSProfile.from_body(PERSON_BY_NAME[name]), "an LCS token")

    return get


@pytest.fixture
def client_of() -> Callable[[User], APIClient]:
    """An API client with that account's access token."""

    def get(user: User) -> APIClient:
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {issue(AccessToken, user)}")
        return client

    return get


@pytest.fixture
def ada(person: Callable[[str], User]) -> User:
    """A hacker."""
    return person("ada")


@pytest.fixture
def grace(person: Callable[[str], User]) -> User:
    """Another hacker."""
    return person("grace")


@pytest.fixture
def mia(person: Callable[[str], User]) -> User:
    """A mentor."""
    return person("mia")


@pytest.fixture
def max_(person: Callable[[str], User]) -> User:
    """Another mentor."""
    return person("max")


@pytest.fixture
def olga(person: Callable[[str], User]) -> User:
    """An organizer."""
    return person("olga")


@pytest.fixture
def dan(person: Callable[[str], User]) -> User:
    """A director."""
    return person("dan")


@pytest.fixture
def dora(person: Callable[[str], User]) -> User:
    """A director who is a mentor."""
    return person("dora")


@pytest.fixture
def make_ticket() -> Callable[..., Ticket]:
    """A ticket of `owner`, moved by the verbs to `status`: claimed and closed by `mentor`, cancelled by the owner."""

    def make(owner: User, status: str = "OPEN", *, mentor: User | None = None, **fields: Any) -> Ticket:
        columns = {"title": "My build loops", "location": "Table 12", "created": timezone.now(), **fields}
        ticket = Ticket.objects.open(by=owner, owner_email=owner.email, **columns)
        if mentor and status in ("CLAIMED", "CLOSED"):
            ticket.claim(by=mentor)
        if mentor and status == "CLOSED":
            ticket.close(by=mentor)
        if status == "CANCELLED":
            ticket.cancel(by=owner)
        assert ticket.status == status
        return ticket

    return make


@pytest.fixture
def committed(transactional_db: None) -> Iterator[None]:
    """A database in which every transaction is real, as threads and other processes need; the cache is emptied after."""
    yield
    cache.clear()


@pytest.fixture
def at_once(committed: None) -> Callable[[list[Callable[[], Any]]], list[Any]]:
    """Run the calls in a thread each, all starting together; return what they returned."""

    def run(calls: list[Callable[[], Any]]) -> list[Any]:
        start = threading.Barrier(len(calls))

        def one(call: Callable[[], Any]) -> Any:
            start.wait()
            try:
                return call()
            finally:
                connections.close_all()

        with ThreadPoolExecutor(len(calls)) as pool:
            return list(pool.map(one, calls))

    return run
