"""ETags, which tell a poller cheaply that nothing has changed.

An ETag has two halves: a key, which needs no ticket to be read, and a digest of the body. The same key means the same
body, so it is not built. With another key the body is built, and the same digest still gives a 304.
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
    """A view whose GET has an ETag, made of a fingerprint of its state."""

    etag_key = ""
    body_digest = ""  # if the digest of the body is already known

    def is_unchanged(self, fingerprint: str) -> bool:
        """Return whether the client already has the response for this state.

        Take the fingerprint before reading the data: a change in between then changes the next key.
        """
        self.etag_key = key_of(self.request, self.request.user, fingerprint)
        return known_etag(self.request, self.etag_key) is not None

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        """Add the ETag to a successful response, and make it a 304 if the client has the same bytes."""
        response = super().finalize_response(request, response, *args, **kwargs)
        if self.etag_key and response.status_code in (200, 304):
            _add_etag(request, response, self.etag_key, self.body_digest)
            for name, value in CACHING.items():
                response[name] = value
        return response


def key_of(request: HttpRequest | Request, user: Any, fingerprint: str) -> str:
    """Return the key of the response to this person's request, for this fingerprint.

    It contains KEYS, so that clients do not keep the old form of a ticket when a release adds a column.
    """
    roles = (user.is_mentor, user.is_staff, user.is_director)
    return digest_of(
        repr((KEYS, user.typed, roles, request.scheme, request.get_host(), request.get_full_path(), fingerprint)).encode()
    )


def known_etag(request: HttpRequest | Request, key: str) -> str | None:
    return next((f'"{known_key}.{digest}"' for known_key, digest in _etags(request) if known_key == key), None)


def not_modified(request: HttpRequest, key: str) -> HttpResponse | None:
    tag = known_etag(request, key)
    return HttpResponseNotModified(headers={"ETag": tag, **CACHING}) if tag else None


def _add_etag(request: Request, response: Response, key: str, digest: str) -> None:
    known = known_etag(request, key)
    if response.status_code == 304 and known:
        response["ETag"] = known
        return
    content = response.render().content
    digest = digest or digest_of(content)
    response["ETag"] = f'"{key}.{digest}"'
    if any(known_digest == digest for _, known_digest in _etags(request)):
        response.status_code, response.content = 304, b""
        del response["Content-Type"]


def _etags(request: HttpRequest | Request) -> list[tuple[str, str]]:
    """Return key and digest of each ETag of ours in If-None-Match. A proxy that compresses may have made it weak."""
    texts = (tag.removeprefix("W/").strip('"').split(".") for tag in parse_etags(request.headers.get("If-None-Match", "")))
    return [(text[0], text[1]) for text in texts if len(text) == 2]


def digest_of(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=12).hexdigest()
