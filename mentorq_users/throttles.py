"""Rate limits of sign-in."""

import hashlib
import time
from typing import cast

from django.http import HttpRequest
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle
from rest_framework.views import APIView

from mentorq_users.addresses import client_address
from mentorq_users.models import SignInTries
from mentorq_users.serializers import LCSCredentialsSerializer


class TokenThrottle(SimpleRateThrottle):
    """Limits well-formed attempts per client address and e-mail together, by the THROTTLE_TOKEN setting.

    By address alone, thousands at a venue would lock each other out. By e-mail alone, a stranger could lock out anyone.
    """

    scope = "token"
    num_requests: int
    duration: int  # seconds

    def allow_request(self, request: Request, view: APIView) -> bool:
        """Count the attempt and return whether it is allowed, exactly even under concurrency."""
        credentials = LCSCredentialsSerializer(data=request.data)
        # A malformed attempt does not count: the view returns 400.
        return not credentials.is_valid() or self.allow(request, credentials.validated_data["email"])

    def allow(self, request: HttpRequest | Request, email: str) -> bool:
        return self.count(f"{self.get_ident(cast('Request', request))} {email}") <= self.num_requests

    def count(self, name: str) -> int:
        """Count an attempt under a digest of this name; return the attempts in the current window."""
        key = hashlib.sha256(name.encode()).hexdigest()
        count, self.ends_at = SignInTries.objects.count_one(key, self.duration)
        return count

    def get_ident(self, request: Request) -> str:
        return client_address(request)

    def wait(self) -> float:
        return max(self.ends_at - time.time(), 0)


class DeskThrottle(TokenThrottle):
    """Limits password guesses at the desk per address as above, and per e-mail from all addresses to ten times as many.

    Passwords can be guessed from many addresses, tokens cannot. It affects neither people who are signed in nor the API.
    """

    FROM_EVERYWHERE = 10

    def allow(self, request: HttpRequest | Request, email: str) -> bool:
        return super().allow(request, email) and self.count(f"desk {email}") <= self.FROM_EVERYWHERE * self.num_requests
