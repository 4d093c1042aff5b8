"""How often somebody may try to sign in."""

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
    """Counts well-formed tries per client address and e-mail together, at the rate of the THROTTLE_TOKEN setting.

    By address alone a venue's thousands would lock each other out; by e-mail alone a stranger could lock out anyone.
    """

    scope = "token"
    num_requests: int
    duration: int  # seconds

    def allow_request(self, request: Request, view: APIView) -> bool:
        """Return whether the try is let through; of many at once exactly as many as the rate says."""
        credentials = LCSCredentialsSerializer(data=request.data)
        # A malformed try is not counted: the view answers it with 400.
        return not credentials.is_valid() or self.allow(request, credentials.validated_data["email"])

    def allow(self, request: HttpRequest | Request, email: str) -> bool:
        """Count a try of that e-mail from where the request comes, and return whether it is let through."""
        return self.count(f"{self.get_ident(cast('Request', request))} {email}") <= self.num_requests

    def count(self, name: str) -> int:
        """Count a try under that name, of which only a digest is kept, and return how many there were in this window."""
        key = hashlib.sha256(name.encode()).hexdigest()
        count, self.ends_at = SignInTries.objects.count_one(key, self.duration)
        return count

    def get_ident(self, request: Request) -> str:
        return client_address(request)

    def wait(self) -> float:
        """Return the seconds until a try is let through again."""
        return max(self.ends_at - time.time(), 0)


class DeskThrottle(TokenThrottle):
    """Counts guesses of a password at the desk's door: those from one address as above, and ten times as many in all.

    Passwords can be guessed from many addresses, tokens cannot. It keeps nobody out who is in, and nobody from the API.
    """

    FROM_EVERYWHERE = 10

    def allow(self, request: HttpRequest | Request, email: str) -> bool:
        """Count a guess for that e-mail, and return whether it is let through."""
        return super().allow(request, email) and self.count(f"desk {email}") <= self.FROM_EVERYWHERE * self.num_requests
