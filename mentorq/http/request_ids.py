"""Request ids: in the response as X-Request-ID, and in each line of the log."""

import re
import uuid
from contextvars import ContextVar
from logging import LogRecord
from typing import Any

from django.core.signals import request_finished
from django.http import HttpRequest, HttpResponse

from mentorq.http.middleware import GetResponse

HEADER = "X-Request-ID"
# Anything else from a proxy could put a line break into the log.
UUID = re.compile("[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE)
request_id: ContextVar[str | None] = ContextVar("request_id", default=None)


class RequestIdMiddleware:
    """Keeps the id that a proxy sent, or makes a new one."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        sent = request.headers.get(HEADER, "")
        given = sent if UUID.fullmatch(sent) else uuid.uuid4().hex
        request_id.set(given)
        response = self.get_response(request)
        response[HEADER] = given
        return response


def forget(**kwargs: Any) -> None:
    request_id.set(None)


request_finished.connect(forget)  # not earlier: an export is written after the middleware returned


class RequestId:
    """Adds `request_id` to each record (None outside of a request), and `of_request` for the lines that people read."""

    def filter(self, record: LogRecord) -> bool:
        given = request_id.get()
        record.__dict__ |= {"request_id": given, "of_request": f" {given}" if given else ""}
        return True
