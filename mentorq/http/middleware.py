"""What every request goes through: a log line; under /api an optional slash, and errors in JSON."""

import json
import logging
import threading
import time
from collections.abc import Callable
from http import HTTPStatus
from io import BytesIO
from typing import Any

from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect, JsonResponse
from django.middleware import common
from django.utils.encoding import escape_uri_path
from rest_framework.settings import api_settings
from whitenoise.middleware import WhiteNoiseMiddleware

from mentorq.api.request_state import state_of

logger = logging.getLogger("mentorq.requests")

PROBES = ("/healthz/", "/readyz/", "/metrics/", "/healthz", "/readyz", "/metrics")
POLLED = ("/api/queue/", "/api/queue", "/board/")
LINE = "%(method)s %(path)s %(status)s %(milliseconds)s ms, user %(user)s"
REFUSED_LINE = f"{LINE}, failed sign-in from %(address)s: %(code)s"
GetResponse = Callable[[HttpRequest], HttpResponse]


def is_api(request: HttpRequest) -> bool:
    return f"{request.path_info}/".startswith("/api/")


class RequestLogMiddleware:
    """Logs method, path, status, duration and account; never a query string, a body or a header.

    A failed sign-in has its reason, the client's address and a digest of the e-mail besides.

    Unchanged polls, healthy probes and the public figures come many times a second and interest nobody: their level is
    DEBUG. A line takes a third of the time of `/api/queue/` (2026-11-27).
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        start = time.perf_counter()
        response = self.get_response(request)
        is_probe = request.path_info in PROBES and response.status_code < HTTPStatus.INTERNAL_SERVER_ERROR
        is_poll = request.path_info in POLLED and response.status_code < HTTPStatus.BAD_REQUEST
        quiet = is_probe or is_poll or response.status_code == HTTPStatus.NOT_MODIFIED
        level = logging.DEBUG if quiet else logging.INFO
        if logger.isEnabledFor(level):
            failed = state_of(request).failed_sign_in
            fields = {
                "method": request.method,
                "path": escape_uri_path(request.path),  # a decoded line break would begin another line
                "status": response.status_code,
                "milliseconds": round((time.perf_counter() - start) * 1000, 1),
                "user": getattr(state_of(request).user, "pk", None),
                **failed,
            }
            logger.log(level, REFUSED_LINE if failed else LINE, fields, extra=fields)
        return response


class UnexpectedProxyMiddleware:
    """Warns once per process if a proxy seems to stand in front although NUM_PROXIES is 0."""

    def __init__(self, get_response: GetResponse) -> None:
        if api_settings.NUM_PROXIES != 0:
            raise MiddlewareNotUsed
        self.get_response = get_response
        self.warned = threading.Lock()  # the first request that warns takes it and keeps it

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "HTTP_X_FORWARDED_FOR" in request.META and self.warned.acquire(blocking=False):
            logger.warning(
                "A request came with X-Forwarded-For while NUM_PROXIES is 0. If a proxy stands in front, set NUM_PROXIES=1:"
                " until then all clients share its address and its limit of sign-in attempts (docs/configuration.md)."
            )
        return self.get_response(request)


class OptionalSlashMiddleware:
    """Accepts `/api/…`, `/healthz`, `/readyz` and `/metrics` without their trailing slash, for every method."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.endswith("/") and (is_api(request) or request.path_info in PROBES):
            request.path_info += "/"
        return self.get_response(request)


class CommonMiddleware(common.CommonMiddleware):
    """Django's, except that probes may name any host: load balancers use an IP address."""

    def process_request(self, request: HttpRequest) -> HttpResponsePermanentRedirect | None:
        return None if request.path_info in PROBES else super().process_request(request)


class LengthRequiredMiddleware:
    """Refuses a body without a Content-Length under `/api`: WSGI passes it on as empty, and a PATCH would do nothing.

    In HTTP/1 such a body comes in chunks. In HTTP/2 it looks like no body at all, but every write here needs one.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if is_api(request) and not request.headers.get("Content-Length") and may_have_body(request):
            detail = "Send the body with its Content-Length, not in chunks."
            return JsonResponse({"detail": detail, "code": "length_required"}, status=HTTPStatus.LENGTH_REQUIRED)
        return self.get_response(request)


def may_have_body(request: HttpRequest) -> bool:
    if request.META.get("SERVER_PROTOCOL", "").startswith("HTTP/1"):
        return "Transfer-Encoding" in request.headers
    return request.method in ("PATCH", "POST")


class NoStoreMiddleware:
    """Keeps responses, which hold tokens and tickets, out of caches, unless they set Cache-Control themselves."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.setdefault("Cache-Control", "no-store")
        return response


class JSONErrorsMiddleware:
    """Turns Django's error pages (unknown path, refused host, crash, even with DEBUG) into JSON under `/api`."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if is_api(request) and response.status_code >= 400 and "json" not in response.get("Content-Type", ""):
            status = HTTPStatus(response.status_code)
            response.content = json.dumps({"detail": f"{status.phrase}.", "code": status.name.lower()})
            response["Content-Type"] = "application/json"
            response["Content-Length"] = len(response.content)
        return response


class StaticFilesMiddleware(WhiteNoiseMiddleware):
    """WhiteNoise's, but without streaming: a stream holds a thread for as long as its reader takes."""

    @staticmethod
    def serve(static_file: Any, request: HttpRequest) -> HttpResponse:
        """Return the response with the whole file; none of ours is larger than two megabytes."""
        file_response = static_file.get_response(request.method, request.META)
        with file_response.file or BytesIO() as file:
            response = HttpResponse(file.read(), status=file_response.status)
        del response["Content-Type"]  # WhiteNoise sets it, except for a 304
        for name, value in file_response.headers:
            response[name] = value
        return response
