"""Who hears of what: a role for each column, a change for each row."""

import time
from datetime import timedelta

import pytest
from django.utils import timezone

from mentorq_backend.live.looks import Look, look
from mentorq_backend.live.streams import Stream
from mentorq_backend.models import Event, Feedback, Ticket
from mentorq_users.models import User

NAMES = ["ada", "grace", "mia", "olga", "dan", "nobody"]
BOTH, QUEUE, TICKETS, NOTHING = {"tickets", "queue"}, {"queue"}, {"tickets"}, set()
OPENED = {"ada": BOTH, "grace": QUEUE, "mia": BOTH, "olga": BOTH, "dan": BOTH, "nobody": QUEUE}
TEXT = {"ada": TICKETS, "grace": NOTHING, "mia": TICKETS, "olga": TICKETS, "dan": TICKETS, "nobody": NOTHING}
RATED = {**dict.fromkeys(NAMES, NOTHING), "ada": TICKETS, "dan": TICKETS}
EVENT = {**dict.fromkeys(NAMES, BOTH), "nobody": QUEUE}


def open_ticket(people):
    return Ticket.objects.create(owner="Ada", owner_email="ada@example.edu", title="x", location="x")


def correct_feedback(people):
    Feedback.objects.filter(ticket=people["rated"]).update(comments="Thanks again")


def event(**columns):
    return Event.objects.create(name="Next", opens=timezone.now() - timedelta(seconds=1), **columns)


# `closed` is a closed ticket of ada's, `rated` another one with feedback. `waiting` is open and of hers, too.
CHANGES = {
    "a new ticket": (open_ticket, OPENED),
    "a claim": (lambda people: people["waiting"].claim(by=people["mia"]), OPENED),
    "a cancelled ticket": (lambda people: people["waiting"].cancel(by=people["ada"]), OPENED),
    "another title": (lambda people: people["waiting"].correct(by=people["olga"], title="y"), TEXT),
    "a mentor's mark": (lambda people: people["waiting"].mark_active(False, by=people["mia"]), TEXT),
    "an import": (lambda people: Ticket.objects.filter(pk=people["closed"].pk).update(comment="y"), TEXT),
    "a rating": (lambda people: Feedback.objects.give(people["closed"], rating=5), RATED),
    "other words in feedback": (correct_feedback, dict.fromkeys(NAMES, NOTHING)),
    "a sign-in": (lambda people: User.objects.create(email="new@example.edu"), dict.fromkeys(NAMES, NOTHING)),
    "an event's message": (lambda people: people["event"].save_message("Pizza"), dict.fromkeys(NAMES, QUEUE)),
    "a pause": (lambda people: people["event"].save_paused(), dict.fromkeys(NAMES, QUEUE)),
    "the next event": (lambda people: event(), EVENT),
    "nothing": (lambda people: None, dict.fromkeys(NAMES, NOTHING)),
}


@pytest.fixture
def people(ada, grace, mia, olga, dan, make_ticket):
    hackathon = Event.objects.create(name="HackRU", opens=timezone.now() - timedelta(hours=1))
    rated = make_ticket(ada, "CLOSED", mentor=mia)
    Feedback.objects.give(rated, rating=4)
    hackathon.save_message = lambda text: (setattr(hackathon, "message", text), hackathon.save())
    hackathon.save_paused = lambda: (setattr(hackathon, "paused", True), hackathon.save())
    return {
        "ada": ada, "grace": grace, "mia": mia, "olga": olga, "dan": dan, "nobody": None, "event": hackathon,
        "waiting": make_ticket(ada), "closed": make_ticket(ada, "CLOSED", mentor=mia), "rated": rated,
    }  # fmt: skip


def owners(people):
    return {people[name].email for name in NAMES if people[name] and not people[name].sees_all_feedback}


def begin(people, found):
    streams = {name: Stream(people[name]) for name in NAMES}
    for stream in streams.values():
        stream.begin(found, found.queue, "")
    return streams


