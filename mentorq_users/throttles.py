"""How often somebody may try to sign in."""

import hashlib

from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle
from rest_framework.views import APIView

from mentorq_users.serializers import LCSCredentialsSerializer


class TokenThrottle(SimpleRateThrottle):
    """Counts well-formed tries per client address and e-mail together, at the rate of the THROTTLE_TOKEN setting.

    By address alone a venue's thousands would lock each other out; by e-mail alone a stranger could lock out anyone.
    """

    scope = "token"

    def get_cache_key(self, request: Request, view: APIView) -> str | None:
        """Return the counter's key, None (not counted) for a malformed try, which the view answers with 400."""
        credentials = LCSCredentialsSerializer(data=request.data)
        if not credentials.is_valid():
            return None
        ident = f"{self.get_ident(request)} {credentials.validated_data['email']}"
        return f"throttle:{self.scope}:{hashlib.sha256(ident.encode()).hexdigest()}"
