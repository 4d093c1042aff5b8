"""Fixtures of this app's tests: a client without a token, tokens, and exact answers on the wire."""

from collections.abc import Callable, Iterator
from typing import Any

import jwt
import pytest
from rest_framework.test import APIClient

from mentorq_users.models import User
from mentorq_users.tests.lcs.wire import Wire
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