def heard(streams, found):
    """Return by name of which topics each stream must tell after this look."""
    for stream in streams.values():
        stream.see("queue", found.queue, time.monotonic())
        if stream.user:
            stream.see("tickets", found.tickets(stream.user), time.monotonic())
    return {
        name: {topic.name for topic in stream.topics.values() if topic.due is not None} for name, stream in streams.items()
    }


@pytest.mark.parametrize("change", CHANGES)
def test_exactly_those_hear_of_a_change_whose_view_has_changed(change, people):
    make, expected = CHANGES[change]
    first = look(Look(), owners(people))
    streams = begin(people, first)

    make(people)

    assert heard(streams, look(first, owners(people))) == expected


def test_a_ticket_of_somebody_else_is_no_news_for_a_hacker(people, make_ticket):
    first = look(Look(), owners(people))
    streams = begin(people, first)

    make_ticket(people["grace"])

    told = heard(streams, look(first, owners(people)))
    assert (told["ada"], told["grace"]) == (QUEUE, BOTH)


def test_an_event_that_closes_by_itself_is_told(people, monkeypatch):
    people["event"].closes = timezone.now() + timedelta(hours=1)
    people["event"].save()
    first = look(Look(), owners(people))
    streams = begin(people, first)

    in_two_hours = timezone.now() + timedelta(hours=2)
    monkeypatch.setattr(timezone, "now", lambda: in_two_hours)
    found = look(first, owners(people))

    assert heard(streams, found) == dict.fromkeys(NAMES, QUEUE)


def test_a_forecast_that_drifts_with_time_is_not_told(people, make_ticket, monkeypatch):
    for _ in range(6):
        make_ticket(people["grace"]).claim(by=people["mia"])
    first = look(Look(), owners(people))
    streams = begin(people, first)

    later = timezone.now() + timedelta(minutes=20)
    monkeypatch.setattr(timezone, "now", lambda: later)
    people["waiting"].correct(by=people["olga"], title="y")  # so that the queue is read again
    found = look(first, owners(people))

    assert heard(streams, found) == TEXT


def test_a_promotion_and_a_demotion_change_what_one_sees(people):
    first = look(Look(), owners(people))
    streams = begin(people, first)

    streams["grace"].user.is_mentor = True
    streams["mia"].user.is_mentor = False

    told = heard(streams, look(first, owners(people)))
    assert (told["grace"], told["mia"], told["ada"]) == (TICKETS, TICKETS, NOTHING)


def test_a_quiet_look_takes_one_query(people, django_assert_num_queries):
    first = look(Look(), owners(people))

    with django_assert_num_queries(1):
        look(first, owners(people))


def test_a_change_takes_the_same_number_of_queries_for_any_number_of_people(people, django_assert_num_queries):
    many = owners(people) | {f"{number}@example.edu" for number in range(2500)}
    first = look(Look(), many)
    people["waiting"].claim(by=people["mia"])

    with django_assert_num_queries(6):
        look(first, many)


def test_somebody_who_begins_to_listen_hears_nothing_of_what_was_there_before(people):
    first = look(Look(), set())

    second = look(first, owners(people))

    assert (second.own["grace@example.edu"], second.own["ada@example.edu"] != "") == ("", True)
    assert heard(begin(people, second), look(second, owners(people))) == dict.fromkeys(NAMES, NOTHING)


def test_a_restored_database_does_not_look_like_the_one_that_was_seen(people):
    people["waiting"].correct(by=people["olga"], title="before the copy")
    copy = list(Ticket.objects.filter(pk=people["waiting"].pk).values("version"))
    people["waiting"].correct(by=people["olga"], title="lost")
    seen = look(Look(), owners(people))

    # The copy comes back, and somebody makes as many changes as were lost.
    Ticket.objects.filter(pk=people["waiting"].pk).update(version=copy[0]["version"])
    people["waiting"].correct(by=people["olga"], title="another one")

    found = look(Look(), owners(people))
    assert found.tickets(people["ada"]) != seen.tickets(people["ada"])
    assert found.tickets(people["mia"]) != seen.tickets(people["mia"])
