"""The index of the API and its OpenAPI document."""

from functools import cache
from threading import Lock
from typing import Any

from django.http import HttpResponse
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularSwaggerSplitView
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

INDEX = {
    "tickets": "ticket-list",
    "statistics": "ticket-stats",
    "feedback": "feedback-list",
    "leaderboard": "feedback-leaderboard",
    "queue": "queue",
    "live": "live",
    "token": "token-obtain",
    "refresh": "token-refresh",
    "logout": "token-logout",
    "schema": "schema",
    "docs": "docs",
}


class IndexView(APIView):
    """`GET /api/`: the URLs of the API, by name. Public."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    schema = None  # the OpenAPI document lists the paths anyway

    def get(self, request: Request) -> Response:
        return Response({name: reverse(view, request=request) for name, view in INDEX.items()})


class SchemaView(SpectacularJSONAPIView):
    """`GET /api/schema/`: the OpenAPI document."""

    schema = None

    def get(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        """Ignore the version and the language in the query, so that one cached document serves everybody."""
        headers = {"Content-Disposition": 'inline; filename="MentorQ.json"'}
        return HttpResponse(document(), content_type=OpenApiJsonRenderer.media_type, headers=headers)


class DocsView(SpectacularSwaggerSplitView):
    """`GET /api/docs/`: a page to read and try the API on, in light or dark as the browser says."""

    url_name = "schema"
    template_name = "mentorq/docs.html"
    http_method_names = ["get", "head"]


def document() -> bytes:
    """Return the OpenAPI document as JSON. It is public and takes half a second, so each process generates it once."""
    with generating:
        return generated()


generating = Lock()


@cache
def generated() -> bytes:
    rendered: bytes = OpenApiJsonRenderer().render(SchemaGenerator().get_schema(public=True))
    return rendered
