"""Settings, in Django's order. Only environment variables separate a laptop from production: docs/configuration.md.

They fail closed: everything counts as production, except `manage.py` without a SECRET_KEY, and pytest.
"""

import os
import sys
from datetime import UTC, timedelta
from pathlib import Path

import unfold
from corsheaders.defaults import default_headers
from csp.constants import NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE
from django.templatetags.static import static
from django.urls import reverse_lazy
from pythonjsonlogger.core import RESERVED_ATTRS

from mentorq import __version__
from mentorq.api.document import COMPONENTS, DESCRIPTION, TAGS
from mentorq.environment import (
    LAPTOP_KEY,
    at_least,
    boolean,
    database,
    folder,
    listed,
    origins,
    pooler,
    rate,
    read,
    secret_key,
    static_version,
    time_zone,
    url,
)

BASE_DIR = Path(__file__).resolve().parent.parent

# Who started this process?

UNDER_PYTEST = "pytest" in sys.modules and not {"mentorq.wsgi", "mentorq.asgi"} & set(sys.modules)
UNDER_MANAGE_PY = Path(sys.argv[0]).name == "manage.py"
SECRET_KEY = secret_key(required=not (UNDER_PYTEST or UNDER_MANAGE_PY)) or LAPTOP_KEY
LOCAL = UNDER_PYTEST or SECRET_KEY == LAPTOP_KEY
SERVES_LIVE = "mentorq.asgi" in sys.modules or (UNDER_MANAGE_PY and sys.argv[1:2] == ["runlive"])

# Core

DEBUG = read("DEBUG", boolean, LOCAL)

LOCAL_HOSTS = ["localhost", "127.0.0.1", "[::1]"]
ALLOWED_HOSTS = read("ALLOWED_HOSTS", listed, LOCAL_HOSTS)

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "mentorq_users",
    "mentorq_backend",  # before unfold: it replaces the first page
    "unfold.apps.BasicAppConfig",
    "mentorq.apps.DeskConfig",
    "mentorq.apps.MentorqConfig",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "corsheaders",
    "csp",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
]

MIDDLEWARE = [
    "mentorq.api.request_state.RequestStateMiddleware",
    "mentorq.http.request_ids.RequestIdMiddleware",
    "mentorq.operations.metrics.RequestMetricsMiddleware",
    "mentorq.http.middleware.RequestLogMiddleware",
    "mentorq.http.middleware.UnexpectedProxyMiddleware",
    # Early, so that errors and preflights have the headers, too.
    "corsheaders.middleware.CorsMiddleware",
    "mentorq.http.middleware.NoStoreMiddleware",
    "mentorq.http.middleware.JSONErrorsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "mentorq_backend.live.polling.UnchangedPollMiddleware",
    # After it: a 304 needs no policy, which would be a sixth of its cost.
    "csp.middleware.CSPMiddleware",
    "mentorq.http.middleware.StaticFilesMiddleware",
    "mentorq.http.middleware.OptionalSlashMiddleware",
    "mentorq.http.middleware.LengthRequiredMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "mentorq.http.middleware.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "mentorq.error_pages.NotAllowedMiddleware",
]

if SERVES_LIVE:
    # It has no other pages (mentorq/live_urls.py), so nothing is answered before routing, and it keeps no metrics.
    elsewhere = {
        "mentorq.operations.metrics.RequestMetricsMiddleware",
        "mentorq_backend.live.polling.UnchangedPollMiddleware",
        "mentorq.http.middleware.StaticFilesMiddleware",
        "mentorq.error_pages.NotAllowedMiddleware",
    }
    MIDDLEWARE = [name for name in MIDDLEWARE if name not in elsewhere]

