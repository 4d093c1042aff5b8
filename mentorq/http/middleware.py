"""What holds whoever answers: each request is logged; under /api slashes are optional and errors are JSON."""

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

logger = logging.getLogger("mentorq.requests")

PROBES = ("/healthz/", "/readyz/", "/metrics/", "/healthz", "/readyz", "/metrics")
GetResponse = Callable[[HttpRequest], HttpResponse]


def is_api(request: HttpRequest) -> bool:
    """Return whether the request is for the API, known path or not."""
    return f"{request.path_info}/".startswith("/api/")


class RequestLogMiddleware:
    """Logs who asked what, what came of it, and how long it took; never a query string, a body or a header.

    A poll that found nothing new, and a probe that found all well, interest nobody, and there are many a second: DEBUG.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        start = time.perf_counter()
        response = self.get_response(request)
        is_probe = request.path_info in PROBES and response.status_code < HTTPStatus.INTERNAL_SERVER_ERROR
        quiet = is_probe or response.status_code == HTTPStatus.NOT_MODIFIED
        level = logging.DEBUG if quiet else logging.INFO
        if logger.isEnabledFor(level):
            said = {
                "method": request.method,
                "path": escape_uri_path(request.path),  # a decoded line break would begin another line
                "status": response.status_code,
                "milliseconds": round((time.perf_counter() - start) * 1000, 1),
                "user": getattr(who_asked(request), "pk", None),
            }
            logger.log(level, "%(method)s %(path)s %(status)s %(milliseconds)s ms, user %(user)s", said, extra=said)
        return response


def who_asked(request: HttpRequest) -> Any:
    """Return the account that the API or the desk found for the request, None where neither looked for one."""
    user, _ = getattr(request, "signed_in", None) or (getattr(request, "_cached_user", None), None)
    return user


class UnexpectedProxyMiddleware:
    """Warns, once a process, that a proxy seems to stand in front while NUM_PROXIES is 0; left out otherwise."""

    def __init__(self, get_response: GetResponse) -> None:
        if api_settings.NUM_PROXIES != 0:
            raise MiddlewareNotUsed
        self.get_response = get_response
        self.warned = threading.Lock()  # taken by the first who warns, for ever

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "HTTP_X_FORWARDED_FOR" in request.META and self.warned.acquire(blocking=False):
            logger.warning(
                "A request came with X-Forwarded-For while NUM_PROXIES is 0. If a proxy stands in front, set NUM_PROXIES=1:"
                " until then all clients share its address, and with it their tries to sign in (docs/configuration.md)."
            )
        return self.get_response(request)


class OptionalSlashMiddleware:
    """Answers `/api/…`, `/healthz`, `/readyz` and `/metrics` with or without their trailing slash, for every method."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.endswith("/") and (is_api(request) or request.path_info in PROBES):
            request.path_info += "/"
        return self.get_response(request)


class CommonMiddleware(common.CommonMiddleware):
    """Django's, which refuses a foreign host, but not for probes: load balancers ask by an address."""

    def process_request(self, request: HttpRequest) -> HttpResponsePermanentRedirect | None:
        """Return Django's redirect or refusal, None for a probe."""
        return None if request.path_info in PROBES else super().process_request(request)


class LengthRequiredMiddleware:
    """Refuses a body without its length under `/api`: WSGI hands it on as empty, and a PATCH would silently do nothing.

    In HTTP/1 such a body comes in chunks; in HTTP/2 nothing tells it from none, but no write here goes without one.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if is_api(request) and not request.headers.get("Content-Length") and may_have_body(request):
            detail = "Send the body with its Content-Length, not in chunks."
            return JsonResponse({"detail": detail, "code": "length_required"}, status=HTTPStatus.LENGTH_REQUIRED)
        return self.get_response(request)


def may_have_body(request: HttpRequest) -> bool:
    """Return whether a body may follow though no Content-Length says so."""
    if request.META.get("SERVER_PROTOCOL", "").startswith("HTTP/1"):
        return "Transfer-Encoding" in request.headers
    return request.method in ("PATCH", "POST")


class NoStoreMiddleware:
    """Keeps answers, which hold tokens and people's tickets, out of every cache; those that say themselves how stay so."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.setdefault("Cache-Control", "no-store")
        return response


class JSONErrorsMiddleware:
    """Turns Django's own error pages (unknown path, refused host, crash, DEBUG's too) into JSON under `/api`."""

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
    """WhiteNoise's, but hands its files over whole: a stream holds a thread for as long as its reader takes."""

    @staticmethod
    def serve(static_file: Any, request: HttpRequest) -> HttpResponse:
        """Return the answer with that file; none of ours is larger than two megabytes."""
        answer = static_file.get_response(request.method, request.META)
        with answer.file or BytesIO() as file:
            response = HttpResponse(file.read(), status=answer.status)
        del response["Content-Type"]  # WhiteNoise says which, and that a 304 has none
        for name, value in answer.headers:
            response[name] = value
        return response
