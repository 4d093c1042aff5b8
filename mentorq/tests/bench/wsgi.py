"""`granian … mentorq.tests.bench.wsgi:application`: MentorQ as production has it, and the floors besides."""

from django.conf import settings

from mentorq.wsgi import application

__all__ = ["application"]

settings.ROOT_URLCONF = "mentorq.tests.bench.floors"
