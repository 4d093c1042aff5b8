"""How often somebody may try to sign in."""

import hashlib
import time

from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle
from rest_framework.views import APIView

from mentorq_users.models import SignInTries
from mentorq_users.serializers import LCSCredentialsSerializer


class TokenThrottle(SimpleRateThrottle):
    """Counts well-formed tries per client address and e-mail together, at the rate of the THROTTLE_TOKEN setting.

    By address alone a venue's thousands would lock each other out; by e-mail alone a stranger could lock out anyone.
    """

    scope = "token"
    num_requests: int
    duration: int  # seconds

    def allow_request(self, request: Request, view: APIView) -> bool:
        """Return whether the try is let through; of many at once exactly as many as the rate says."""
        key = self.get_cache_key(request, view)
        if key is None:
            return True
        count, self.ends_at = SignInTries.objects.count_one(key, self.duration)
        return count <= self.num_requests

    def wait(self) -> float:
        """Return the seconds until a try counts for one again."""
        return max(self.ends_at - time.time(), 0)

    def get_cache_key(self, request: Request, view: APIView) -> str | None:
        """Return whose tries are counted, None (not counted) for a malformed try, which the view answers with 400."""
        credentials = LCSCredentialsSerializer(data=request.data)
        if not credentials.is_valid():
            return None
        ident = f"{self.get_ident(request)} {credentials.validated_data['email']}"
        return hashlib.sha256(ident.encode()).hexdigest()
