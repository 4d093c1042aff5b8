"""Text columns that forms and imports clean, as `mentorq.api.fields` cleans JSON, and numbers of minutes."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models

from mentorq.api.texts import LONGEST, lines, one_line

MINUTES_IN_A_YEAR = 366 * 24 * 60


class OneLineFormField(forms.CharField):
    """A text of one line in a form."""

    def to_python(self, value: Any) -> str:
        return one_line(super().to_python(value) or "")


class LinesFormField(forms.CharField):
    """A text in a form that may have lines."""

    widget = forms.Textarea

    def to_python(self, value: Any) -> str:
        # A browser sends each line break as two characters: the text would differ from the same one of the API.
        return lines((super().to_python(value) or "").replace("\r\n", "\n"))


class OneLineField(models.CharField):  # type: ignore[type-arg]  # generic in the stubs alone
    """A column of texts of one line."""

    clean_text: Callable[[str], str] = staticmethod(one_line)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"max_length": LONGEST, **kwargs})

    def deconstruct(self) -> Any:
        """A plain CharField to migrations, because cleaning does not concern the database."""
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.CharField", args, kwargs

    def formfield(self, **kwargs: Any) -> Any:
        return super().formfield(**{"form_class": OneLineFormField, **kwargs})


class LinesField(OneLineField):
    """A column of texts that may have lines."""

    clean_text = staticmethod(lines)

    def formfield(self, **kwargs: Any) -> Any:
        return super().formfield(**{"form_class": LinesFormField, **kwargs})


class MinutesField(models.PositiveIntegerField):  # type: ignore[type-arg]  # generic in the stubs alone
    """A number of minutes, empty for never."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"null": True, "blank": True, **kwargs})

    def clean(self, value: Any, model_instance: Any) -> Any:
        minutes = super().clean(value, model_instance)
        if minutes is not None and not 1 <= minutes <= MINUTES_IN_A_YEAR:
            raise ValidationError(f"Give 1 to {MINUTES_IN_A_YEAR} minutes, or leave it empty.")
        return minutes
