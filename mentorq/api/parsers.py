"""How request bodies are read."""

import json
import math
from collections.abc import Mapping
from typing import IO, Any

from rest_framework import parsers
from rest_framework.exceptions import ParseError, UnsupportedMediaType
from rest_framework.utils.json import strict_constant


class JSONParser(parsers.JSONParser):
    """Reads UTF-8 JSON, whatever charset the request claims; raises ParseError (400), also for JSON nested too deep."""

    def parse(self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None) -> Any:
        refuse_encoded(parser_context)
        try:
            data = json.loads(
                whole(stream.read(), parser_context).decode(),
                object_pairs_hook=unambiguous,
                parse_float=finite,
                parse_constant=strict_constant,
            )
            # Half a surrogate pair can be written in JSON, but not in UTF-8: not even the error message could be sent.
            json.dumps(data, ensure_ascii=False).encode()
        except RecursionError as error:
            raise ParseError("JSON parse error - nested too deep") from error
        except UnicodeEncodeError as error:
            raise ParseError("JSON parse error - half a surrogate pair") from error
        except ValueError as error:
            raise ParseError(f"JSON parse error - {error}") from error
        return data


class EncodedBody(UnsupportedMediaType):
    """415: the body is compressed, or encoded in another way."""

    def __init__(self, encoding: str) -> None:
        super().__init__("", f'The body has the Content-Encoding "{encoding}": send it without one.')


def refuse_encoded(parser_context: Mapping[str, Any] | None) -> None:
    """Raise EncodedBody for any Content-Encoding that changes the bytes: a few of them can become gigabytes."""
    request = (parser_context or {}).get("request")
    encoding = request.headers.get("Content-Encoding", "").strip() if request else ""
    if encoding.lower() not in ("", "identity"):
        raise EncodedBody(encoding[:100])


def whole(body: bytes, parser_context: Mapping[str, Any] | None) -> bytes:
    """Return the body; raises ValueError where the client left before it was complete, which servers do not tell."""
    request = (parser_context or {}).get("request")
    if request and len(body) < int(request.META.get("CONTENT_LENGTH") or 0):
        raise ValueError("the body is shorter than its Content-Length")
    return body


def unambiguous(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the object of these pairs; raises ValueError for a key that comes twice: readers differ in which counts."""
    data: dict[str, Any] = {}
    for key, value in pairs:
        if key in data:
            raise ValueError(f"the key {json.dumps(key[:100])} comes twice")
        data[key] = value
    return data


def finite(text: str) -> float:
    """Return the number; raises ValueError for one such as `1e400`, which Python would take for infinity."""
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"Out of range float values are not JSON compliant: {text[:100]!r}")
    return number
