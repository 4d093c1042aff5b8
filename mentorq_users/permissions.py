"""Permissions by the account's row, not by the claims of the token."""

from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView


class IsDirector(BasePermission):
    """Allows directors."""

    message = "Only directors may do this."

    def has_permission(self, request: Request, view: APIView) -> bool:
        return bool(getattr(request.user, "is_director", False))
