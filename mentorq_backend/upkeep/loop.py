"""The rounds of upkeep: look after tickets, and deliver notices in a thread for each webhook."""

import logging
import threading
import time
from collections import Counter

from django.db import Error, close_old_connections, connection
from django.utils import timezone

from mentorq_backend.notices.delivery import deliver
from mentorq_backend.notices.models import Webhook
from mentorq_backend.upkeep import chores
from mentorq_backend.upkeep.models import Heartbeat

logger = logging.getLogger(__name__)

DELETES_EVERY = 3600.0  # seconds
COUNTED = ("expired", "returned", "ended", "delivered", "failed")


class Upkeep:
    """One process of upkeep. Any number of them may run beside each other."""

    def __init__(self) -> None:
        self.must_end = threading.Event()
        self.counting = threading.Lock()
        self.threads: dict[int, threading.Thread] = {}
        self.deleted = float("-inf")

    def once(self) -> dict[str, int]:
        """Make one round, wait for its deliveries, and return the counts of it."""
        counts = self.round()
        self.wait()
        return {name: counts[name] for name in COUNTED}

    def run(self, period: float) -> None:
        """Make rounds until `must_end`. A database that goes away costs rounds, not the process."""
        while not self.must_end.is_set():
            close_old_connections()
            try:
                self.round()
            except Error as error:
                logger.error("This round of upkeep failed: %s", error)
                connection.close()
            self.must_end.wait(period)
        self.wait()

    def round(self) -> Counter[str]:
        """Begin a round. Its deliveries go on in threads, and are added to the counts as they end."""
        Heartbeat.objects.beat()
        counts = chores.tend_tickets()
        if time.monotonic() - self.deleted >= DELETES_EVERY:
            chores.delete_expired()
            self.deleted = time.monotonic()
        self.deliver(counts)
        return counts

    def deliver(self, counts: Counter[str]) -> None:
        """Start a thread for each webhook that has something to deliver and has no thread yet."""
        self.threads = {pk: thread for pk, thread in self.threads.items() if thread.is_alive()}
        for webhook in Webhook.objects.with_due_notices(timezone.now()):
            if webhook.pk not in self.threads:
                self.threads[webhook.pk] = thread = threading.Thread(
                    target=self._deliver, args=[webhook, counts], name=f"webhook-{webhook.pk}", daemon=True
                )
                thread.start()

    def wait(self) -> None:
        for thread in self.threads.values():
            thread.join()

    def _deliver(self, webhook: Webhook, counts: Counter[str]) -> None:
        try:
            outcome = deliver(webhook, self.must_end.is_set)
            with self.counting:
                counts.update(outcome)
        except Error as error:
            logger.error("This round for webhook %s failed: %s", webhook, error)
        finally:
            connection.close()
