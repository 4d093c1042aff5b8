"""A circuit breaker (https://martinfowler.com/bliki/CircuitBreaker.html): stops calling a service that does not answer.

Not pybreaker, which holds its lock during the call, so that calls would wait for each other.
"""

import threading
import time


class Breaker:
    """Opens after `failures` in a row. Then it lets one attempt through every `seconds`, until one succeeds."""

    def __init__(self, failures: int, seconds: float) -> None:
        self.failures, self.seconds = failures, seconds
        self.lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        self.failed_in_a_row, self.opened_until = 0, 0.0

    @property
    def is_open(self) -> bool:
        """Whether it has opened and no call has succeeded since."""
        return self.opened_until > 0

    def lets_through(self) -> bool:
        """Return whether to make the next attempt. The caller reports the outcome with `reset()` or `failed()`."""
        with self.lock:
            now = time.monotonic()
            if now < self.opened_until:
                return False
            if self.opened_until:
                self.opened_until = now + self.seconds  # the others wait for the outcome of this one
            return True

    def failed(self) -> None:
        with self.lock:
            self.failed_in_a_row += 1
            if self.failed_in_a_row >= self.failures:
                self.opened_until = time.monotonic() + self.seconds
