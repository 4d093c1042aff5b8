"""Under /api/."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from mentorq_backend.views import FeedbackViewSet, LeaderboardView, SlackDMView, StatsView, TicketViewSet
from mentorq_backend.waits.views import QueueView

router = SimpleRouter()
router.register("tickets", TicketViewSet)
router.register("feedback", FeedbackViewSet)

# The OpenAPI document has the same order.
urlpatterns = [
    *router.urls,
    path("tickets/<int:pk>/slack-dm/", SlackDMView.as_view(), name="ticket-slack-dm"),
    path("feedback/leaderboard/", LeaderboardView.as_view(), name="feedback-leaderboard"),
    path("queue/", QueueView.as_view(), name="queue"),
    path("tickets/stats/", StatsView.as_view(), name="ticket-stats"),
]
