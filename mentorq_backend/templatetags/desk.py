"""Filters of the desk's templates for times and long texts."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from mentorq.api.texts import shortened
from mentorq_backend.desk import filters

register = template.Library()


@register.filter
def ago(instant: datetime | None) -> SafeString | str:
    """Return `12 min ago` with the exact time on hover; `–` for None."""
    return "–" if instant is None else _time(instant, f"{waited(instant)} ago")


@register.filter
def waited(instant: datetime) -> str:
    """Return `45 s`, `12 min`, `1 h 51 min` or `2 days`."""
    seconds = max(int((timezone.now() - instant).total_seconds()), 0)
    if seconds >= 48 * 3600:
        return f"{seconds // 86400} days"
    return hours_and_minutes(seconds) if seconds >= 60 else f"{seconds} s"


@register.filter
def duration(seconds: float | None) -> str:
    """Return `45 s`, `9.6 min`, `2 h 30 min`, or `–` for None."""
    if seconds is None:
        return "–"
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.1f} min" if seconds < 3600 else hours_and_minutes(round(seconds))


def hours_and_minutes(seconds: int) -> str:
    """Return `12 min` or `1 h 51 min`, rounded down."""
    hours, minutes = divmod(seconds // 60, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


@register.filter
def exactly(instant: datetime | None) -> SafeString | str:
    """Return `Sat 17 Oct 2026, 10:00` with the zone on hover; `–` for None."""
    return "–" if instant is None else _time(instant, f"{timezone.localtime(instant):%a %d %b %Y, %H:%M}")


@register.filter
def get(row: Mapping[str, Any], key: str) -> Any:
    """Read a key that contains spaces, which templates cannot."""
    return row[key]


@register.filter
def short(text: str) -> SafeString | str:
    cut = shortened(text)
    return text if cut == text else format_html('<span title="{}">{}</span>', text, cut)


@register.simple_tag
def zone() -> str:
    """Return `America/New_York (now EST, UTC−5)`: the name, and how it differs from UTC."""
    now = timezone.localtime()
    name, short_name = timezone.get_current_timezone_name(), f"{now:%Z}"
    if name == short_name == "UTC":
        return name
    letters = f"{short_name}, " if short_name.isalpha() else ""
    return f"{name} (now {letters}UTC{_offset(now)})"


def _offset(local: datetime) -> str:
    sign, hours, minutes = f"{local:%z}"[0], f"{local:%z}"[1:3], f"{local:%z}"[3:5]
    return f"{sign.replace('-', '−')}{int(hours)}{'' if minutes == '00' else f':{minutes}'}"


register.simple_tag(filters.tickets_at)


def _time(instant: datetime, text: str) -> SafeString:
    local = timezone.localtime(instant)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', local.isoformat(), f"{local:%a %d %b %Y, %H:%M:%S %Z}", text
    )
