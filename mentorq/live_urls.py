"""Every path of the live stream's process (`mentorq.asgi`)."""

from typing import Any

from django.urls import path, re_path
from rest_framework.exceptions import NotFound
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.views import APIView

from mentorq.operations.probes import healthz
from mentorq_backend.live.views import LiveView


class NothingElseView(APIView):
    """404 in JSON, for every method."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        raise NotFound("This process serves only /api/live/ and /healthz/.")


urlpatterns = [
    path("api/live/", LiveView.as_view(), name="live"),
    path("healthz/", healthz, name="healthz"),
    re_path("", NothingElseView.as_view()),
]
