"""Every path of MentorQ on one screen."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from mentorq.api.views import DocsView, IndexView, SchemaView
from mentorq.operations.metrics import metrics
from mentorq.operations.probes import healthz, readyz
from mentorq_backend.board.views import board
from mentorq_backend.live.views import LiveView

handler400 = "mentorq.error_pages.bad_request"
handler403 = "mentorq.error_pages.permission_denied"
handler404 = "mentorq.error_pages.page_not_found"
handler500 = "mentorq.error_pages.server_error"

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="docs")),
    path("admin/", admin.site.urls),
    path("api/", IndexView.as_view(), name="index"),
    path("api/auth/", include("mentorq_users.urls")),
    path("api/", include("mentorq_backend.urls")),
    path("api/live/", LiveView.as_view(), name="live"),  # for the OpenAPI document: only mentorq.asgi serves it
    path("api/schema/", SchemaView.as_view(), name="schema"),
    path("api/docs/", DocsView.as_view(), name="docs"),
    path("board/", board, name="board"),
    path("healthz/", healthz, name="healthz"),
    path("readyz/", readyz, name="readyz"),
    path("metrics/", metrics, name="metrics"),
]
