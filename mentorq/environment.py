"""How environment variables become settings; what cannot be understood stops the start: docs/configuration.md."""

import math
import os
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo

import environ
from django.core.exceptions import ImproperlyConfigured

# A key of so many bytes cannot be guessed, and is what HS256 asks for (RFC 7518).
KEY_BYTES = 32
# Everybody can read these two: .env.example has the one, settings.py uses the other.
PLACEHOLDER = "make-one-with-python-c-import-secrets-print-secrets-token-urlsafe-64"
LAPTOP_KEY = "django-insecure-only-for-a-laptop-that-nobody-else-can-reach-never-for-a-server"
REMEDY = (
    " Make one with\n"
    "    python -c 'import secrets; print(secrets.token_urlsafe(64))'\n"
    "and keep it in the environment of every process."
)


def secret_key(*, required: bool) -> str:
    """Return SECRET_KEY, "" if it is neither set nor required; raises ImproperlyConfigured, which does not show the key."""
    key: str = read("SECRET_KEY", str, "")
    if not key and required:
        raise ImproperlyConfigured(f"SECRET_KEY is not set: a server needs one to sign its tokens.{REMEDY}")
    if PLACEHOLDER in key or LAPTOP_KEY in key:  # in quotes, too
        raise ImproperlyConfigured(f"SECRET_KEY is an example that everybody can read: a server needs its own.{REMEDY}")
    length = len(key.encode())
    if 0 < length < KEY_BYTES:
        raise ImproperlyConfigured(f"SECRET_KEY has {length} bytes: a server needs at least {KEY_BYTES}.{REMEDY}")
    return key


def read(name: str, cast: Callable[[str], Any], default: Any) -> Any:
    """Return the environment variable `name` through `cast`, unset or empty `default`; raises ImproperlyConfigured."""
    # Not through django-environ, which takes a value that begins with `$` for the name of another variable.
    text = os.environ.get(name, "").strip()
    try:
        return cast(text) if text else default
    except (KeyError, ValueError) as error:
        shown = re.sub("//.*@", "//…@", text)  # without a database's password
        raise ImproperlyConfigured(f"{name} cannot be {shown!r} ({error}): see docs/configuration.md.") from error


def boolean(text: str) -> bool:
    """Return on/true/yes/1 as True and off/false/no/0 as False; anything else raises KeyError rather than being guessed."""
    return {
        "on": True, "true": True, "yes": True, "1": True, "off": False, "false": False, "no": False, "0": False,
    }[text.lower()]  # fmt: skip


def at_least(least: float, kind: type[int] | type[float] = int) -> Callable[[str], float]:
    """Return a cast to a finite number of that `kind` that raises ValueError below `least`."""

    def cast(text: str) -> float:
        number = kind(text)
        if not least <= number < math.inf:
            raise ValueError(f"at least {least}")
        return number

    return cast


def listed(text: str) -> list[str]:
    """Return the items of a comma-separated text, blanks dropped; raises ValueError where nothing is left."""
    items = [item.strip() for item in text.split(",") if item.strip()]
    if not items:
        raise ValueError("only commas")
    return items


def url(text: str) -> str:
    """Return an http(s) URL; raises ValueError for what is none."""
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("an http(s) URL, such as https://api.hackru.org/prod")
    return text


def origins(text: str) -> list[str]:
    """Return the origins in a comma-separated text; raises ValueError for one that no browser would ever send."""
    items = listed(text)
    for item in items:
        host = urlsplit(item).netloc
        if not host or item not in (f"http://{host}", f"https://{host}"):
            raise ValueError("each needs a scheme and a host and no path, such as https://frontend.example.org")
    return items


def folder(text: str) -> str:
    """Return the path of a folder; raises ValueError if there is none, or if this process may not write to it."""
    try:
        with tempfile.TemporaryFile(dir=text):
            return text
    except OSError as error:
        raise ValueError("no folder that this process can write to: make one that belongs to the server's user") from error


def rate(text: str) -> str:
    """Return a throttle rate such as `20/min`; raises ValueError where REST framework would fail at the first try."""
    count, slash, period = text.partition("/")
    if not (count.isdecimal() and int(count) and slash and period in {"s", "sec", "min", "m", "h", "hour", "d", "day"}):
        raise ValueError("a count, a slash and one of sec, min, hour, day")
    return text


def time_zone(text: str) -> ZoneInfo:
    """Return the zone of that name; raises ValueError where there is none."""
    try:
        return ZoneInfo(text)
    except OSError as error:
        raise ValueError("the name of a zone, such as America/New_York") from error


def database(text: str, root: Path) -> dict[str, Any]:
    """Return Django's DATABASES entry for a sqlite:// or postgres:// URL; raises ValueError for anything else.

    A relative SQLite file is relative to `root`, wherever the server was started.
    """
    scheme = text.partition("://")[0]
    try:
        config = environ.Env().db_url_config(text) if scheme in {"sqlite", "postgres", "postgresql"} else None
    except ValueError:
        config = None  # its words may hold a part of the password
    if config is None:
        raise ValueError("sqlite:///file or postgres://user:password@host:5432/name")
    return sqlite(config, root) if scheme == "sqlite" else postgresql(config)


def sqlite(config: dict[str, Any], root: Path) -> dict[str, Any]:
    """Return `config` for many threads: readers never wait, a writer takes its lock at BEGIN and queues for it."""
    options = {"transaction_mode": "IMMEDIATE", "timeout": 20, "init_command": "PRAGMA journal_mode=WAL"}
    name = config["NAME"] if config["NAME"] == ":memory:" else root / config["NAME"]
    # The tests need a file, which threads can share; each run its own, so that two at once do not meet.
    test_name = Path(tempfile.gettempdir()) / f"mentorq-test-{os.getpid()}.sqlite3"
    # Opening the file and setting it up costs more than most requests ask of it.
    return {**config, "NAME": name, "OPTIONS": options, "CONN_MAX_AGE": 600, "TEST": {"NAME": test_name}}


def postgresql(config: dict[str, Any]) -> dict[str, Any]:
    """Return `config` with kept connections, checked before use so that a restarted PostgreSQL is found again.

    One that hangs is given up after a few seconds, and a statement of `mentorq.db.compiled` is kept after five times;
    what the URL's query says goes first.
    """
    options = {"connect_timeout": 5, "tcp_user_timeout": 10_000, "prepare_threshold": 5, **config.get("OPTIONS", {})}
    # A socket's directory comes percent-encoded, because a URL's host cannot hold slashes.
    return {
        **config,
        "HOST": unquote(config["HOST"]),
        "OPTIONS": options,
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
    }
