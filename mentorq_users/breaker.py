"""Not to ask again and again who does not answer: https://martinfowler.com/bliki/CircuitBreaker.html.

pybreaker holds its lock while it asks, so that one would wait for the other; this is all that is needed of one.
"""

import threading
import time


class Breaker:
    """Opens when so many attempts in a row `failed`, for some `seconds`; then lets one a time through, to look."""

    def __init__(self, failures: int, seconds: float) -> None:
        self.failures, self.seconds = failures, seconds
        self.lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        """Close it: an attempt went well."""
        self.failed_in_a_row, self.opened_until = 0, 0.0

    def lets_through(self) -> bool:
        """Return whether the next attempt should be made; whoever makes it says how it went."""
        with self.lock:
            now = time.monotonic()
            if now < self.opened_until:
                return False
            if self.opened_until:
                self.opened_until = now + self.seconds  # the others wait for what this one sees
            return True

    def failed(self) -> None:
        """Count an attempt that got no answer."""
        with self.lock:
            self.failed_in_a_row += 1
            if self.failed_in_a_row >= self.failures:
                self.opened_until = time.monotonic() + self.seconds
