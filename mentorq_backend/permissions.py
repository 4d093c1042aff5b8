"""Who may ask what about a ticket."""

from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from mentorq_backend.models import Ticket


class ReadsHistory(BasePermission):
    """Lets organizers and directors read a ticket's history; asked about one ticket, so that an unseen one stays a 404."""

    message = "Only organizers and directors may read a ticket's history."

    def has_object_permission(self, request: Request, view: APIView, obj: Ticket) -> bool:
        return bool(getattr(request.user, "is_staff", False))
