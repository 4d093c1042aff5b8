"""The ASGI application, which serves the live stream: `granian --interface asgi mentorq.asgi:application`."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mentorq.settings")
django.setup(set_prefix=False)

from mentorq_backend.live.handler import LiveHandler  # noqa: E402 - it needs the apps

application = LiveHandler()
