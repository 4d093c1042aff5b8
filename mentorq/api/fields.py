"""Strict serializer fields: only a JSON string is a text, only a JSON boolean is a boolean."""

from collections.abc import Callable
from typing import Any

from rest_framework import serializers
from rest_framework.fields import empty

from mentorq.api.texts import LONGEST, lines, one_line


class BooleanField(serializers.BooleanField):
    """`true` or `false`. REST framework's own field also accepts `"yes"` and `0`."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class StringField(serializers.CharField):
    """A string. REST framework's own field also accepts numbers."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class OneLineField(StringField):
    """A text of one line, cleaned before it is validated. With `allow_null`, null is ignored."""

    clean: Callable[[str], str] = staticmethod(one_line)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"max_length": LONGEST, **kwargs})

    def run_validation(self, data: Any = empty) -> Any:
        return super().run_validation(self.clean(data) if isinstance(data, str) else data)

    def validate_empty_values(self, data: Any) -> tuple[bool, Any]:
        return super().validate_empty_values(empty if data is None and self.allow_null else data)


class LinesField(OneLineField):
    """A text that may have lines."""

    clean = staticmethod(lines)
