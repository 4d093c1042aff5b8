"""Whose rows: a hacker's answers are those of a database in which nobody else has tickets."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction
from django.utils.http import urlencode
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mentorq_backend.models import Feedback, Ticket

PEOPLE = ["ada", "grace", "mia", "max", "olga", "dan", "dora"]
# Who sees whose rows; everybody of PEOPLE has one ticket, closed and rated.
SEEN = {
    #                         ada  grace mia max olga dan dora
    "/api/tickets/":         "own own   all all all  all all",
    "/api/tickets?limit=50": "own own   all all all  all all",
    "/api/feedback/":        "own own   own own own  all all",
    "URLs of feedback":      "own own   own own own  all all",
}  # fmt: skip


def answer_of(response):
    """All of an answer that a client can look at, its tag included, but for the request's own id."""
    headers = {name: value for name, value in response.headers.items() if name != "X-Request-ID"}
    return response.status_code, response.content, headers


@pytest.fixture
def rated(person, make_ticket):
    """A ticket of each of PEOPLE, closed and rated, by their name."""
    made = {}
    for name in PEOPLE:
        made[name] = make_ticket(
            person(name), "CLOSED", mentor=person("mia" if name == "max" else "max"), comment=f"of {name}"
        )
        Feedback.objects.give(made[name], rating=4.5, comments=f"said {name}")
    return made


@pytest.mark.parametrize("path", SEEN)
def test_each_sees_the_rows_that_the_table_says(path, rated, person, client_of):
    expected = {
        name: {rated[name].pk} if whose == "own" else {ticket.pk for ticket in rated.values()}
        for name, whose in zip(PEOPLE, SEEN[path].split(), strict=True)
    }

    seen = {}
    for name in PEOPLE:
        body = client_of(person(name)).get("/api/tickets/" if path.startswith("URLs") else path).json()
        rows = body["results"] if "limit" in path else body
        shown = [row for row in rows if not path.startswith("URLs") or row["feedback"]]
        seen[name] = {row["ticket" if "feedback" in path and path.startswith("/") else "id"] for row in shown}

    assert seen == expected


def test_a_url_of_feedback_is_empty_for_who_may_not_read_it(rated, person, client_of):
    pk = rated["ada"].pk

    urls = {
        name: client_of(person(name)).get(f"/api/tickets/{pk}/").json()["feedback"] for name in PEOPLE if name != "grace"
    }

    url = f"http://testserver/api/feedback/{pk}/"
    assert urls == {"ada": url, "mia": "", "max": "", "olga": "", "dan": url, "dora": url}


def test_the_leaderboard_names_mentors_and_nothing_of_who_rated_them(rated, client_of, grace):
    rows = client_of(grace).get("/api/feedback/leaderboard/").json()

    assert rows == [
        {"mentor": "max@example.edu", "name": "Max Mentor", "average_rating": 4.5, "ratings": 6},
        {"mentor": "mia@example.edu", "name": "Mia Mentor", "average_rating": 4.5, "ratings": 1},
    ]


# With and without the others

BEGAN = datetime(2026, 2, 14, 20, tzinfo=UTC)
# Addresses and words that Ada's tickets have, or nearly.
ADDRESSES = st.sampled_from(
    ["grace@example.edu", "mia@example.edu", "aada@example.edu", "ada@example.edu.evil.org", "ADA@EXAMPLE.EDU", "ada@"]
)
WORDS = st.sampled_from(["loops", "hall", "Ada Lovelace", "ada@example.edu", "Table 12", "%", "_", "'"])
HERS_TOO = st.sampled_from(["ada@example.edu", "mia@example.edu", "grace@example.edu"])
others = st.lists(
    st.builds(
        lambda owner, mentor, title, location, minutes, active, status: Ticket(
            owner_email=owner, owner=title, title=title, comment=location, location=location, status=status, active=active,
            created=BEGAN + timedelta(minutes=minutes), **({} if status == "OPEN" else MENTORED | {"mentor_email": mentor}),
        ),
        ADDRESSES, HERS_TOO, WORDS, WORDS, st.integers(0, 90), st.booleans(), st.sampled_from(["OPEN", "CLOSED"]),
    ),
    min_size=1, max_size=6,
)  # fmt: skip
MENTORED = {"claimed_datetime": BEGAN, "closed_datetime": BEGAN + timedelta(hours=1), "time_to_claim": 1}
queries = st.fixed_dictionaries(
    {},
    optional={
        "owner_email": st.one_of(ADDRESSES, HERS_TOO),
        "mentor_email": HERS_TOO,
        "search": WORDS,
        "status": st.sampled_from(["OPEN", "CLOSED,OPEN", "CANCELLED", "DONE"]),
        "active": st.sampled_from(["true", "false", "x"]),
        "ordering": st.sampled_from(["created", "-title", "status,-closed_datetime", "location", "id", "-owner_email"]),
        "limit": st.sampled_from(["1", "2", "50", "0"]),
        "offset": st.sampled_from(["0", "1", "3"]),
        "created_after": st.sampled_from(["2026-02-14T20:30:00Z", "yesterday"]),
        "created_before": st.sampled_from(["2026-02-14T20:30:00Z", "2026-02-14T23:00:00Z"]),
    },
)


@pytest.fixture
def hers(ada, mia, make_ticket):
    """Ada's tickets: one in each status, the closed one rated."""
    made = [
        make_ticket(ada, status, mentor=mia, created=BEGAN + timedelta(minutes=20 * number), active=number != 2)
        for number, status in enumerate(["OPEN", "CLAIMED", "CLOSED", "CANCELLED"])
    ]
    Feedback.objects.give(made[2], rating=4.5)
    return made


def others_rows(tickets):
    """Insert what others have, each closed ticket with feedback."""
    Ticket.objects.bulk_create(tickets)
    Feedback.objects.bulk_create(
        Feedback(ticket=ticket, rating=1, comments="loops", mentor="Ada", mentor_email=ticket.mentor_email)
        for ticket in tickets
        if ticket.status == "CLOSED"
    )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(query=queries, tickets=others)
def test_a_hackers_queue_is_that_of_a_database_without_the_others(query, tickets, hers, adas):
    path = f"/api/tickets/?{urlencode(query)}"
    alone = adas.get(path)

    with transaction.atomic():
        others_rows(tickets)
        among_others = adas.get(path)
        transaction.set_rollback(True)

    assert answer_of(among_others) == answer_of(alone)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=10)
@given(tickets=others)
def test_the_rest_that_a_hacker_reads_is_too(tickets, hers, adas):
    pks = [ticket.pk for ticket in hers]
    paths = ["/api/feedback/", "/api/tickets/stats/", f"/api/feedback/{pks[0]}/", f"/api/feedback/{pks[2]}/"]
    paths += [f"/api/tickets/{pk}/{rest}" for pk in pks for rest in ("", "history/")]
    alone = [answer_of(adas.get(path)) for path in paths]

    with transaction.atomic():
        others_rows(tickets)
        among_others = [answer_of(adas.get(path)) for path in paths]
        transaction.set_rollback(True)

    assert among_others == alone


@pytest.fixture
def adas(ada, client_of):
    return client_of(ada)
