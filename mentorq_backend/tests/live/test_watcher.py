"""How a stream begins. The rest of the watcher runs in a process of its own: test_process.py."""

import pytest

from mentorq_backend.live.looks import Look, look
from mentorq_backend.live.streams import NoStream, Stream
from mentorq_backend.live.watcher import Watcher


@pytest.fixture
def watcher(db):
    """A watcher that has looked once."""
    made = Watcher()
    made.last = look(Look(), set())
    return made


@pytest.mark.parametrize(("name", "queries"), [("ada", 1), ("mia", 1), ("dan", 0)])
def test_a_stream_begins_with_one_query_at_most(watcher, person, django_assert_num_queries, name, queries):
    user = person(name)

    with django_assert_num_queries(queries):
        watcher.begin(Stream(user), "")


def test_no_stream_begins_before_the_first_look_or_at_the_end(watcher):
    starting, ending = Watcher(), watcher
    ending.end()

    for made in (starting, ending):
        with pytest.raises(NoStream) as error:
            made.begin(Stream(None), "")
        assert (error.value.status_code, error.value.wait, error.value.detail.code) == (503, 5, "service_unavailable")
        assert made.streams.all() == []
