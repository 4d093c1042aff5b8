"""What the OpenAPI document says of answers that any endpoint may give: its errors."""

from drf_spectacular.utils import OpenApiResponse
from rest_framework import serializers


class ErrorSerializer(serializers.Serializer[None]):
    """An error: a sentence for a person, a code for a program."""

    detail = serializers.CharField()
    code = serializers.CharField()


FIELD_ERRORS = {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}}

BAD_REQUEST = OpenApiResponse(
    {"oneOf": [{"$ref": "#/components/schemas/Error"}, FIELD_ERRORS]}, "Not understood: which field, and why."
)
UNAUTHORIZED = OpenApiResponse(ErrorSerializer, "`not_authenticated` without a token, `token_not_valid` with a bad one.")
FORBIDDEN = OpenApiResponse(ErrorSerializer, "Not for this person.")
NOT_FOUND = OpenApiResponse(ErrorSerializer, "There is none, or this person may not see it.")
LENGTH_REQUIRED = OpenApiResponse(ErrorSerializer, "The body came in chunks, without a Content-Length.")
TOO_LARGE = OpenApiResponse(ErrorSerializer, "The body is too large.")
UNSUPPORTED = OpenApiResponse(ErrorSerializer, "The body is not JSON.")
THROTTLED = OpenApiResponse(ErrorSerializer, "Too many tries; `Retry-After` says when to try again.")
UNAVAILABLE = OpenApiResponse(ErrorSerializer, "LCS or the database does not answer; `Retry-After` says when to try again.")

# A GET may come with a body in chunks, and with an unknown Host, too. A 405 is no answer of an operation: there is none.
READ_ERRORS = {400: BAD_REQUEST, 401: UNAUTHORIZED, 411: LENGTH_REQUIRED, 503: UNAVAILABLE}
WRITE_ERRORS = {400: BAD_REQUEST, 411: LENGTH_REQUIRED, 413: TOO_LARGE, 415: UNSUPPORTED, **READ_ERRORS}
