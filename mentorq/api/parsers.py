"""Reads JSON request bodies strictly."""

import json
import math
from collections.abc import Mapping
from typing import IO, Any

from rest_framework import parsers
from rest_framework.exceptions import ParseError, UnsupportedMediaType
from rest_framework.utils.json import strict_constant


class JSONParser(parsers.JSONParser):
    """Reads UTF-8 JSON and ignores the charset of the request. Raises ParseError (400)."""

    def parse(self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None) -> Any:
        refuse_encoded(parser_context)
        try:
            data = json.loads(
                whole(stream.read(), parser_context).decode(),
                object_pairs_hook=unambiguous,
                parse_float=finite,
                parse_constant=strict_constant,
            )
            # JSON can hold half a surrogate pair, UTF-8 cannot: even the error message could not be sent.
            json.dumps(data, ensure_ascii=False).encode()
        except RecursionError as error:
            raise ParseError("JSON parse error - nested too deep") from error
        except UnicodeEncodeError as error:
            raise ParseError("JSON parse error - half a surrogate pair") from error
        except ValueError as error:
            raise ParseError(f"JSON parse error - {error}") from error
        return data


class EncodedBody(UnsupportedMediaType):
    """415: the body has a Content-Encoding, such as gzip."""

    def __init__(self, encoding: str) -> None:
        super().__init__("", f'The body has the Content-Encoding "{encoding}": send it without one.')


def refuse_encoded(parser_context: Mapping[str, Any] | None) -> None:
    """Raise EncodedBody for a compressed body: a few bytes can expand to gigabytes."""
    request = (parser_context or {}).get("request")
    encoding = request.headers.get("Content-Encoding", "").strip() if request else ""
    if encoding.lower() not in ("", "identity"):
        raise EncodedBody(encoding[:100])


def whole(body: bytes, parser_context: Mapping[str, Any] | None) -> bytes:
    """Raise ValueError if the client left before it had sent the whole body: servers do not report that."""
    request = (parser_context or {}).get("request")
    if request and len(body) < int(request.META.get("CONTENT_LENGTH") or 0):
        raise ValueError("the body is shorter than its Content-Length")
    return body


def unambiguous(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Raise ValueError for a repeated key: JSON readers differ in which value they use."""
    data: dict[str, Any] = {}
    for key, value in pairs:
        if key in data:
            raise ValueError(f"the key {json.dumps(key[:100])} comes twice")
        data[key] = value
    return data


def finite(text: str) -> float:
    """Raise ValueError for a number such as `1e400`, which Python reads as infinity."""
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"Out of range float values are not JSON compliant: {text[:100]!r}")
    return number
