"""How a request to LCS is sent: within a deadline, in one of a few slots, and past a circuit breaker.

Each call has a thread of its own; the caller waits for it as long as LCS_TIMEOUT says, and then shuts its socket down.
"""

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import requests
from django.conf import settings
from requests.adapters import HTTPAdapter

from mentorq.outgoing import AbortableAdapter, Session
from mentorq_users.lcs.breaker import Breaker
from mentorq_users.lcs.exceptions import LCSUnavailable
from mentorq_users.lcs.slots import Slots

MAX_ANSWER_BYTES = 1024 * 1024
# At most MAX_CALLS requests of a process are at LCS at once, and MAX_PATIENT more wait for a slot. Further ones are
# refused at once, so that a hanging LCS never takes all threads of the server: give it more threads than both.
MAX_CALLS, MAX_PATIENT = 8, 6
# The slots that one client address may hold at sign-in. The others stay free for people from other addresses.
MAX_EACH = 3
slots = Slots(MAX_CALLS, MAX_EACH, MAX_PATIENT)
# Only a missing answer counts as a failure: one person's malformed profile must not keep everybody out.
breaker = Breaker(failures=5, seconds=5)
# Whatever hangs in these threads, even a name server, does not hold the caller beyond the deadline.
executor = ThreadPoolExecutor(max_workers=MAX_CALLS, thread_name_prefix="lcs")


def post(path: str, payload: Mapping[str, Any], address: str) -> tuple[int, bytes]:
    """Return HTTP status and content of LCS's answer; raises LCSUnavailable if there is none within LCS_TIMEOUT seconds.

    `address` is the client's address at sign-in, which limits its slots; "" if the person has signed in already.
    """
    if not breaker.lets_through():
        raise LCSUnavailable("it did not answer the last times, and is left alone for a moment")
    adapter = AbortableAdapter()
    future = _start(adapter, path, payload, address)
    try:
        answer = future.result(timeout=settings.LCS_TIMEOUT)
    except (requests.RequestException, TimeoutError) as error:
        future.cancel()
        adapter.abort()
        breaker.failed()
        raise LCSUnavailable(type(error).__name__) from error
    except LCSUnavailable:
        breaker.reset()  # too large, but an answer
        raise
    breaker.reset()
    return answer


def take_slot(address: str = "") -> None:
    """Take a slot, to be given back with `slots.release(address)`; raises LCSUnavailable if none gets free soon."""
    if not slots.acquire(address):
        raise LCSUnavailable(f"{len(slots.held)} calls wait for it already")


def _start(adapter: HTTPAdapter, path: str, payload: Mapping[str, Any], address: str) -> Future[tuple[int, bytes]]:
    """Start a call, which holds its slot until it ends, even if nobody waits for it any more; raises LCSUnavailable."""
    take_slot(address)
    url = settings.LCS_BASE_URL.rstrip("/") + path
    try:
        future = executor.submit(_post, adapter, url, payload, settings.LCS_TIMEOUT)
    except RuntimeError as error:  # the executor is shut down, or the system has no thread left
        slots.release(address)
        raise LCSUnavailable("no thread for the call") from error
    future.add_done_callback(lambda _: slots.release(address))
    return future


def _post(adapter: HTTPAdapter, url: str, payload: Mapping[str, Any], timeout: float) -> tuple[int, bytes]:
    """Return HTTP status and content, at most MAX_ANSWER_BYTES; raises requests.RequestException, LCSUnavailable.

    A session of its own keeps no cookie of one person for another, and never meets a connection that LCS has closed.
    """
    with Session() as session:
        session.mount(f"{url.partition(':')[0]}://", adapter)
        with session.post(url, json=payload, timeout=timeout, stream=True) as response:
            content = b""
            for chunk in response.iter_content(64 * 1024):
                content += chunk
                if len(content) > MAX_ANSWER_BYTES:
                    raise LCSUnavailable("an answer too large")
            return response.status_code, content
