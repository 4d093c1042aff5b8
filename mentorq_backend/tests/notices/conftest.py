"""Webhooks, and a receiver of them over real HTTP."""

from datetime import timedelta

import pytest
from django.utils import timezone

from mentorq_backend.models import Notice, Webhook
from mentorq_backend.notices import transport
from mentorq_backend.notices.models import Happening
from mentorq_backend.tests.notices.receiver import Receiver

TICKETS = [happening.value for happening in Happening if happening not in ("first", "waiting", "message")]


@pytest.fixture(autouse=True)
def private_addresses_are_allowed(settings):
    """The receivers of the tests listen on this machine."""
    settings.NOTICES_TO_PRIVATE_ADDRESSES = True


@pytest.fixture
def receiver():
    """A receiver that says what it received."""
    with Receiver().serving() as serving:
        yield serving


@pytest.fixture
def make_webhook(db):
    """A webhook that is on; by default it tells whatever happens to any ticket, in the standard format."""

    def make(url="https://example.org/hook", tells=TICKETS, kind="standard", name="Mentors", **columns):
        webhook = Webhook(name=name, kind=kind, tells=list(tells), **columns)
        webhook.url = url
        webhook.make_secret()
        webhook.full_clean()
        webhook.save()
        return webhook

    return make


@pytest.fixture
def told():
    """What the outbox holds for a webhook, or for all: happening and ticket of each notice."""

    def rows(webhook=None):
        notices = Notice.objects.filter(webhook=webhook) if webhook else Notice.objects.all()
        return [(notice.happening, notice.ticket_id) for notice in notices.order_by("pk")]

    return rows


@pytest.fixture
def make_due():
    """Let the retries of all notices be due now."""

    def make():
        Notice.objects.pending().update(next_attempt=timezone.now() - timedelta(seconds=1))
        Webhook.objects.update(not_before=None)

    return make


@pytest.fixture
def webhook(make_webhook, receiver):
    """A webhook that leads to the receiver."""
    return make_webhook(receiver.url)


@pytest.fixture
def quick(monkeypatch):
    """Wait for a receiver a moment only."""
    monkeypatch.setattr(transport, "TIMEOUT", 0.5)