ROOT_URLCONF = "mentorq.live_urls" if SERVES_LIVE else "mentorq.urls"
WSGI_APPLICATION = "mentorq.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DATABASE_POOLER = read("DATABASE_POOLER", pooler, "none")
DATABASES = {
    "default": read(
        "DATABASE_URL",
        lambda text: database(text, BASE_DIR, DATABASE_POOLER),
        database("sqlite:///db.sqlite3", BASE_DIR),
    )
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# In the database, so that all workers share it. `migrate` creates the table.
# The default of 300 entries would drop some that are still needed.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "mentorq_cache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}

USE_I18N = False
DATETIME_FORMAT = "D j M Y, H:i:s"
TIME_ZONE = "UTC"
USE_TZ = True

# On a server the path has the files' version, so browsers keep them for ever, also those that style sheets name.
STATIC_URL = "static/" if DEBUG or LOCAL else f"static/{static_version(BASE_DIR)}/"
WHITENOISE_IMMUTABLE_FILE_TEST = r"^/static/[0-9a-f]{12}/"
# Files come from the installed packages, so no deployment needs collectstatic.
WHITENOISE_USE_FINDERS = True
# mentorq_backend replaces django-unfold's file of this name by one that loads it where there are charts.
STATICFILES_DIRS = [("charts", Path(unfold.__file__).parent / "static" / "unfold" / "js" / "chart")]

# Lines for people, JSON for machines, both with the id of the request (X-Request-ID).
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"request_id": {"()": "mentorq.http.request_ids.RequestId"}},
    "formatters": {
        "line": {"format": "{asctime} {levelname} {name}{of_request}: {message}", "style": "{"},
        "json": {
            "()": "pythonjsonlogger.json.JsonFormatter",
            "format": "{levelname}{name}{request_id}{message}",
            "style": "{",
            "rename_fields": {"levelname": "level", "name": "logger"},
            "timestamp": "at",  # ISO 8601 in UTC, as in deploy/granian-logging.json, whose process has its own time zone
            "reserved_attrs": [*RESERVED_ATTRS, "of_request"],  # only for lines
        },
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "line" if DEBUG or LOCAL else "json",
            "filters": ["request_id"],
        },
    },
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        # mentorq.requests logs each request already. Crashes stay, with their traceback.
        "django.request": {"level": "ERROR"},
        "django.server": {"handlers": [], "level": "ERROR"},
        "django.utils.autoreload": {"level": "WARNING"},  # runserver says that it watches files
        # Its warnings hold whole URLs, and those of webhooks are credentials.
        "urllib3": {"level": "CRITICAL"},
        # Scanners would fill the log with tracebacks. mentorq.requests logs each as a 400.
        "django.security.DisallowedHost": {"level": "CRITICAL"},
    },
}

# Prometheus must send it to read /metrics. Without it there is no /metrics.
METRICS_TOKEN = read("METRICS_TOKEN", str, "")
# prometheus_client reads the environment itself, and takes an empty value for the current folder. A command may run
# while the server is stopped and its folder is gone.
PROMETHEUS_MULTIPROC_DIR = read("PROMETHEUS_MULTIPROC_DIR", str if UNDER_MANAGE_PY else folder, "")
os.environ.pop("PROMETHEUS_MULTIPROC_DIR", None)
if PROMETHEUS_MULTIPROC_DIR:
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = PROMETHEUS_MULTIPROC_DIR

# Security

# The proxy that ends TLS must set this header and overwrite the client's: docs/configuration.md.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = read("SECURE_SSL_REDIRECT", boolean, not (DEBUG or LOCAL))
SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz|metrics)/?$"]
SECURE_HSTS_SECONDS = 30 * 24 * 3600 if SECURE_SSL_REDIRECT else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
# Preloading concerns a whole domain; its owner decides, not one host.
SILENCED_SYSTEM_CHECKS = ["security.W021"]
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT
SESSION_COOKIE_AGE = 3 * 24 * 3600  # as long as an LCS token lives
X_FRAME_OPTIONS = "DENY"
# No other sites and no inline scripts. Alpine in django-unfold evaluates attributes, and its styles are inline.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, UNSAFE_EVAL],
        "style-src": [SELF, UNSAFE_INLINE],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
CSRF_FAILURE_VIEW = "mentorq.error_pages.csrf_failure"
CSRF_TRUSTED_ORIGINS = read("CSRF_TRUSTED_ORIGINS", origins, ["http://localhost:8000", "http://127.0.0.1:8000"])
# The largest ticket is about 20 kB of JSON, if everything is escaped.
DATA_UPLOAD_MAX_MEMORY_SIZE = 256 * 1024

CORS_URLS_REGEX = r"^/api(/|$)"
# A frontend in development: Create React App and `http.server` on 3000, Vite on 5173.
CORS_ALLOWED_ORIGINS = read(
    "CORS_ALLOWED_ORIGINS",
    origins,
    [f"http://{host}:{port}" for port in (3000, 5173) for host in ("localhost", "127.0.0.1")],
)
CORS_ALLOW_HEADERS = (*default_headers, "if-none-match", "last-event-id")
CORS_EXPOSE_HEADERS = ["ETag", "Location", "Retry-After", "X-Request-ID"]

# Who people are

AUTH_USER_MODEL = "mentorq_users.User"
AUTHENTICATION_BACKENDS = [
    # First, so that a local superuser can sign in while LCS is down.
    "django.contrib.auth.backends.ModelBackend",
    "mentorq_users.backends.LCSBackend",
]
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"  # also if `next` leads to another site

