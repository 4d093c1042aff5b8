"""Events around now."""

from datetime import timedelta

import pytest
from django.utils import timezone

from mentorq_backend.models import Event

HOUR = timedelta(hours=1)


@pytest.fixture
def make_event(db):
    """An event that opens and closes so many hours from now."""

    def make(opens=-1, closes=None, name="HackRU", **columns):
        now = timezone.now()
        end = None if closes is None else now + closes * HOUR
        return Event.objects.create(name=name, opens=now + opens * HOUR, closes=end, **columns)

    return make
