"""Who may ask, by the account's row, not by the token's claims."""

from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView


class IsDirector(BasePermission):
    """Lets directors in."""

    message = "Only directors may do this."

    def has_permission(self, request: Request, view: APIView) -> bool:
        return bool(getattr(request.user, "is_director", False))
