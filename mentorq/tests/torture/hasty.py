"""`python -m mentorq.tests.torture.hasty`: upkeep with short delays, so that a torture does not take hours."""

import os
from datetime import timedelta

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mentorq.settings")
django.setup()

from django.core.management import call_command  # noqa: E402 - models exist after setup

from mentorq_backend.notices import delivery, transport  # noqa: E402

if __name__ == "__main__":
    delivery.RETRIES = [timedelta(seconds=0.2)] * len(delivery.RETRIES)
    delivery.LEASE = timedelta(seconds=2)
    transport.TIMEOUT = 1.0
    call_command("upkeep")
