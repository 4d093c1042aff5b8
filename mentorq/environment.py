"""Turns environment variables into settings. An invalid value stops the start: docs/configuration.md."""

import hashlib
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

# HS256 requires a key of this length (RFC 7518); it cannot be guessed.
KEY_BYTES = 32
# Both are public: .env.example has the first, settings.py uses the second.
PLACEHOLDER = "make-one-with-python-c-import-secrets-print-secrets-token-urlsafe-64"
LAPTOP_KEY = "django-insecure-only-for-a-laptop-that-nobody-else-can-reach-never-for-a-server"
# What a pooler lets us use. In transaction mode the next statement may reach another connection to PostgreSQL.
POOLERS = {
    "none": {"cursors": True, "prepares": True},
    "transaction": {"cursors": False, "prepares": False},
    "transaction-prepared": {"cursors": False, "prepares": True},
}
REMEDY = (
    " Make one with\n"
    "    python -c 'import secrets; print(secrets.token_urlsafe(64))'\n"
    "and keep it in the environment of every process."
)


def secret_key(*, required: bool) -> str:
    """Return SECRET_KEY, or "" if it is neither set nor required; raises ImproperlyConfigured without showing the key."""
    key: str = read("SECRET_KEY", str, "")
    if not key and required:
        raise ImproperlyConfigured(f"SECRET_KEY is not set: a server needs one to sign its tokens.{REMEDY}")
    if PLACEHOLDER in key or LAPTOP_KEY in key:  # even in quotes
        raise ImproperlyConfigured(f"SECRET_KEY is an example that everybody can read: a server needs its own.{REMEDY}")
    length = len(key.encode())
    if 0 < length < KEY_BYTES:
        raise ImproperlyConfigured(f"SECRET_KEY has {length} bytes: a server needs at least {KEY_BYTES}.{REMEDY}")
    return key


def read(name: str, cast: Callable[[str], Any], default: Any) -> Any:
    """Return the variable through `cast`, or `default` if it is unset or empty; raises ImproperlyConfigured."""
    # Not with django-environ, which takes a value that begins with `$` for the name of another variable.
    text = os.environ.get(name, "").strip()
    try:
        return cast(text) if text else default
    except (KeyError, ValueError) as error:
        safe = re.sub("//.*@", "//…@", text)  # hide the password of a database
        raise ImproperlyConfigured(f"{name} cannot be {safe!r} ({error}): see docs/configuration.md.") from error


def static_version(root: Path) -> str:
    """Return what differs if a static file does: a digest of our own, and of the versions of the libraries."""
    own = sorted(file for file in root.glob("mentorq*/static/**/*") if file.is_file())
    contents = b"".join(file.read_bytes() for file in [root / "requirements.txt", *own])
    return hashlib.sha256(contents).hexdigest()[:12]


def boolean(text: str) -> bool:
    """Return True for on/true/yes/1, False for off/false/no/0; raises KeyError for anything else."""
    return {
        "on": True, "true": True, "yes": True, "1": True, "off": False, "false": False, "no": False, "0": False,
    }[text.lower()]  # fmt: skip


def at_least(least: float, kind: type[int] | type[float] = int) -> Callable[[str], float]:
    """Return a cast to a finite number of that `kind`, which raises ValueError below `least`."""

    def cast(text: str) -> float:
        number = kind(text)
        if not least <= number < math.inf:
            raise ValueError(f"at least {least}")
        return number

    return cast


def listed(text: str) -> list[str]:
    """Return the items of a comma-separated text; raises ValueError if there are none."""
    items = [item.strip() for item in text.split(",") if item.strip()]
    if not items:
        raise ValueError("only commas")
    return items


def url(text: str) -> str:
    """Raises ValueError for anything but an http(s) URL."""
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("an http(s) URL, such as https://api.hackru.org/prod")
    return text


def origins(text: str) -> list[str]:
    items = listed(text)
    for item in items:
        host = urlsplit(item).netloc
        if not host or item not in (f"http://{host}", f"https://{host}"):
            raise ValueError("each needs a scheme and a host and no path, such as https://frontend.example.org")
    return items


def folder(text: str) -> str:
    try:
        with tempfile.TemporaryFile(dir=text):
            return text
    except OSError as error:
        raise ValueError("no folder that this process can write to: make one that belongs to the server's user") from error


def rate(text: str) -> str:
    """Return a rate such as `20/min`; raises ValueError for one on which REST framework would fail at the first request."""
    count, slash, period = text.partition("/")
    if not (count.isdecimal() and int(count) and slash and period in {"s", "sec", "min", "m", "h", "hour", "d", "day"}):
        raise ValueError("a count, a slash and one of sec, min, hour, day")
    return text


def time_zone(text: str) -> ZoneInfo:
    try:
        return ZoneInfo(text)
    except OSError as error:
        raise ValueError("the name of a zone, such as America/New_York") from error


def pooler(text: str) -> str:
    """Raises ValueError for anything but a pooler that we know."""
    if text not in POOLERS:
        raise ValueError(f"one of {', '.join(POOLERS)}")
    return text


def database(text: str, root: Path, pooler: str = "none") -> dict[str, Any]:
    """Return Django's DATABASES entry for a sqlite:// or postgres:// URL; raises ValueError for anything else.

    A relative SQLite file is relative to `root`, not to the working directory. `pooler` is one of POOLERS.
    """
    scheme = text.partition("://")[0]
    try:
        config = environ.Env().db_url_config(text) if scheme in {"sqlite", "postgres", "postgresql"} else None
    except ValueError:
        config = None  # its message may contain a part of the password
    if config is None:
        raise ValueError("sqlite:///file or postgres://user:password@host:5432/name")
    return sqlite(config, root) if scheme == "sqlite" else postgresql(config, **POOLERS[pooler])


def sqlite(config: dict[str, Any], root: Path) -> dict[str, Any]:
    """Return `config` for many threads: readers never wait, and a writer waits for its lock at BEGIN."""
    options = {"transaction_mode": "IMMEDIATE", "timeout": 20, "init_command": "PRAGMA journal_mode=WAL"}
    name = config["NAME"] if config["NAME"] == ":memory:" else root / config["NAME"]
    # Tests need a file, because threads share it, and another one in each process.
    test_name = Path(tempfile.gettempdir()) / f"mentorq-test-{os.getpid()}.sqlite3"
    # Opening the file and setting it up takes longer than most requests use it.
    return {**config, "NAME": name, "OPTIONS": options, "CONN_MAX_AGE": 600, "TEST": {"NAME": test_name}}


def postgresql(config: dict[str, Any], *, cursors: bool, prepares: bool) -> dict[str, Any]:
    """Return `config` with persistent connections, checked before use because PostgreSQL may have restarted.

    A connection that hangs is closed after a few seconds. PostgreSQL prepares a statement of `mentorq.db.compiled`
    after five uses, if the pooler `prepares`. Without server-side `cursors` a process reads a whole result at once.
    The query of the URL overrides what psycopg connects with.
    """
    options = {"connect_timeout": 5, "tcp_user_timeout": 10_000, "prepare_threshold": 5 if prepares else None}
    # The directory of a socket is percent-encoded, because the host of a URL has no slashes.
    return {
        **config,
        "DISABLE_SERVER_SIDE_CURSORS": not cursors,
        "HOST": unquote(config["HOST"]),
        "OPTIONS": {**options, **config.get("OPTIONS", {})},
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
    }
