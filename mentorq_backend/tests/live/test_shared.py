"""The list that many see alike is built once, and is never somebody else's."""

import threading
from functools import partial

import pytest

from mentorq_backend.live import shared
from mentorq_backend.live.shared import ANSWERS, SharedAnswers
from mentorq_backend.models import Feedback
from mentorq_users.models import User

PATH = "/api/tickets/"


@pytest.fixture(autouse=True)
def builds(monkeypatch):
    """How often a list was built; none is remembered from another test."""
    ANSWERS.clear()
    counted = []
    monkeypatch.setattr(shared, "observe", lambda histogram, seconds, name: counted.append(1))
    return counted


@pytest.fixture
def mentors(db):
    """A dozen mentors."""
    return User.objects.bulk_create([User(email=f"mentor{number}@example.edu", is_mentor=True) for number in range(12)])


def test_a_list_is_built_once_for_all_mentors_who_ask_at_once_after_a_change(
    at_once, ada, mentors, client_of, make_ticket, builds
):
    make_ticket(ada)

    responses = at_once([partial(client_of(mentor).get, PATH) for mentor in mentors])

    assert {response.content for response in responses} == {responses[0].content}
    assert [ticket["title"] for ticket in responses[0].json()] == ["My build loops"]
    assert len({response["ETag"] for response in responses}) == 12  # a tag is its caller's
    assert builds == [1]


def test_a_list_is_built_anew_after_each_change(ada, mentors, client_of, make_ticket, builds):
    for count in range(1, 4):
        make_ticket(ada)
        lengths = {len(client_of(mentor).get(PATH).json()) for mentor in mentors}
        assert (lengths, len(builds)) == ({count}, count)


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/api/tickets", {}),
        (f"{PATH}?status=OPEN", {}),
        (f"{PATH}?limit=1", {}),
        (PATH, {"Host": "localhost"}),
        (PATH, {"X-Forwarded-Proto": "https"}),
    ],
    ids=["no slash", "filter", "page", "host", "scheme"],
)
def test_another_question_is_another_list(path, headers, ada, mia, max_, client_of, make_ticket, builds):
    make_ticket(ada)
    client_of(mia).get(PATH, headers={"Host": "127.0.0.1"})

    asked = client_of(max_).get(path, headers={"Host": "127.0.0.1", **headers}).json()
    alone = client_of(max_).get(path, headers={"Host": "127.0.0.1", **headers}).json()

    assert (asked, len(builds)) == (alone, 2)


def test_hackers_get_their_own(ada, grace, client_of, make_ticket, builds):
    make_ticket(ada)

    assert (len(client_of(ada).get(PATH).json()), client_of(grace).get(PATH).json(), builds) == (1, [], [])


@pytest.fixture
def rated(mia, max_, make_ticket):
    """A ticket of the mentor Mia's, with which Max helped, and which she rated."""
    ticket = make_ticket(mia, "CLOSED", mentor=max_)
    Feedback.objects.give(ticket, rating=5)
    return ticket


def test_feedback_is_shown_to_directors_and_to_who_gave_it_alone(rated, mia, max_, olga, dan, dora, client_of):
    for order in [(mia, max_, olga, dan, dora), (dora, dan, olga, max_, mia)]:
        ANSWERS.clear()
        seen = {person.email: client_of(person).get(PATH).json()[0]["feedback"] for person in order}
        url = f"http://testserver/api/feedback/{rated.pk}/"
        assert seen == {mia.email: url, max_.email: "", olga.email: "", dan.email: url, dora.email: url}


