"""Fixtures of this app's tests: a client without a token, exact answers on the wire, and threads that start together."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jwt
import pytest
from django.db import connections
from rest_framework.test import APIClient

from mentorq_users.models import User
from mentorq_users.tests.wire import Wire
from mentorq_users.tokens import RefreshToken, issue


@pytest.fixture
def api() -> APIClient:
    """A client that sends no token."""
    return APIClient()


@pytest.fixture
def wire(settings: Any) -> Iterator[Wire]:
    """An LCS that says exactly `wire.answer`."""
    with Wire().serving() as server:
        settings.LCS_BASE_URL = server.url
        yield server


@pytest.fixture
def refresh_token() -> Callable[..., str]:
    """A refresh token of that account, with claims of its own where the test names some."""

    def make(user: User, **claims: Any) -> str:
        token = issue(RefreshToken, user)
        token.payload.update(claims)
        return str(token)

    return make


@pytest.fixture
def claims_of(settings: Any) -> Callable[[str], dict[str, Any]]:
    """What a token of ours says, its signature and expiry checked by PyJWT and not by our own code."""
    return lambda token: jwt.decode(token, settings.SECRET_KEY, algorithms=["HS256"])


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
