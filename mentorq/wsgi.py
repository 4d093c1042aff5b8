"""What a WSGI server starts: `granian --interface wsgi mentorq.wsgi:application`."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mentorq.settings")

application = get_wsgi_application()
