"""What lists, statistics and the leaderboard show of which event."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from mentorq_backend.models import Event, Feedback, Ticket
from mentorq_backend.tests.desk.pages import say_yes

HOUR = timedelta(hours=1)
LIST, STATS, LEADERS = "/api/tickets/", "/api/tickets/stats/", "/api/feedback/leaderboard/"


@pytest.fixture
def years(ada, grace, mia, max_, make_ticket):
    """Tickets of last year's event, of this one, and from between; by name. Only Max helped this year."""
    now = timezone.now()
    made = {}
    for name, age, status, mentor in [
        ("old open", 20, "OPEN", mia), ("old claimed", 19, "CLAIMED", mia), ("old closed", 18, "CLOSED", mia),
        ("old cancelled", 17, "CANCELLED", mia), ("between", 9, "CLOSED", mia),
        ("new closed", 0.5, "CLOSED", max_), ("new open", 0.4, "OPEN", max_),
    ]:  # fmt: skip
        made[name] = make_ticket(ada, status, mentor=mentor, title=name, created=now - age * HOUR)
    for name, rating in [("old closed", 5), ("new closed", 4)]:
        Feedback.objects.give(made[name], rating=rating)
    make_ticket(grace, title="Grace's", created=now - 19 * HOUR).cancel(by=grace)
    Event.objects.create(name="last year", opens=now - 24 * HOUR, closes=now - 10 * HOUR)
    Event.objects.create(name="this year", opens=now - HOUR)
    return made


def titles(response):
    assert response.status_code == 200
    return [ticket["title"] for ticket in response.json()]


NEW = ["new open", "new closed"]
UNFINISHED = ["old claimed", "old open"]
OLD = ["between", "old cancelled", "old closed", "Grace's", "old claimed", "old open"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", NEW + UNFINISHED),
        ("?event=", NEW + UNFINISHED),
        ("?status=CLOSED", ["new closed"]),
        ("?event=all", NEW + OLD),
        ("?event=all&status=CLOSED", ["new closed", "between", "old closed"]),
        ("?created_after=2000-01-01", NEW + OLD),
        ("?created_before=2200-01-01&status=CANCELLED", ["old cancelled", "Grace's"]),
        ("?event={this year}", NEW),
        ("?event={last year}", OLD),
    ],
)
def test_the_list_shows_the_present_event_and_what_is_unfinished(query, expected, years, mia, client_of):
    pks = {event.name: event.pk for event in Event.objects.all()}

    response = client_of(mia).get(LIST + query.format_map(pks))

    assert titles(response) == sorted(expected, key=(NEW + OLD).index)


def test_a_hacker_sees_their_own_of_these(years, ada, grace, client_of):
    assert titles(client_of(ada).get(LIST)) == NEW + UNFINISHED
    assert titles(client_of(grace).get(LIST)) == []
    assert titles(client_of(grace).get(f"{LIST}?event=all")) == ["Grace's"]


def test_a_tickets_own_address_works_for_every_event(years, ada, client_of):
    client = client_of(ada)

    assert [client.get(f"{LIST}{ticket.pk}/").json()["title"] for ticket in years.values()] == list(years)


@pytest.mark.parametrize("path", [LIST, STATS, LEADERS])
@pytest.mark.parametrize("event", ["0", "99999", "-1", "x", "1.0", "ALL", "9" * 30, "１"])
def test_an_unknown_event_is_400(path, event, years, dora, client_of):
    response = client_of(dora).get(path, {"event": event})

    text = "There is no such event: give the id of one, or `all`."
    assert (response.status_code, response.json()) == (400, {"event": [text]})


@pytest.mark.parametrize("path", [LIST, STATS, LEADERS])
def test_an_event_that_is_given_twice_is_400(path, years, dora, client_of):
    response = client_of(dora).get(f"{path}?event=all&event=all")

    assert (response.status_code, response.json()) == (400, {"event": ["Give it once."]})


@pytest.mark.parametrize(
    ("query", "total", "mentors", "rating"),
    [("", 2, 1, 4), ("?event=all", 8, 2, 4.5), ("?created_after=2000-01-01", 8, 2, 4.5), ("?event={last year}", 6, 1, 5)],
)
def test_the_statistics_are_those_of_the_present_event(query, total, mentors, rating, years, dan, client_of):
    pks = {event.name: event.pk for event in Event.objects.all()}

    figures = client_of(dan).get(STATS + query.format_map(pks)).json()

    shown = figures["Total tickets"], figures["Number of mentors"], figures["Average Rating"]["rating__avg"]
    assert shown == (total, mentors, rating)


