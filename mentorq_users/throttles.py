"""How often somebody may try to sign in."""

import hashlib

from django.db import transaction
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle
from rest_framework.views import APIView

from mentorq.locks import lock
from mentorq_users.serializers import LCSCredentialsSerializer


class TokenThrottle(SimpleRateThrottle):
    """Counts well-formed tries per client address and e-mail together, at the rate of the THROTTLE_TOKEN setting.

    By address alone a venue's thousands would lock each other out; by e-mail alone a stranger could lock out anyone.
    """

    scope = "token"

    def allow_request(self, request: Request, view: APIView) -> bool:
        """Return whether the try is let through; of many at once exactly as many as the rate says."""
        self.counter = self.counter_of(request)
        if self.counter is None:
            return True
        with transaction.atomic():
            lock(self.counter)
            return super().allow_request(request, view)

    def get_cache_key(self, request: Request, view: APIView) -> str | None:
        return self.counter

    def counter_of(self, request: Request) -> str | None:
        """Return the counter's key, None (not counted) for a malformed try, which the view answers with 400."""
        credentials = LCSCredentialsSerializer(data=request.data)
        if not credentials.is_valid():
            return None
        ident = f"{self.get_ident(request)} {credentials.validated_data['email']}"
        return f"throttle:{self.scope}:{hashlib.sha256(ident.encode()).hexdigest()}"
