"""`/api/live/`: a stream that says when to look again, and never what there is to see."""

from typing import Any, cast

from django.core.handlers.asgi import ASGIRequest
from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import NotFound
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.views import APIView

from mentorq.api.openapi import NO_STREAM, READ_ERRORS, TOO_MANY_STREAMS
from mentorq_backend.events.authentication import JWTAuthentication
from mentorq_backend.live.streams import Stream
from mentorq_backend.live.watcher import WATCHER

LIVE = """\
A stream of server-sent events, served by a process of its own. It says when to look, and never what there is to see.

- `event: tickets`: what you may see of the tickets has changed. Ask `/api/tickets/` again with your ETag.
- `event: queue`: `/api/queue/` has changed.

Ask for both once after the stream has opened. Each event comes within two seconds of the change, and at most once a second.
A comment comes every 15 seconds. Send the `id` of the last event as `Last-Event-ID` when you reconnect: if you missed
something, the event comes at once.

Without a token the stream has only `queue`. It ends when the token expires. If you cannot reach the stream, poll.
"""
LAST_EVENT_ID = OpenApiParameter(
    "Last-Event-ID", OpenApiTypes.STR, OpenApiParameter.HEADER, description="The `id` of the last event that you received."
)


class LiveView(APIView):
    """Public, but a bad token is 401. The WSGI servers answer 404."""

    authentication_classes = [JWTAuthentication, SessionAuthentication]
    permission_classes = [AllowAny]
    http_method_names = ["get", "options"]

    @extend_schema(
        summary="When to look again",
        description=LIVE,
        parameters=[LAST_EVENT_ID],
        auth=cast("Any", [{}, {"jwtAuth": []}]),
        responses={
            (200, "text/event-stream"): OpenApiResponse(OpenApiTypes.STR, "Server-sent events."),
            **READ_ERRORS,
            404: NO_STREAM,
            503: TOO_MANY_STREAMS,
        },
    )
    def get(self, request: Request) -> StreamingHttpResponse:
        if not isinstance(request._request, ASGIRequest):
            raise NotFound("This process has no live stream. The one of mentorq.asgi serves it.")
        stream = stream_of(request)
        # "no-cache" for browsers; nginx must not buffer it.
        headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
        return StreamingHttpResponse(stream, content_type="text/event-stream", headers=headers)


def stream_of(request: Request) -> Stream:
    """Open a stream; raises NoStream."""
    user = request.user if request.user.is_authenticated else None
    token: Any = request.auth
    session = None if token or not user else request._request.session.session_key
    stream = Stream(user, ends_at=token["exp"] if token else None, session=session)
    WATCHER.begin(stream, request.headers.get("Last-Event-ID", ""))
    return stream