@pytest.mark.parametrize(
    ("query", "mentors"),
    [("", ["max"]), ("?event=all", ["mia", "max"]), ("?created_after=2000-01-01", ["mia", "max"]),
     ("?event={last year}", ["mia"]), ("?event=all&limit=1", ["mia"])],
)  # fmt: skip
def test_the_leaderboard_is_that_of_the_present_event(query, mentors, years, ada, client_of):
    pks = {event.name: event.pk for event in Event.objects.all()}

    rows = client_of(ada).get(LEADERS + query.format_map(pks)).json()

    assert [row["mentor"] for row in rows] == [f"{name}@example.edu" for name in mentors]


def test_before_the_first_event_opens_everything_shows(ada, mia, dan, make_ticket, make_event, client_of):
    make_ticket(ada, "CLOSED", mentor=mia)
    make_event(opens=1)

    assert len(client_of(ada).get(LIST).json()) == 1
    assert client_of(dan).get(STATS).json()["Total tickets"] == 1


def test_a_reopened_ticket_belongs_to_the_event_in_which_it_was_reopened(years, olga, client_of):
    years["old closed"].reopen(by=olga)

    this_year = client_of(olga).get(f"{LIST}?event={Event.objects.get(name='this year').pk}")

    assert titles(this_year) == [*NEW, "old closed"]


# ETags


@pytest.fixture
def poll(ada, mia, client_of):
    """Poll as Ada and as Mia, with the last ETag; return the statuses."""
    tags = {}

    def ask(path=LIST):
        statuses = []
        for user in (ada, mia):
            headers = {"If-None-Match": tags[user]} if user in tags else {}
            response = client_of(user).get(path, headers=headers)
            tags[user] = response["ETag"]
            statuses.append(response.status_code)
        return statuses

    return ask


def test_the_etag_changes_when_an_event_opens_although_nothing_is_written(
    ada, mia, make_ticket, make_event, poll, monkeypatch
):
    make_ticket(ada, "CLOSED", mentor=mia)
    make_event(-1)
    event = make_event(0.1, name="next")
    before = poll(), poll()
    now = event.opens + timedelta(seconds=1)
    monkeypatch.setattr("django.utils.timezone.now", lambda: now)

    assert (before, poll(), poll()) == (([200, 200], [304, 304]), [200, 200], [304, 304])


def test_the_list_follows_a_change_of_an_event_with_the_next_request(ada, mia, make_ticket, make_event, poll):
    make_ticket(ada, "CLOSED", mentor=mia)
    event = make_event(-1)
    before = poll()
    Event.objects.get(pk=event.pk).delete()
    Event.objects.create(name="now", opens=timezone.now())

    assert (before, poll(), poll()) == ([200, 200], [200, 200], [304, 304])


# Queries


def count(client, path, **headers):
    with CaptureQueriesContext(connection) as queries:
        response = client.get(path, headers=headers)
    return len([query for query in queries if query["sql"].startswith(("SELECT", "WITH"))]), response


@pytest.mark.parametrize("path", [LIST, f"{LIST}?status=OPEN", STATS, LEADERS])
@pytest.mark.parametrize("name", ["ada", "mia", "dan"])
def test_events_cost_no_query(path, name, ada, make_ticket, make_event, person, client_of):
    make_ticket(ada, "CANCELLED")
    make_ticket(ada)
    client = client_of(person(name))
    client.get(path)
    without, _ = count(client, path)
    make_event()
    client.get(path)  # which reads the new event

    assert count(client, path)[0] == without


@pytest.mark.parametrize("name", ["ada", "mia"])
def test_events_cost_an_unchanged_poll_no_query(name, ada, make_ticket, make_event, person, client_of):
    make_ticket(ada)
    client = client_of(person(name))
    without = count(client, LIST, **{"If-None-Match": client.get(LIST)["ETag"]})
    make_event()
    with_event = count(client, LIST, **{"If-None-Match": client.get(LIST)["ETag"]})

    assert [(queries, response.status_code) for queries, response in (without, with_event)] == [(2, 304)] * 2


def test_an_unfinished_list_is_what_the_desk_cancels(years, desk):
    assert "2 unfinished tickets from before" in desk.get("/admin/").content.decode()

    question = desk.post("/admin/mentorq_backend/event/cancel-unfinished/")
    assert "Cancel 2 tickets?" in question.content.decode()
    assert "2 unfinished tickets from before" in desk.get("/admin/").content.decode()

    assert say_yes(desk, question) == ["Cancelled: 2."]
    assert "unfinished" not in desk.get("/admin/").content.decode()
    kept = Ticket.objects.exclude(status="CANCELLED").values_list("title", flat=True)
    assert sorted(kept) == sorted([*NEW, "between", "old closed"])
