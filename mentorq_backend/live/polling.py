"""Answers the unchanged poll of the queue, which is most of what MentorQ does, before everything else."""

from collections.abc import Callable
from typing import cast

from django.db import Error, connection
from django.http import HttpRequest, HttpResponse
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from mentorq_backend.events.authentication import JWTAuthentication
from mentorq_backend.live import reads
from mentorq_backend.live.etags import key_of, not_modified

PATHS = {"/api/tickets", "/api/tickets/"}


class UnchangedPollMiddleware:
    """Answers `GET /api/tickets/…` with 304 if the client has the current list. Everything else goes on to the view.

    The view would answer the same, but sessions, routing and REST framework cost more than the answer.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        is_poll = request.path_info in PATHS and request.method == "GET" and "If-None-Match" in request.headers
        return (is_poll and unchanged(request)) or self.get_response(request)


def unchanged(request: HttpRequest) -> HttpResponse | None:
    """Return the 304, or None for what the view must answer: a change, a bad token or a broken database."""
    # Skip the health check: it would be one of three statements, and the next one detects a lost connection anyway.
    connection.health_check_done = True  # type: ignore[attr-defined]  # Django's, but not in its stubs
    try:
        user, _ = JWTAuthentication().authenticate(cast("Request", request)) or (None, None)
        return not_modified(request, key_of(request, user, reads.fingerprint(user, request))) if user else None
    except AuthenticationFailed:
        return None
    except Error:
        connection.close_if_unusable_or_obsolete()  # the view gets a new one
        return None
