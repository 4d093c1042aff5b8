"""How responses become JSON."""

from collections.abc import Mapping
from typing import Any

import orjson
from rest_framework.renderers import JSONRenderer

from mentorq.api.request_state import state_of

# The fields that hold an e-mail. A name is the e-mail if the name is not known.
ADDRESSES = {"owner_email", "owner", "mentor_email", "mentor", "name", "by"}


class OwnSpellingRenderer(JSONRenderer):
    """Shows callers their own address as they typed it at sign-in, because the frontend compares the two."""

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> bytes:
        return super().render(respelled(data, renderer_context), accepted_media_type, renderer_context)


class QueueRenderer(JSONRenderer):
    """Renders the list, several times faster and to the same bytes. It passes a list that is rendered already."""

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> bytes:
        if data is None or isinstance(data, bytes):
            return data or b""
        content = orjson.dumps(respelled(data, renderer_context))
        # As JSONRenderer does: JavaScript takes these two for line ends.
        return content.replace(b"\xe2\x80\xa8", b"\\u2028").replace(b"\xe2\x80\xa9", b"\\u2029")


def respelled(data: Any, renderer_context: Mapping[str, Any] | None) -> Any:
    """Return the data with the caller's own address as they typed it."""
    request = (renderer_context or {}).get("request")
    # Not `request.user`, which would query again if the database did not answer the first time.
    user = state_of(request).user if request else None
    return data if user is None or user.typed == user.email else _respelled(data, user.email, user.typed)


def _respelled(data: Any, email: str, typed: str) -> Any:
    if isinstance(data, Mapping):
        return {
            key: typed if value == email and key in ADDRESSES else _respelled(value, email, typed)
            for key, value in data.items()
        }
    return [_respelled(item, email, typed) for item in data] if isinstance(data, list) else data
