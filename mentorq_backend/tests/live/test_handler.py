"""What the handler does besides Django's: slow readers, and the limit of open files."""

import asyncio
import logging
import resource

import pytest
from django.core.exceptions import RequestAborted
from django.db import connections

from mentorq_backend.live import handler
from mentorq_backend.live.handler import LiveHandler, patient, raise_limit_of_files
from mentorq_backend.live.watcher import Watcher


def test_a_reader_who_does_not_read_is_dropped_and_nobody_waits_longer(monkeypatch):
    monkeypatch.setattr(handler, "PATIENCE", 0.05)

    async def run():
        with pytest.raises(asyncio.CancelledError):
            await patient(lambda message: asyncio.sleep(60))({"type": "http.response.body"})

    asyncio.run(asyncio.wait_for(run(), 2))


def test_a_reader_who_reads_gets_each_message_once():
    sent = []

    async def send(message):
        sent.append(message)

    asyncio.run(patient(send)({"type": "http.response.body"}))

    assert sent == [{"type": "http.response.body"}]


def test_nobody_connects_before_the_first_look(committed, monkeypatch):
    watcher, messages, sent = Watcher(), iter(["lifespan.startup", "lifespan.shutdown"]), []
    monkeypatch.setattr(handler, "WATCHER", watcher)
    for name in ("raise_limit_of_files", "end_streams_on_signals"):
        monkeypatch.setattr(handler, name, lambda: None)

    async def receive():
        return {"type": next(messages)}

    async def send(message):
        sent.append((message["type"], watcher.last is not None))

    asyncio.run(LiveHandler.live(None, receive, send))
    watcher.thread.submit(connections.close_all).result()

    assert sent == [("lifespan.startup.complete", True), ("lifespan.shutdown.complete", True)]


def test_no_body_is_kept():
    messages = iter([{"type": "http.request", "body": b"x" * 100_000, "more_body": True}, {"type": "http.request"}])

    async def receive():
        return next(messages)

    assert asyncio.run(LiveHandler.read_body(None, receive)).read() == b""
    assert list(messages) == []


def test_a_client_who_leaves_while_it_sends_its_body_is_forgotten():
    async def receive():
        return {"type": "http.disconnect"}

    with pytest.raises(RequestAborted):
        asyncio.run(LiveHandler.read_body(None, receive))


@pytest.fixture
def limits(monkeypatch):
    """The limit that the system gives, and the ones that were set."""
    kept = {"now": (1024, 4096), "set": []}
    monkeypatch.setattr(resource, "getrlimit", lambda which: kept["now"])
    monkeypatch.setattr(resource, "setrlimit", lambda which, limit: kept["set"].append(limit))
    return kept


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ((1024, 4096), [(3000, 4096)]),
        ((1024, resource.RLIM_INFINITY), [(3000, resource.RLIM_INFINITY)]),
        ((65536, 65536), []),
    ],
)
def test_the_limit_of_open_files_is_raised_as_far_as_the_streams_need(limits, caplog, now, expected):
    limits["now"] = now

    raise_limit_of_files()

    assert (limits["set"], caplog.messages) == (expected, [])


def test_too_low_a_limit_is_said_with_the_remedy(limits, caplog):
    limits["now"] = (1024, 2000)

    with caplog.at_level(logging.WARNING):
        raise_limit_of_files()

    assert limits["set"] == [(2000, 2000)]
    assert caplog.messages == [
        "This process may open only 2000 files, and 2500 streams need more."
        " Set LimitNOFILE=3000 in its unit (docs/operations.md)."
    ]
