"""Telling a poller cheaply that nothing has changed.

A tag has two halves: a key, had from the database without reading the tickets, and a digest of the answer. The same key
means the same answer, which then is not even built. With another key the answer is built, and a client that has the very
same bytes already is spared them.
"""

import hashlib
from typing import Any

from django.utils.cache import patch_cache_control, patch_vary_headers
from django.utils.http import parse_etags
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

# Of what the JSON of a ticket looks like: raise it with every change of that, or clients keep the old form.
FORM = 1


class ConditionalGetMixin(APIView):
    """For views that answer GET with something whose state has a fingerprint."""

    etag_key = ""

    def is_unchanged(self, fingerprint: str) -> bool:
        """Return whether the client has the answer that belongs to that state already.

        Take the fingerprint before the data: a change in between makes the next key differ, never this one too new.
        """
        user: Any = self.request.user
        roles = (user.is_mentor, user.is_staff, user.is_director)
        self.etag_key = _digest(repr((FORM, user.pk, roles, self.request.build_absolute_uri(), fingerprint)).encode())
        return any(key == self.etag_key for key, _ in _tags(self.request))

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        """Tag a good answer, and make it a 304 where the client has the same bytes."""
        response = super().finalize_response(request, response, *args, **kwargs)
        if self.etag_key and response.status_code in (200, 304):
            _tag(request, response, self.etag_key)
            patch_cache_control(response, private=True, no_cache=True)
            patch_vary_headers(response, ["Authorization"])
        return response


def _tag(request: Request, response: Response, key: str) -> None:
    known = _tags(request)
    if response.status_code == 304:
        digest = next(digest for known_key, digest in known if known_key == key)
    else:
        digest = _digest(response.render().content)
    response["ETag"] = f'"{key}.{digest}"'
    if response.status_code == 200 and any(digest == known_digest for _, known_digest in known):
        response.status_code, response.content = 304, b""
        del response["Content-Type"]


def _tags(request: Request) -> list[tuple[str, str]]:
    """Return key and digest of each tag of ours in If-None-Match; a proxy that compresses may have made it weak."""
    texts = (tag.removeprefix("W/").strip('"').split(".") for tag in parse_etags(request.headers.get("If-None-Match", "")))
    return [(text[0], text[1]) for text in texts if len(text) == 2]


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=12).hexdigest()
