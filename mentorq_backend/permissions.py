"""Who may ask what about a ticket."""

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from mentorq_backend.models import Feedback, Ticket


class ReadsHistory(BasePermission):
    """Lets organizers and directors read a ticket's history; asked about one ticket, so that an unseen one stays a 404."""

    message = "Only organizers and directors may read a ticket's history."

    def has_object_permission(self, request: Request, view: APIView, obj: Ticket) -> bool:
        return bool(getattr(request.user, "is_staff", False))


class ChangesOwnFeedback(BasePermission):
    """Lets whoever sees feedback read it, and only the ticket's owner change it."""

    message = "Only the ticket's owner changes its feedback."

    def has_object_permission(self, request: Request, view: APIView, obj: Feedback) -> bool:
        return request.method in SAFE_METHODS or getattr(request.user, "email", "") == obj.ticket.owner_email
