"""The ASGI application. The views are synchronous: prefer `mentorq.wsgi`."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mentorq.settings")

application = get_asgi_application()
