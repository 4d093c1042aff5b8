"""What authentication, views and middleware share about one request."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

if TYPE_CHECKING:  # they need the apps, and the log is set up before those
    from rest_framework.request import Request
    from rest_framework_simplejwt.tokens import Token


@dataclass
class RequestState:
    """`user` is the account that sent the request, as the API, a sign-in or the desk found it; None if nobody looked.

    `token` is its access token. `fingerprint` changes with all that this person may see (`live/reads.py`). `schedule` has
    the events (`events/schedule.py`). `began` is the instant that the request asks for.
    `failed_sign_in` has what the log says of one (`mentorq_users/failed_signins.py`).
    """

    user: Any = None
    token: "Token | None" = None
    fingerprint: str | None = None
    schedule: Any = None
    failed_sign_in: dict[str, str] = field(default_factory=dict)
    began: datetime = field(default_factory=lambda: timezone.now())


class RequestStateMiddleware:
    """Gives each request its state, before anything asks for it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.state = RequestState()  # type: ignore[attr-defined]
        return self.get_response(request)


def state_of(request: "HttpRequest | Request") -> RequestState:
    state: RequestState = request.state  # type: ignore[union-attr]  # REST framework's request passes it on
    return state
