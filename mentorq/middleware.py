"""What holds for every path under /api, whoever answers it: slashes are optional, errors are JSON."""

import json
from collections.abc import Callable
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse, JsonResponse

GetResponse = Callable[[HttpRequest], HttpResponse]


def is_api(request: HttpRequest) -> bool:
    """Return whether the request is for the API, known path or not."""
    return f"{request.path_info}/".startswith("/api/")


class OptionalSlashMiddleware:
    """Answers `/api/…` and `/healthz` without their trailing slash as with it, for every method, without a redirect."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.endswith("/") and (is_api(request) or request.path_info == "/healthz"):
            request.path_info += "/"
        return self.get_response(request)


class LengthRequiredMiddleware:
    """Refuses a chunked body under `/api`: WSGI hands it on as an empty one, and a PATCH would silently do nothing."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if is_api(request) and "Transfer-Encoding" in request.headers and not request.headers.get("Content-Length"):
            detail = "Send the body with its Content-Length, not in chunks."
            return JsonResponse({"detail": detail, "code": "length_required"}, status=HTTPStatus.LENGTH_REQUIRED)
        return self.get_response(request)


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
