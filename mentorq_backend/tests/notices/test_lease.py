"""At most one process delivers for a webhook, no webhook waits for another, and nobody waits for a process that died."""

import threading
import time
from datetime import timedelta

from django.db import connections
from django.db.models import F
from django.utils import timezone

from mentorq_backend.models import Notice, Webhook
from mentorq_backend.notices import delivery
from mentorq_backend.notices.delivery import deliver
from mentorq_backend.tests.notices.receiver import answers, hangs


def test_at_most_one_delivers_for_a_webhook(committed, webhook, receiver, ada, make_ticket, at_once):
    for number in range(4):
        make_ticket(ada, title=f"T{number}")
    at_work, most = [], []

    def answer(request):
        at_work.append(1)
        most.append(len(at_work))
        time.sleep(0.05)
        at_work.pop()
        answers(200)(request)

    receiver.fault = answer

    counts = at_once([lambda: deliver(webhook)] * 4)

    assert sum(count["delivered"] for count in counts) == 4
    assert (max(most), len(receiver.received)) == (1, 4)


def test_a_process_that_died_leaves_its_work_to_others_after_a_while(webhook, receiver, ada, make_ticket):
    make_ticket(ada)
    assert delivery.Lease(webhook).take()

    assert deliver(webhook) == {}
    Webhook.objects.update(leased_until=F("leased_until") - delivery.LEASE - timedelta(seconds=1))
    assert deliver(webhook) == {"delivered": 1}


def test_a_lease_of_a_clock_that_was_ahead_does_not_last(webhook, ada, make_ticket):
    make_ticket(ada)
    Webhook.objects.update(lease=1, leased_until=timezone.now() + timedelta(days=1))
    Notice.objects.update(next_attempt=timezone.now() + timedelta(days=1))

    assert deliver(webhook) == {"delivered": 1}


def test_a_lease_is_prolonged_and_given_back(webhook):
    lease, other = delivery.Lease(webhook), delivery.Lease(webhook)

    assert [lease.take(), lease.take(), other.take()] == [True, True, False]
    lease.give_back()
    assert other.take()


def test_no_request_of_a_webhook_waits_for_another(committed, make_webhook, receiver, ada, make_ticket, quick):
    """The threads of upkeep: one hangs, the other delivers."""
    slow, fast = make_webhook(receiver.url + "slow", name="slow"), make_webhook(receiver.url, name="fast")
    receiver.fault = lambda request: (hangs(2) if request.path.endswith("slow") else answers(200))(request)
    for number in range(5):
        make_ticket(ada, title=f"T{number}")

    threads = [threading.Thread(target=_closing, args=[webhook]) for webhook in (slow, fast)]
    start = time.monotonic()
    for thread in threads:
        thread.start()
    threads[1].join()

    assert time.monotonic() - start < 2
    assert fast.notices.filter(delivered__isnull=False).count() == 5
    threads[0].join()


def _closing(webhook):
    try:
        deliver(webhook)
    finally:
        connections.close_all()
