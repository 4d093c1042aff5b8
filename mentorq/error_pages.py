"""The pages of errors: what happened, what to do, and a way back. Under /api, JSONErrorsMiddleware makes JSON of them."""

import sys
from http import HTTPStatus
from typing import Any, NamedTuple

from django.contrib import admin
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from mentorq.api.request_state import state_of
from mentorq.exceptions import DATABASE_ERRORS, ServiceUnavailable
from mentorq.http.middleware import PROBES, GetResponse, is_api


class Page(NamedTuple):
    """The texts of an error's page. They say nothing of what there is, and nothing of the request."""

    title: str
    happened: str
    remedy: str


AGAIN = "Go back, reload the page, and try again."
BAD_REQUEST = Page("The request is invalid", "MentorQ did not understand the request. Nothing was changed.", AGAIN)
TOO_LARGE = Page(
    "The form is too large", "MentorQ did not read it. Nothing was changed.", "Go back, and send less at once."
)
FORBIDDEN = Page(
    "You may not do this",
    "Your role does not allow it, or nobody may do it. Nothing was changed.",
    "Webhooks, notices, statistics and erasing are for directors: ask one of them.",
)
OLD_FORM = Page("The form was refused", "This form was too old, or came from another site. Nothing was changed.", AGAIN)
NOT_FOUND = Page("There is no such page", "The address is wrong, or what it showed is gone.", "Check the address.")
NOT_ALLOWED = Page(
    "This address shows nothing",
    "It belongs to a button, and works only when the button is pressed. Nothing was changed.",
    "Go back, and press the button.",
)
CRASHED = Page(
    "Something went wrong",
    "MentorQ made a mistake, and wrote it into its log.",
    "Try again. If it happens again, tell the operator the time.",
)
NO_DATABASE = Page(
    "The database does not answer",
    "MentorQ may not have done what you asked.",
    "Wait a moment, go back, and look whether it was done.",
)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if isinstance(exception, RequestDataTooBig):
        return _answer(request, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, TOO_LARGE)
    return _answer(request, HTTPStatus.BAD_REQUEST, BAD_REQUEST)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, HTTPStatus.FORBIDDEN, FORBIDDEN)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return _answer(request, HTTPStatus.FORBIDDEN, OLD_FORM)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, HTTPStatus.NOT_FOUND, NOT_FOUND)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer an uncaught exception: 503 if the database caused it, else 500. The page needs no database."""
    if isinstance(sys.exception(), DATABASE_ERRORS):
        response = HttpResponse(_plain(request, NO_DATABASE), status=HTTPStatus.SERVICE_UNAVAILABLE)
        response["Retry-After"] = str(ServiceUnavailable.wait)
        return response
    return HttpResponse(_plain(request, CRASHED), status=HTTPStatus.INTERNAL_SERVER_ERROR)


class NotAllowedMiddleware:
    """Gives a page to a 405, which has none. Django has no handler for it."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        is_page = not is_api(request) and request.path_info not in PROBES
        if is_page and response.status_code == HTTPStatus.METHOD_NOT_ALLOWED and not response.content:
            response.content = _page(request, NOT_ALLOWED)
        return response


def _answer(request: HttpRequest, status: HTTPStatus, page: Page) -> HttpResponse:
    # The middleware that sets it may not have been reached.
    return HttpResponse(_page(request, page), status=status, headers={"X-Frame-Options": "DENY"})


def _page(request: HttpRequest, page: Page) -> str:
    """Return the page within the desk to whom the desk has let in, and by itself to anybody else."""
    user: Any = state_of(request).user
    if not (_is_desk(request) and user and user.is_active and user.is_staff):
        return _plain(request, page)
    context = {**admin.site.each_context(request), **page._asdict(), "layout": "admin/base.html", "start": "/admin/"}
    return render_to_string("mentorq/error.html", context, request)


def _plain(request: HttpRequest, page: Page) -> str:
    start = "/admin/" if _is_desk(request) else "/"
    return render_to_string("mentorq/error.html", {**page._asdict(), "layout": "mentorq/plain.html", "start": start})


def _is_desk(request: HttpRequest) -> bool:
    return f"{request.path_info}/".startswith("/admin/")
