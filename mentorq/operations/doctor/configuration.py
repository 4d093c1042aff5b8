"""The settings: what Django's own checks say, hosts, origins, keys and the folder of the metrics."""

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core import checks
from django.db.models import QuerySet

from mentorq.environment import LAPTOP_KEY, folder, read
from mentorq.operations.doctor.findings import Finding, amber, green, red
from mentorq_backend.notices.models import WEBHOOKS, Webhook
from mentorq_users.encryption import LCS_TOKENS, Unreadable, decrypt
from mentorq_users.models import User

LAPTOP = "SECRET_KEY is not set, so this is a laptop: nothing here says how the server is."
WITH_ENVIRONMENT = "On a server, run this with the server's environment: docs/operations.md."
# Warnings for Django. With them nobody outside is answered, or strangers read our errors.
SERIOUS = {"mentorq.W003", "security.W018"}
SEE = "docs/configuration.md has every variable."
ANY_HOST = "Name the hosts: with * a stranger's Host header gets into the URLs of answers."
OLD_KEY = "Put the key that they were stored with behind the new one in LCS_TOKEN_KEYS"
SIGN_IN = f"{OLD_KEY}. Otherwise roles stay as they are until these people sign in again."
ENTER = f"{OLD_KEY}, or enter the URL anew: nothing is delivered."
MAKE_FOLDER = (
    "Make an empty folder that belongs to the server's user (RuntimeDirectory= in the unit does it). A server does"
    " not start without it. Right if the server is stopped."
)
NEWEST = 20  # accounts


def is_laptop() -> bool:
    return bool(settings.SECRET_KEY == LAPTOP_KEY)


def checked(*, database: bool) -> Iterator[Finding]:
    """Yield what `manage.py check` says, on a server with --deploy. Without a database only what asks none."""
    tags = None if database else [checks.Tags.security]
    for message in checks.run_checks(tags=tags, include_deployment_checks=not is_laptop()):
        if not message.is_silenced():
            yield as_finding(message)


def as_finding(message: Any) -> Finding:
    text, hint = (" ".join(str(words or "").split()) for words in (message.msg, message.hint))
    is_red = message.is_serious() or message.id in SERIOUS
    return (red if is_red else amber)("settings", text, hint or SEE)


def hosts() -> Iterator[Finding]:
    """Yield the names that a server was given. If it was given none, the checks say so."""
    if "*" in settings.ALLOWED_HOSTS:
        yield amber("hosts", "ALLOWED_HOSTS has *, so any host is answered.", ANY_HOST)
    elif read("ALLOWED_HOSTS", str, ""):
        yield green("hosts", f"ALLOWED_HOSTS is {', '.join(settings.ALLOWED_HOSTS)}.")
    for name in ("CORS_ALLOWED_ORIGINS", "CSRF_TRUSTED_ORIGINS"):
        if read(name, str, ""):
            yield green("origins", f"{name} is {', '.join(getattr(settings, name))}.")


def secret_key() -> Iterator[Finding]:
    if is_laptop():
        yield amber("keys", LAPTOP, WITH_ENVIRONMENT)
        return
    derived = settings.LCS_TOKEN_KEYS == [settings.SECRET_KEY]
    count = len(settings.LCS_TOKEN_KEYS)
    keys = "LCS_TOKEN_KEYS is not set: SECRET_KEY encrypts, too" if derived else f"LCS_TOKEN_KEYS has {count}"
    yield green("keys", f"SECRET_KEY is set. {keys}.")


def stored_secrets() -> Iterator[Finding]:
    """Yield whether the keys open what the database holds: LCS tokens of the last sign-ins, webhooks that are on."""
    tokens = newest_tokens(User.objects.all())
    if tokens and not any(opens(token, LCS_TOKENS) for token in tokens):
        yield amber("keys", f"No key opens the LCS tokens of the last {len(tokens)} sign-ins.", SIGN_IN)
    for webhook in Webhook.objects.filter(is_on=True):
        if not opens(webhook.encrypted_url, WEBHOOKS):
            yield red("keys", f"No key opens the URL of webhook {webhook}.", ENTER)


def newest_tokens(users: QuerySet[User]) -> list[str]:
    """Those that were checked last: older ones may rightly belong to a key that is gone."""
    stored = users.exclude(encrypted_lcs_token="").exclude(roles_checked_at=None).order_by("-roles_checked_at")
    return list(stored.values_list("encrypted_lcs_token", flat=True)[:NEWEST])


def opens(text: str, use: str) -> bool:
    try:
        decrypt(text, use)
    except Unreadable:
        return False
    return True


def metrics() -> Iterator[Finding]:
    if settings.PROMETHEUS_MULTIPROC_DIR:
        yield of_folder(settings.PROMETHEUS_MULTIPROC_DIR)
    elif not settings.METRICS_TOKEN:
        yield green("metrics", "They are off: METRICS_TOKEN is not set.")


def of_folder(path: str) -> Finding:
    try:
        folder(path)
    except ValueError:
        return red("metrics", f"{path} (PROMETHEUS_MULTIPROC_DIR) is missing or cannot be written to.", MAKE_FOLDER)
    return green("metrics", f"All workers may write to {path}.")