LCS_BASE_URL = read("LCS_BASE_URL", url, "http://127.0.0.1:8001/dev" if LOCAL else "https://api.hackru.org/prod")
LCS_TIMEOUT = read("LCS_TIMEOUT", at_least(0.001, float), 5.0)
LCS_TOKEN_KEYS = read("LCS_TOKEN_KEYS", listed, [SECRET_KEY])
LCS_ROLES_MAX_AGE = timedelta(minutes=5)

SIMPLE_JWT = {"ACCESS_TOKEN_LIFETIME": timedelta(minutes=30), "REFRESH_TOKEN_LIFETIME": timedelta(days=3)}

# The API

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["mentorq_backend.events.authentication.JWTAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["mentorq_backend.renderers.OwnSpellingRenderer"],
    "DEFAULT_PARSER_CLASSES": ["mentorq.api.parsers.JSONParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "mentorq.api.negotiation.AlwaysJSON",
    "DEFAULT_SCHEMA_CLASS": "mentorq.api.openapi.AutoSchema",
    "DEFAULT_THROTTLE_RATES": {"token": read("THROTTLE_TOKEN", rate, "20/min")},
    "EXCEPTION_HANDLER": "mentorq.exceptions.exception_handler",
    "NUM_PROXIES": read("NUM_PROXIES", at_least(0), 0),
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "URL_FORMAT_OVERRIDE": None,
}

SPECTACULAR_SETTINGS = {
    "TITLE": "MentorQ",
    "DESCRIPTION": DESCRIPTION,
    "VERSION": __version__,
    "LICENSE": {"name": "MIT", "url": "https://opensource.org/license/mit"},
    "SERVERS": [{"url": "/", "description": "The server that this document comes from."}],
    "TAGS": TAGS,
    "APPEND_COMPONENTS": COMPONENTS,
    "SORT_OPERATIONS": False,
    "PREPROCESSING_HOOKS": ["mentorq.api.openapi.in_the_order_of_the_urls"],
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {"deepLinking": False, "defaultModelsExpandDepth": 0},
    "COMPONENT_SPLIT_REQUEST": True,
}

# Where people open tickets: the board shows a QR code that leads there.
FRONTEND_URL = read("FRONTEND_URL", url, "")

# The organizers' desk

DESK_TIME_ZONE = read("DESK_TIME_ZONE", time_zone, UTC)

UNFOLD = {
    "SITE_TITLE": "MentorQ",
    "SITE_HEADER": "MentorQ",
    "SITE_SUBHEADER": "The organizers' desk",
    "SITE_SYMBOL": "support_agent",
    "SITE_URL": None,
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("mentorq_backend/favicon.svg")}
    ],
    "STYLES": [lambda request: static("mentorq_backend/desk.css")],
    "SCRIPTS": [lambda request: static("mentorq_backend/live.js"), lambda request: static("mentorq_backend/desk.js")],
    "DASHBOARD_CALLBACK": "mentorq_backend.desk.dashboard.dashboard",
    "SIDEBAR": {
        "navigation": [
            {
                "items": [
                    {"title": "Desk", "icon": "monitoring", "link": reverse_lazy("admin:index")},
                    {
                        "title": "Tickets",
                        "icon": "confirmation_number",
                        "link": reverse_lazy("admin:mentorq_backend_ticket_changelist"),
                    },
                    {"title": "Events", "icon": "event", "link": reverse_lazy("admin:mentorq_backend_event_changelist")},
                    {
                        "title": "Webhooks",
                        "icon": "campaign",
                        "link": reverse_lazy("admin:mentorq_backend_webhook_changelist"),
                        "permission": lambda request: getattr(request.user, "enters_webhooks", False),
                    },
                    {"title": "People", "icon": "group", "link": reverse_lazy("admin:mentorq_users_user_changelist")},
                ],
            },
        ],
    },
}

# Notices and upkeep

NOTICES_TO_PRIVATE_ADDRESSES = read("NOTICES_TO_PRIVATE_ADDRESSES", boolean, False)
UPKEEP_PERIOD = read("UPKEEP_PERIOD", at_least(0.1, float), 5.0)

# Tickets

TICKETS_MAX_OPEN = read("TICKETS_MAX_OPEN", at_least(1), 5)
# Limits per person and hour; organizers and directors have ten times as much.
TICKETS_PER_HOUR = read("TICKETS_PER_HOUR", at_least(1), 30)
MOVES_PER_HOUR = read("MOVES_PER_HOUR", at_least(1), 300)
