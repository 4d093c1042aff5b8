"""Every path of MentorQ and what it takes, written down, for the tests that go through all of them."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib import admin
from django.db import OperationalError, connection
from django.urls import URLResolver, get_resolver

METHODS = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"]
ROUTES = {
    "/": "DELETE GET HEAD OPTIONS PATCH POST PUT",
    "/admin/…": "",
    "/api/": "GET HEAD OPTIONS",
    "/api/auth/logout/": "OPTIONS POST",
    "/api/auth/refresh/": "OPTIONS POST",
    "/api/auth/token/": "OPTIONS POST",
    "/api/docs/": "GET HEAD",
    "/api/feedback/": "GET HEAD OPTIONS POST",
    "/api/feedback/<ticket>/": "GET HEAD OPTIONS PATCH",
    "/api/feedback/leaderboard/": "GET HEAD OPTIONS",
    "/api/queue/": "GET HEAD OPTIONS",
    "/api/live/": "GET OPTIONS",
    "/api/schema/": "GET HEAD OPTIONS",
    "/api/tickets/": "GET HEAD OPTIONS POST",
    "/api/tickets/<pk>/": "GET HEAD OPTIONS PATCH",
    "/api/tickets/<pk>/history/": "GET HEAD OPTIONS",
    "/api/tickets/<pk>/slack-dm/": "GET HEAD OPTIONS",
    "/api/tickets/stats/": "GET HEAD OPTIONS",
    "/board/": "GET HEAD",
    "/metrics/": "GET HEAD",
    "/healthz/": "GET HEAD",
    "/readyz/": "GET HEAD",
}


@contextmanager
def database_down(error=OperationalError):
    """Every query fails, as where the connection breaks."""

    def fail(*args):
        raise error("server closed the connection unexpectedly")

    with connection.execute_wrapper(fail):
        yield


def error_of(response):
    """Status, media type and body of an error; the beginning of a body that is no JSON."""
    is_json = "json" in response.headers["Content-Type"]
    return response.status_code, response.headers["Content-Type"], response.json() if is_json else response.content[:100]


def path_of(route: str, pk: int) -> str:
    """Return the route's path for the ticket of that id."""
    return re.sub("<(pk|ticket)>", str(pk), route)


API_ROUTES = [route for route in ROUTES if route.startswith("/api/")]


def routes_in(patterns: list[Any], prefix: str = "/") -> Iterator[str]:
    """Yield the paths of a URLconf with `<name>` for what varies; the admin site's own as one."""
    for pattern in patterns:
        path = prefix + re.sub(r"\(\?P(<\w+>)[^)]*\)", r"\1", str(pattern.pattern)).strip("^$").replace("<int:", "<")
        if not isinstance(pattern, URLResolver):
            yield path
        elif pattern.namespace == "admin":
            yield f"{path}…"
        else:
            yield from routes_in(pattern.url_patterns, path)


def all_routes() -> list[str]:
    """Return the paths that the project answers, sorted."""
    return sorted(routes_in(get_resolver().url_patterns))


def desk_paths(**pks: int) -> list[str]:
    """Return a path for each of the admin site's patterns; `ticket` and `user` are the ids of rows that there are."""
    varying = {
        "<path:content_type_id>": "1",
        "<slug:format>": "csv",
        "^(?P<app_label>mentorq_backend|mentorq_users)/$": "mentorq_users/",
        "(?P<url>.*)$": "nope/",
    }
    paths = []
    for path in _patterns(admin.site.urls[0], "/admin/"):
        for name, value in varying.items():
            path = path.replace(name, value)
        model = path.split("/")[3] if path.count("/") > 4 else ""
        paths.append(path.replace("<path:object_id>", str(pks.get(model, 1))))
    return sorted(paths)


def _patterns(patterns: list[Any], prefix: str) -> Iterator[str]:
    for pattern in patterns:
        path = f"{prefix}{pattern.pattern}"
        if isinstance(pattern, URLResolver):
            yield from _patterns(pattern.url_patterns, path)
        else:
            yield path
