"""The error responses that the OpenAPI document gives for every endpoint."""

from drf_spectacular.utils import OpenApiResponse
from rest_framework import serializers


class ErrorSerializer(serializers.Serializer[None]):
    """An error: `detail` is a sentence for people, `code` is for programs."""

    detail = serializers.CharField()
    code = serializers.CharField()


FIELD_ERRORS = {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}}

BAD_REQUEST = OpenApiResponse(
    {"oneOf": [{"$ref": "#/components/schemas/Error"}, FIELD_ERRORS]},
    "The request is invalid. The body names the fields and the reasons.",
)
UNAUTHORIZED = OpenApiResponse(
    ErrorSerializer, "`not_authenticated` if the token is missing, `token_not_valid` if it is invalid."
)
FORBIDDEN = OpenApiResponse(ErrorSerializer, "This user may not do this.")
NOT_FOUND = OpenApiResponse(ErrorSerializer, "It does not exist, or this user may not see it.")
LENGTH_REQUIRED = OpenApiResponse(ErrorSerializer, "The body has no Content-Length (it is chunked).")
TOO_LARGE = OpenApiResponse(ErrorSerializer, "The body is too large.")
UNSUPPORTED = OpenApiResponse(ErrorSerializer, "The body is not JSON.")
THROTTLED = OpenApiResponse(ErrorSerializer, "Too many requests. `Retry-After` gives the seconds to wait.")
UNAVAILABLE = OpenApiResponse(
    ErrorSerializer, "LCS or the database does not answer. `Retry-After` gives the seconds to wait."
)
NO_STREAM = OpenApiResponse(ErrorSerializer, "This process has no live stream: another one serves it.")
TOO_MANY_STREAMS = OpenApiResponse(
    ErrorSerializer, "Too many streams are open, or the database does not answer. `Retry-After` gives the seconds to wait."
)

# A GET can also have a chunked body (411) or an unknown Host (400). A 405 has no operation to be documented under.
READ_ERRORS = {400: BAD_REQUEST, 401: UNAUTHORIZED, 411: LENGTH_REQUIRED, 503: UNAVAILABLE}
WRITE_ERRORS = {400: BAD_REQUEST, 411: LENGTH_REQUIRED, 413: TOO_LARGE, 415: UNSUPPORTED, **READ_ERRORS}
