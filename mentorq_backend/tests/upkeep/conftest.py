"""Events with minutes, tickets of some age, and webhooks."""

from mentorq_backend.tests.events.conftest import make_event
from mentorq_backend.tests.notices.conftest import (
    make_due,
    make_webhook,
    private_addresses_are_allowed,
    receiver,
    told,
)

__all__ = ["make_due", "make_event", "make_webhook", "private_addresses_are_allowed", "receiver", "told"]
