"""Telling a poller cheaply that nothing has changed.

A tag has two halves: a key, had from the database without reading the tickets, and a digest of the answer. The same key
means the same answer, which then is not even built. With another key the answer is built, and a client that has the very
same bytes already is spared them.
"""

import hashlib
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.utils.http import parse_etags
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from mentorq_backend.columns import KEYS

CACHING = {"Cache-Control": "private, no-cache", "Vary": "Authorization"}


class ConditionalGetMixin(APIView):
    """For views that answer GET with something whose state has a fingerprint."""

    etag_key = ""
    body_digest = ""  # for a body whose digest is known already

    def is_unchanged(self, fingerprint: str) -> bool:
        """Return whether the client has the answer that belongs to that state already.

        Take the fingerprint before the data: a change in between makes the next key differ, never this one too new.
        """
        self.etag_key = key_of(self.request, self.request.user, fingerprint)
        return known_tag(self.request, self.etag_key) is not None

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        """Tag a good answer, and make it a 304 where the client has the same bytes."""
        response = super().finalize_response(request, response, *args, **kwargs)
        if self.etag_key and response.status_code in (200, 304):
            _tag(request, response, self.etag_key, self.body_digest)
            for name, value in CACHING.items():
                response[name] = value
        return response


def key_of(request: HttpRequest | Request, user: Any, fingerprint: str) -> str:
    """Return the key of the answer to that person's request while what they may see has that fingerprint.

    KEYS is in it, so that clients do not keep a ticket's old form when a release adds a column.
    """
    roles = (user.is_mentor, user.is_staff, user.is_director)
    return digest_of(
        repr((KEYS, user.typed, roles, request.scheme, request.get_host(), request.get_full_path(), fingerprint)).encode()
    )


def known_tag(request: HttpRequest | Request, key: str) -> str | None:
    """Return the client's tag of that key, None where it has none."""
    return next((f'"{known_key}.{digest}"' for known_key, digest in _tags(request) if known_key == key), None)


def not_modified(request: HttpRequest, key: str) -> HttpResponse | None:
    """Return the whole 304 for a client that has the answer of that key, None for any other."""
    tag = known_tag(request, key)
    return HttpResponseNotModified(headers={"ETag": tag, **CACHING}) if tag else None


def _tag(request: Request, response: Response, key: str, digest: str) -> None:
    known = known_tag(request, key)
    if response.status_code == 304 and known:
        response["ETag"] = known
        return
    content = response.render().content
    digest = digest or digest_of(content)
    response["ETag"] = f'"{key}.{digest}"'
    if any(known_digest == digest for _, known_digest in _tags(request)):
        response.status_code, response.content = 304, b""
        del response["Content-Type"]


def _tags(request: HttpRequest | Request) -> list[tuple[str, str]]:
    """Return key and digest of each tag of ours in If-None-Match; a proxy that compresses may have made it weak."""
    texts = (tag.removeprefix("W/").strip('"').split(".") for tag in parse_etags(request.headers.get("If-None-Match", "")))
    return [(text[0], text[1]) for text in texts if len(text) == 2]


def digest_of(content: bytes) -> str:
    """Return the half of a tag that stands for a body."""
    return hashlib.blake2b(content, digest_size=12).hexdigest()
