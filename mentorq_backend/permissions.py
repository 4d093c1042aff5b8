"""Permissions for history and feedback."""

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from mentorq_backend.models import Feedback, Ticket


class ReadsHistory(BasePermission):
    """Organizers and directors may read the history. Per object, so that an invisible ticket is still a 404."""

    message = "Only organizers and directors may read a ticket's history."

    def has_object_permission(self, request: Request, view: APIView, obj: Ticket) -> bool:
        return bool(getattr(request.user, "is_staff", False))


class ChangesOwnFeedback(BasePermission):
    """Everybody who sees feedback may read it; only the owner of the ticket may change it."""

    message = "Only the ticket's owner may change its feedback."

    def has_object_permission(self, request: Request, view: APIView, obj: Feedback) -> bool:
        return request.method in SAFE_METHODS or getattr(request.user, "email", "") == obj.ticket.owner_email
