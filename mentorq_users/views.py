"""Sign in, refresh and log out. None of them needs an access token."""

from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema, extend_schema_view
from rest_framework.response import Response
from rest_framework_simplejwt.views import TokenViewBase

from mentorq.api.openapi import THROTTLED, WRITE_ERRORS, ErrorResponse
from mentorq_users.failed_signins import CRASHED, code_of, note_failure, sent_email
from mentorq_users.serializers import LogoutSerializer, TokenObtainSerializer, TokenRefreshSerializer
from mentorq_users.throttles import TokenThrottle

DEAD = ErrorResponse(
    "TokenNotValid", "`token_not_valid`: the token is expired or revoked, or its account no longer exists."
)
REFUSED = ErrorResponse("SignInRefused", "LCS refuses the token, it is somebody else's, or the account is deactivated.")


@extend_schema_view(
    post=extend_schema(
        tags=["auth"],
        summary="Sign in",
        description="Exchanges an LCS token for MentorQ's pair: access for 30 minutes, refresh for three days. The e-mail "
        "must be that of the token's owner in LCS; case does not matter. Both tokens have the claims `name`, `email`, "
        "`typed` (the e-mail as it was typed), `mentor`, `organizer` and `director`. The claims are for display only: "
        "permissions come from the account. Reads refuse an expired access token at once, writes 60 seconds later.",
        responses={200: TokenObtainSerializer, **WRITE_ERRORS, 401: REFUSED, 429: THROTTLED},
        examples=[
            OpenApiExample("A hacker", {"email": "ada@example.edu", "lcs_token": "…"}, request_only=True),
            OpenApiExample("Signed in", {"access": "eyJ…", "refresh": "eyJ…"}, response_only=True, status_codes=["200"]),
        ],
    )
)
class TokenObtainView(TokenViewBase):
    """`POST /api/auth/token/`."""

    serializer_class = TokenObtainSerializer
    throttle_classes = [TokenThrottle]

    def handle_exception(self, exc: Exception) -> Response:
        if self.request.method != "POST":
            return super().handle_exception(exc)
        email = sent_email(self.request)
        note_failure(self.request, email, CRASHED)  # if it is a bug, which is raised again
        response = super().handle_exception(exc)
        note_failure(self.request, email, code_of(response))
        return response


@extend_schema_view(
    post=extend_schema(
        tags=["auth"],
        summary="Stay signed in",
        description="Returns a new access token. The refresh token stays the same. Roles that are older than five minutes "
        "are read from LCS again. If LCS is down, or no key opens the stored LCS token, the last known roles hold.",
        responses={200: TokenRefreshSerializer, **WRITE_ERRORS, 401: DEAD},
    )
)
class TokenRefreshView(TokenViewBase):
    """`POST /api/auth/refresh/`."""

    serializer_class = TokenRefreshSerializer


@extend_schema_view(
    post=extend_schema(
        tags=["auth"],
        summary="Sign out",
        description="Revokes the refresh token.",
        responses={
            200: OpenApiResponse({"type": "object", "maxProperties": 0}, "Signed out."),
            **WRITE_ERRORS,
            401: DEAD,
        },
    )
)
class LogoutView(TokenViewBase):
    """`POST /api/auth/logout/`."""

    serializer_class = LogoutSerializer