def test_a_build_that_fails_is_tried_anew(mia, ada, client_of, make_ticket, monkeypatch, builds):
    make_ticket(ada)
    client = client_of(mia)
    with monkeypatch.context() as broken:
        broken.setattr("mentorq_backend.live.reads.newest_rows", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            client.get(PATH)

    assert (client.get(PATH).status_code, len(builds)) == (200, 1)


def test_a_bad_filter_is_400_for_all_who_ask(mia, max_, client_of):
    responses = [client_of(mentor).get(f"{PATH}?status=DONE") for mentor in (mia, max_)]

    assert [(response.status_code, list(response.json())) for response in responses] == [(400, ["status"])] * 2


class Slow:
    """A build that goes on until it is let go."""

    def __init__(self, content=b"new"):
        self.content, self.begun, self.go = content, threading.Event(), threading.Event()

    def __call__(self):
        self.begun.set()
        self.go.wait(10)
        return self.content


@pytest.fixture
def background():
    """Run a call in a thread; return a function that waits for what it returned."""

    def run(call):
        results = []
        thread = threading.Thread(target=lambda: results.append(call()))
        thread.start()

        def result(timeout=10):
            thread.join(timeout)
            return results[0] if results else None

        return result

    return run


def never():
    raise AssertionError("it was built twice")


def test_who_asks_while_a_slow_list_is_built_and_finds_no_place_gets_the_one_before(background):
    answers = SharedAnswers("tickets", places=1, slow=0)
    answers.get("list", "1", lambda: b"old")
    build = Slow()
    builder = background(partial(answers.get, "list", "2", build))
    build.begun.wait(10)
    patient = background(partial(answers.get, "list", "2", never))
    while answers.places.acquire(blocking=False):  # until the patient one has the place
        answers.places.release()

    hasty = answers.get("list", "2", never)
    build.go.set()

    assert (hasty.state, hasty.content) == ("1", b"old")
    assert [(answer.state, answer.content) for answer in (builder(), patient())] == [("2", b"new")] * 2
    assert answers.get("list", "2", never).content == b"new"


def test_while_it_is_not_slow_yet_everybody_waits(background):
    answers = SharedAnswers("tickets", places=0, slow=10)
    answers.get("list", "1", lambda: b"old")
    build = Slow()
    builder = background(partial(answers.get, "list", "2", build))
    build.begun.wait(10)
    others = [background(partial(answers.get, "list", "2", never)) for _ in range(5)]
    early = [other(0.01) for other in others]
    build.go.set()

    assert early == [None] * 5
    assert {builder().content, *(other().content for other in others)} == {b"new"}


def test_without_one_before_everybody_waits(background):
    answers = SharedAnswers("tickets", places=0, slow=0)
    build = Slow()
    builder = background(partial(answers.get, "list", "1", build))
    build.begun.wait(10)
    other = background(partial(answers.get, "list", "1", never))
    build.go.set()

    assert (builder().content, other().content) == (b"new", b"new")


def test_who_waits_hears_of_a_failure_too(background):
    answers = SharedAnswers("tickets")
    build = Slow()
    build.content = None

    def fail():
        build()
        raise ZeroDivisionError

    def outcome(call):
        try:
            return call()
        except ZeroDivisionError as error:
            return type(error)

    builder = background(lambda: outcome(lambda: answers.get("list", "1", fail)))
    build.begun.wait(10)
    other = background(lambda: outcome(lambda: answers.get("list", "1", never)))
    build.go.set()

    assert [builder(), other()] == [ZeroDivisionError] * 2
    assert answers.get("list", "1", lambda: b"good").content == b"good"


def test_a_list_keeps_few_bytes_but_always_the_latest_list():
    answers = SharedAnswers("tickets", most_kept=10)
    for name in ("a", "b", "c"):
        answers.get(name, "1", lambda: b"1234")
    kept = set(answers.kept)
    answers.get("large", "1", lambda: b"1" * 100)

    assert (kept, set(answers.kept)) == ({"b", "c"}, {"large"})
    assert answers.size == 100


def test_an_earlier_state_that_ends_later_replaces_nothing(background):
    answers = SharedAnswers("tickets")
    build = Slow(b"old")
    builder = background(partial(answers.get, "list", "1", build))
    build.begun.wait(10)
    answers.get("list", "2", lambda: b"new")
    build.go.set()

    assert builder().content == b"old"
    assert answers.get("list", "2", never).content == b"new"


def test_the_previous_list_has_its_own_etag(ada, mia, client_of, make_ticket, monkeypatch):
    make_ticket(ada)
    client = client_of(mia)
    first = client.get(PATH)
    before = next(iter(ANSWERS.kept.values()))
    make_ticket(ada)
    monkeypatch.setattr(ANSWERS, "get", lambda *question: before)
    stale = client.get(PATH)
    monkeypatch.undo()

    fresh = client.get(PATH, headers={"If-None-Match": stale["ETag"]})

    assert (stale["ETag"], stale.json()) == (first["ETag"], first.json())
    assert (fresh.status_code, len(fresh.json())) == (200, 2)


def test_an_unchanged_poll_asks_and_builds_nothing_more(
    ada, mia, client_of, make_ticket, builds, django_assert_num_queries
):
    make_ticket(ada)
    client = client_of(mia)
    tag = client.get(PATH)["ETag"]

    with django_assert_num_queries(2):
        assert client.get(PATH, headers={"If-None-Match": tag}).status_code == 304

    assert builds == [1]
