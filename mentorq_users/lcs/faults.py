"""What LCS's stand-in can answer instead of what LCS would: `DevLCS.fault`, `manage.py runlcs --fault`."""

import itertools
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # it imports this module
    from mentorq_users.lcs.standin import Handler

Envelope = dict[str, Any]
Fault = Callable[["Handler", Envelope], None]


def send_envelope(handler: "Handler", envelope: Envelope) -> None:
    handler.send(200, json.dumps(envelope).encode())


def _raw(status: int, content: bytes, **headers: str) -> Fault:
    return lambda handler, envelope: handler.send(status, content, **headers)


def _instead(body: Callable[[Any], Any]) -> Fault:
    return lambda handler, envelope: send_envelope(handler, {**envelope, "body": body(envelope["body"])})


def _without(field: str) -> Fault:
    return _instead(lambda body: {key: value for key, value in body.items() if key != field})


def _drip(first: bytes, drop: bytes, pause: float) -> Fault:
    return lambda handler, envelope: handler.drip(itertools.chain([first], itertools.repeat(drop, 10_000)), pause)


OK = b"HTTP/1.1 200 OK\r\n"
gateway = _raw(403, b'{"message": "Missing Authentication Token"}')
FAULTS: dict[str, Fault] = {
    "crashed": _raw(200, b'{"errorMessage": "x", "errorType": "KeyError", "stackTrace": ["..."]}'),
    "gateway": gateway,
    "server-error": _raw(500, b'{"message": "Internal server error"}'),
    "server-error-with-envelope": lambda handler, envelope: handler.send(502, json.dumps(envelope).encode()),
    "html": _raw(200, b"<!doctype html><title>It works!</title>", **{"Content-Type": "text/html"}),
    "empty": _raw(200, b""),
    "null": _raw(200, b"null"),
    "garbage": _raw(200, bytes(range(256))),
    "truncated": lambda handler, envelope: handler.send(200, json.dumps(envelope).encode()[:-9]),
    "deep": _raw(200, b"[" * 200_000),
    "envelope-is-list": lambda handler, envelope: handler.send(200, json.dumps([envelope]).encode()),
    "status-is-text": lambda handler, envelope: send_envelope(handler, {**envelope, "statusCode": "200"}),
    "status-is-true": lambda handler, envelope: send_envelope(handler, {**envelope, "statusCode": True}),
    "status-503": lambda handler, envelope: send_envelope(handler, {"statusCode": 503, "body": "Later"}),
    "body-missing": lambda handler, envelope: send_envelope(handler, {"statusCode": 200}),
    "body-is-list": _instead(lambda body: [body]),
    "body-is-number": _instead(lambda body: 7),
    "body-is-text": _instead(lambda body: "welcome"),
    "no-email": _without("email"),
    "email-is-none": _instead(lambda body: {**body, "email": None}),
    "email-is-nonsense": _instead(lambda body: {**body, "email": "ada"}),
    "email-is-surrogate": _instead(lambda body: {**body, "email": "ada@\ud800.edu"}),
    "no-role": _without("role"),
    "role-is-list": _instead(lambda body: {**body, "role": ["director"]}),
    "role-is-text": _instead(lambda body: {**body, "role": "director"}),
    "redirect": _raw(307, b"", Location="/dev/elsewhere"),
    "reset": lambda handler, envelope: handler.connection.close(),
    # 300 MB
    "huge": lambda handler, envelope: handler.drip(
        itertools.chain([OK + b"\r\n"], itertools.repeat(b" " * 65_536, 4_800)), 0
    ),
    "hanging": _drip(b"", b"", 1),
    "dripping-body": _drip(OK + b"Content-Length: 10000\r\n\r\n", b" ", 0.05),
    "dripping-headers": _drip(OK, b"X", 0.05),
}
