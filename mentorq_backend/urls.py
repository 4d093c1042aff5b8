"""Under /api/."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from mentorq_backend.views import StatsView, TicketViewSet

router = SimpleRouter()
router.register("tickets", TicketViewSet)

urlpatterns = [path("tickets/stats/", StatsView.as_view(), name="ticket-stats"), *router.urls]
