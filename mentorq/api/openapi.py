"""The error responses of the OpenAPI document, and how the document is written."""

from typing import Any

from drf_spectacular import openapi
from drf_spectacular.plumbing import ResolvedComponent
from drf_spectacular.utils import OpenApiResponse
from rest_framework import serializers


class ErrorSerializer(serializers.Serializer[None]):
    """An error: `detail` is a sentence for people, `code` is for programs."""

    detail = serializers.CharField()
    code = serializers.CharField()


class ErrorResponse(OpenApiResponse):
    """An error that the document describes once, as a component with this name."""

    def __init__(self, name: str, description: str, response: Any = ErrorSerializer) -> None:
        super().__init__(response, description)
        self.name = name


BAD_REQUEST = ErrorResponse(
    "BadRequest",
    "The request is invalid. The body names the fields and the reasons.",
    {"oneOf": [{"$ref": "#/components/schemas/Error"}, {"$ref": "#/components/schemas/FieldErrors"}]},
)
UNAUTHORIZED = ErrorResponse(
    "Unauthorized", "`not_authenticated` if the token is missing, `token_not_valid` if it is invalid."
)
FORBIDDEN = ErrorResponse("Forbidden", "This person may not do this.")
NOT_FOUND = ErrorResponse("NotFound", "It does not exist, or this person may not see it.")
LENGTH_REQUIRED = ErrorResponse("LengthRequired", "The body has no Content-Length (it is chunked).")
TOO_LARGE = ErrorResponse("TooLarge", "The body is too large.")
UNSUPPORTED = ErrorResponse("UnsupportedMediaType", "The body is not JSON.")
THROTTLED = ErrorResponse("TooManySignIns", "Too many requests.")
UNAVAILABLE = ErrorResponse("Unavailable", "LCS or the database does not answer.")
NO_STREAM = ErrorResponse("NoStream", "This process has no live stream: another one serves it.")
TOO_MANY_STREAMS = ErrorResponse("TooManyStreams", "Too many streams are open, or the database does not answer.")

# A GET can also have a chunked body (411) or an unknown Host (400). A 405 has no operation to be documented under.
READ_ERRORS = {400: BAD_REQUEST, 401: UNAUTHORIZED, 411: LENGTH_REQUIRED, 503: UNAVAILABLE}
WRITE_ERRORS = {**READ_ERRORS, 413: TOO_LARGE, 415: UNSUPPORTED}

RETRY_AFTER = {"Retry-After": {"description": "The seconds to wait.", "required": True, "schema": {"type": "integer"}}}
TRY_AGAIN = ("429", "503")
NULL = {"type": "object", "nullable": True, "enum": [None]}


class AutoSchema(openapi.AutoSchema):
    """Describes an operation: its errors are components, and a public one says that it needs no token."""

    def get_operation(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        operation: dict[str, Any] | None = super().get_operation(*args, **kwargs)
        if operation:
            operation["responses"] = dict(sorted(operation["responses"].items()))
            operation.setdefault("security", [])
        return operation

    def _get_response_for_code(self, serializer: Any, status_code: str, *args: Any, **kwargs: Any) -> dict[str, Any]:
        response: dict[str, Any] = super()._get_response_for_code(serializer, status_code, *args, **kwargs)
        if not isinstance(serializer, ErrorResponse):
            return response
        if status_code in TRY_AGAIN:
            response["headers"] = RETRY_AFTER
        component = ResolvedComponent(serializer.name, ResolvedComponent.RESPONSE, response, object=serializer.name)
        self.registry.register_on_missing(component)
        reference: dict[str, Any] = component.ref
        return reference

    def _map_serializer_field(self, field: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """In OpenAPI 3.0 `nullable` counts only beside a `type`, and a reference has none."""
        schema: dict[str, Any] = super()._map_serializer_field(field, *args, **kwargs)
        if schema.get("nullable") and "allOf" in schema:
            del schema["nullable"]
            schema["oneOf"] = [*schema.pop("allOf"), NULL]
        return schema


def in_the_order_of_the_urls(endpoints: list[tuple[str, str, str, Any]]) -> list[tuple[str, str, str, Any]]:
    """A view has its methods as a set, so each process would have its own order."""
    paths = list(dict.fromkeys(path for path, *_ in endpoints))
    return sorted(endpoints, key=lambda endpoint: (paths.index(endpoint[0]), endpoint[2]))
