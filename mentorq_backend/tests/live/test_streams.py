"""When a stream says what, and how many there may be. `now` is a clock in the tests' hands."""

import asyncio
import gc
import time
from itertools import pairwise

import pytest

from mentorq_backend.live import streams
from mentorq_backend.live.looks import Look
from mentorq_backend.live.revisions import Change
from mentorq_backend.live.streams import GAP, QUIET, SPREAD, Stream, Streams, TooManyStreams
from mentorq_users.models import User

MIA = User(email="mia@example.edu", is_mentor=True)


def seen(number, queue="q"):
    return Look(changes=dict.fromkeys(Change, number), queue=queue)


def stream(user=MIA, last_id="", **how):
    opened = Stream(user, **how)
    opened.begin(seen(1), "q", last_id)
    return opened


def names(text):
    return [line.removeprefix("event: ") for line in text.splitlines() if line.startswith("event: ")]


def first_chunks(opened, count):
    async def take():
        return [chunk async for chunk, _ in zip_(opened, count)]

    async def zip_(chunks, count):
        number = 0
        async for chunk in chunks:
            yield chunk, number
            number += 1
            if number == count:
                return

    return asyncio.run(asyncio.wait_for(take(), 5))


def test_a_new_stream_says_its_id_and_nothing_else():
    opened = stream()

    [text] = first_chunks(opened, 1)

    retry, id_, *rest = text.split("\n")
    assert (retry.partition(": ")[0], 1000 <= int(retry.partition(": ")[2]) <= 4000) == ("retry", True)
    assert (id_, rest) == (f"id: {opened.id}", ["", ""])
    assert opened.next(time.monotonic()) == ""


def test_a_change_is_told_within_the_spread():
    opened, now = stream(), time.monotonic()

    opened.see("tickets", "other", now)

    assert names(opened.next(now + 1)) == ["tickets"]
    assert opened.next(now + 1 + GAP) == ""


def test_the_wake_ups_of_a_change_are_spread():
    now = time.monotonic()
    dues = set()
    for _ in range(100):
        opened = stream()
        opened.see("tickets", "other", now)
        dues.add(opened.topics["tickets"].due - now)

    assert (len(dues) > 90, min(dues) >= 0, max(dues) <= SPREAD["tickets"]) == (True, True, True)


def test_changes_that_follow_each_other_are_told_at_most_once_a_second():
    opened, start = stream(), time.monotonic()
    told = []

    for tick in range(1, 101):  # ten seconds, with ten changes in each
        now = start + tick / 10
        opened.see("tickets", str(tick), now)
        told += [now for _ in names(opened.next(now))]

    assert min(after - before for before, after in pairwise(told)) >= GAP
    assert 8 <= len(told) <= 10


def test_both_events_come_apart_and_the_id_says_what_was_told():
    opened, now = stream(), time.monotonic()
    opened.see("tickets", "other", now)
    opened.see("queue", "other", now)
    text = opened.next(now + 1)

    ids = [line.removeprefix("id: ") for line in text.splitlines() if line.startswith("id: ")]

    assert sorted(names(text)) == ["queue", "tickets"]
    assert (len(set(ids)), ids[-1]) == (2, opened.id)


def test_who_comes_back_and_missed_nothing_hears_nothing():
    assert stream(last_id=stream().id).next(time.monotonic()) == ""


@pytest.mark.parametrize("last_id", ["odd", "0", "tickets-1.queue-2", "tickets-", "-", "\x00", "é" * 5000])
def test_who_comes_back_with_another_id_hears_both_at_once(last_id):
    assert names(stream(last_id=last_id).next(time.monotonic())) == ["tickets", "queue"]


def test_who_comes_back_hears_only_of_what_was_missed():
    before = stream()
    opened = Stream(MIA)
    opened.begin(seen(2), "q", before.id)

    assert names(opened.next(time.monotonic())) == ["tickets"]


def test_somebody_without_a_token_who_signs_in_hears_of_tickets_at_once():
    assert names(stream(last_id=stream(user=None).id).next(time.monotonic())) == ["tickets"]


def test_somebody_who_has_not_signed_in_hears_only_of_the_queue():
    opened, now = stream(user=None), time.monotonic()

    opened.see("queue", "other", now)

    assert names(opened.next(now + 1)) == ["queue"]


def test_a_comment_keeps_a_quiet_stream_open():
    opened, now = stream(), time.monotonic()

    assert (opened.next(now + QUIET - 1), opened.next(now + QUIET + 1)) == ("", ": still here\n\n")
    assert opened.next(now + QUIET + 2) == ""


def test_a_stream_ends_when_its_token_expires():
    assert len(first_chunks(stream(ends_at=time.time() + 0.2), 2)) == 1


def chunk_after(act):
    """Return what a sleeping stream sends within a second after this is done to it, None if it ends."""
    opened = stream()

    async def run():
        chunks = aiter(opened)
        await anext(chunks)
        waiting = asyncio.ensure_future(anext(chunks, None))
        await asyncio.sleep(0.05)
        act(opened)
        return await asyncio.wait_for(waiting, 1)

    return asyncio.run(run())


def test_a_stream_that_is_ended_ends_at_once():
    assert chunk_after(Stream.end) is None


def test_a_sleeping_stream_wakes_up_for_a_change(monkeypatch):
    monkeypatch.setitem(streams.SPREAD, "tickets", 0)

    assert names(chunk_after(lambda opened: opened.see("tickets", "other", time.monotonic()))) == ["tickets"]


def people(count, each=1):
    return [User(email=f"{number}@example.edu") for number in range(count) for _ in range(each)]


def fill(everybody, users):
    opened = [Stream(user) for user in users]
    for one in opened:
        everybody.add(one)
    return opened


def refused(everybody, user):
    with pytest.raises(TooManyStreams) as error:
        everybody.add(Stream(user))
    return error.value.status_code, error.value.wait, str(error.value.detail)


def test_a_person_may_have_four_streams():
    everybody = Streams()
    kept = fill(everybody, [MIA] * 4)

    assert refused(everybody, MIA) == (503, 30, "A person may have 4 live streams. Close one of them, or poll.")
    assert fill(everybody, [None, *people(1)])
    assert len(kept) == 4


def test_five_hundred_streams_are_reserved_for_people_who_are_signed_in():
    everybody = Streams()
    kept = fill(everybody, [None] * 2000)

    assert refused(everybody, None)[:2] == (503, 30)
    kept += fill(everybody, people(500))
    assert refused(everybody, MIA)[:2] == (503, 30)
    assert len(everybody.all()) == 2500


def test_people_who_are_signed_in_may_take_every_stream():
    everybody = Streams()
    kept = fill(everybody, people(625, each=4))

    assert (len(kept), refused(everybody, None)[0]) == (2500, 503)


def test_a_stream_that_nobody_holds_gives_its_place_back():
    everybody = Streams()
    kept = fill(everybody, [MIA] * 4)

    kept.pop()
    gc.collect()

    assert (len(everybody.all()), len(fill(everybody, [MIA]))) == (3, 1)


def test_limits_hold_if_many_ask_at_once(at_once):
    everybody = Streams()
    opened = [Stream(MIA) for _ in range(30)]

    def add(one):
        try:
            everybody.add(one)
        except TooManyStreams:
            return False
        return True

    assert sum(at_once([lambda one=one: add(one) for one in opened])) == 4
