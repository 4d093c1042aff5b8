"""The WSGI application: `granian --interface wsgi mentorq.wsgi:application`."""

import os

from django.core.wsgi import get_wsgi_application

from mentorq.http.bodies import limit_bodies

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mentorq.settings")

application = limit_bodies(get_wsgi_application())
