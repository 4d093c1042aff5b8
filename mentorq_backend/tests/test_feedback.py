"""/api/feedback/."""

from datetime import UTC, datetime

import pytest
from django.db import IntegrityError, transaction

from mentorq_backend.models import Feedback, Ticket
from mentorq_backend.serializers import FeedbackSerializer
from mentorq_users.models import User

GIVEN = {"rating": 4.5, "comments": "Thanks!"}


@pytest.fixture
def closed(ada, mia, make_ticket):
    """A ticket of Ada's that Mia closed."""
    return make_ticket(ada, "CLOSED", mentor=mia)


@pytest.fixture
def rated(closed):
    """Ada's feedback on it."""
    return Feedback.objects.give(closed, **GIVEN)


def test_an_owner_rates_the_help_they_got(closed, ada, client_of):
    response = client_of(ada).post("/api/feedback/", {"ticket": closed.pk, **GIVEN})

    shown = {"ticket": closed.pk, "ticket_url": f"http://testserver/api/tickets/{closed.pk}/", **GIVEN}
    assert (response.status_code, response.json()) == (201, shown)
    assert client_of(ada).get(f"/api/feedback/{closed.pk}").json() == shown


@pytest.mark.parametrize("rating", [halves / 2 for halves in range(1, 11)] + [1, 5])
def test_stars_have_halves(rating, closed, ada, client_of):
    response = client_of(ada).post("/api/feedback/", {"ticket": closed.pk, "rating": rating})

    assert (response.json()["rating"], response.json()["comments"]) == (rating, "")


@pytest.mark.parametrize("rating", [0, 0.4, 0.75, 5.5, -1, 10**400, "4", "4.5", "", None, True, [4], {}])
def test_any_other_rating_is_refused_by_name(rating, closed, ada, client_of):
    response = client_of(ada).post("/api/feedback/", {"ticket": closed.pk, "rating": rating})

    assert (response.status_code, list(response.json())) == (400, ["rating"])
    assert not Feedback.objects.exists()


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, ["ticket", "rating"]),
        ({"ticket": None, "rating": 4}, ["ticket"]),
        ({"ticket": "x", "rating": 4}, ["ticket"]),
        ({"ticket": 0, "rating": 4}, ["ticket"]),
        ({"ticket": "{pk}", "rating": 4, "comments": "x" * 2001}, ["comments"]),
        ({"ticket": "{pk}", "rating": 4, "comments": "a\0b"}, ["comments"]),
        ({"ticket": "{pk}", "rating": 4, "comments": None}, ["comments"]),
    ],
)
def test_bad_input_names_the_field(body, fields, closed, ada, client_of):
    body = {key: closed.pk if value == "{pk}" else value for key, value in body.items()}

    response = client_of(ada).post("/api/feedback/", body)

    assert (response.status_code, list(response.json())) == (400, fields)


@pytest.mark.parametrize("name", ["grace", "mia", "olga", "dan"])
def test_somebody_elses_ticket_is_not_found_whoever_asks(name, closed, person, client_of):
    response = client_of(person(name)).post("/api/feedback/", {"ticket": closed.pk, **GIVEN})

    assert response.status_code == 404
    assert not Feedback.objects.exists()


@pytest.mark.parametrize("pk", [1, 2**31, 2**63, 10**25])
def test_a_ticket_that_does_not_exist_is_not_found(pk, ada, client_of):
    response = client_of(ada).post("/api/feedback/", {"ticket": pk, **GIVEN})

    assert (response.status_code, response.json()["code"], Feedback.objects.count()) == (404, "not_found", 0)


@pytest.mark.parametrize("status", ["OPEN", "CLAIMED", "CANCELLED"])
def test_only_a_closed_ticket_is_rated(status, ada, mia, client_of, make_ticket):
    ticket = make_ticket(ada, status, mentor=mia)

    response = client_of(ada).post("/api/feedback/", {"ticket": ticket.pk, **GIVEN})

    assert (response.status_code, response.json()) == (
        403,
        {"detail": "Only a closed ticket with a mentor can be rated.", "code": "permission_denied"},
    )


def test_a_ticket_that_no_mentor_had_is_not_rated(ada, olga, client_of, make_ticket):
    ticket = make_ticket(ada)
    ticket.close(by=olga)

    response = client_of(ada).post("/api/feedback/", {"ticket": ticket.pk, **GIVEN})

    assert (response.status_code, response.json()["code"]) == (403, "permission_denied")
    assert Feedback.objects.count() == 0


def test_a_second_one_is_refused(rated, ada, client_of):
    response = client_of(ada).post("/api/feedback/", {"ticket": rated.pk, "rating": 1})

    assert (response.status_code, response.json()) == (
        400,
        {"ticket": ["The ticket has feedback already: change it with PATCH."]},
    )
    assert Feedback.objects.get().rating == 4.5


def test_a_hacker_cannot_forge_it_by_closing_their_own_ticket(ada, client_of, make_ticket):
    ticket = make_ticket(ada)
    client = client_of(ada)

    closing = client.patch(f"/api/tickets/{ticket.pk}", {"status": "CLOSED", "mentor_email": "mia@example.edu"})
    rating = client.post("/api/feedback", {"ticket": ticket.pk, "rating": 5})

    assert (closing.status_code, rating.status_code) == (403, 403)
    assert (Ticket.objects.get().mentor_email, Feedback.objects.count()) == ("", 0)


def test_an_owner_changes_their_mind(rated, ada, client_of):
    shown = client_of(ada).patch(f"/api/feedback/{rated.pk}", {"rating": 0.5}).json()

    assert (shown["rating"], shown["comments"]) == (0.5, "Thanks!")
    assert Feedback.objects.get().rating == 0.5


def test_two_changes_at_once_do_not_undo_each_other(rated):
    first, second = Feedback.objects.get(), Feedback.objects.get()

    FeedbackSerializer().update(first, {"rating": 1.0})
    FeedbackSerializer().update(second, {"comments": "On reflection"})

    assert Feedback.objects.values_list("rating", "comments").get() == (1.0, "On reflection")


def test_a_change_moves_it_to_no_other_ticket(rated, ada, mia, client_of, make_ticket):
    other = make_ticket(ada, "CLOSED", mentor=mia)

    shown = client_of(ada).patch(f"/api/feedback/{rated.pk}/", {"ticket": other.pk, "comments": ""}).json()

    assert (shown["ticket"], shown["comments"]) == (rated.pk, "")
    assert list(Feedback.objects.values_list("pk", flat=True)) == [rated.pk]


@pytest.mark.parametrize(("name", "status"), [("grace", 404), ("mia", 404), ("olga", 404), ("dan", 403)])
def test_nobody_else_changes_it(name, status, rated, person, client_of):
    response = client_of(person(name)).patch(f"/api/feedback/{rated.pk}/", {"rating": 5})

    assert response.status_code == status
    assert Feedback.objects.get().rating == 4.5


@pytest.mark.parametrize(("name", "seen"), [("ada", 1), ("dan", 1), ("dora", 1), ("grace", 0), ("mia", 0), ("olga", 0)])
def test_directors_read_all_and_everyone_else_their_own(name, seen, rated, person, client_of):
    client = client_of(person(name))

    statuses = client.get(f"/api/feedback/{rated.pk}/").status_code
    listed = client.get("/api/feedback").json()

    assert statuses == (200 if seen else 404)
    assert [feedback["ticket"] for feedback in listed] == [rated.pk] * seen


def test_feedback_is_listed_newest_first(ada, mia, dan, client_of, make_ticket):
    tickets = [make_ticket(ada, "CLOSED", mentor=mia) for _ in range(3)]
    for ticket in (tickets[1], tickets[0], tickets[2]):
        Feedback.objects.give(ticket, rating=4)

    listed = client_of(dan).get("/api/feedback/").json()

    assert [feedback["ticket"] for feedback in listed] == [tickets[2].pk, tickets[0].pk, tickets[1].pk]


@pytest.mark.parametrize(("name", "shown"), [("ada", True), ("dan", True), ("mia", False), ("olga", False)])
def test_a_ticket_shows_its_url_to_those_who_may_read_it(name, shown, rated, person, client_of):
    url = f"http://testserver/api/feedback/{rated.pk}/" if shown else ""
    client = client_of(person(name))

    ticket, listed = client.get(f"/api/tickets/{rated.pk}/").json(), client.get("/api/tickets/").json()

    assert ([row["feedback"] for row in listed], ticket["feedback"]) == ([url], url)


def test_feedback_stays_with_the_mentor_whom_the_ticket_had(rated, ada, mia, max_, client_of):
    rated.ticket.reopen(by=mia)
    rated.ticket.close(by=max_)

    second = client_of(ada).post("/api/feedback/", {"ticket": rated.pk, "rating": 1})
    board = client_of(ada).get("/api/feedback/leaderboard/").json()

    assert second.status_code == 400
    assert [row["mentor"] for row in board] == ["mia@example.edu"]


@pytest.mark.parametrize("method", ["put", "delete"])
def test_feedback_is_neither_replaced_nor_deleted(method, rated, ada, client_of):
    response = getattr(client_of(ada), method)(f"/api/feedback/{rated.pk}/")

    assert (response.status_code, response.json()["code"]) == (405, "method_not_allowed")
    assert Feedback.objects.get().rating == 4.5


@pytest.mark.parametrize("pk", ["0", "9" * 18, "9" * 19, "9" * 25, "x"])
def test_what_does_not_exist_is_not_found(pk, ada, dan, client_of):
    responses = [client_of(user).get(f"/api/feedback/{pk}/") for user in (ada, dan)]

    assert [(response.status_code, response["Content-Type"]) for response in responses] == [(404, "application/json")] * 2


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_takes_two_queries_however_long(count, ada, mia, client_of, make_ticket, django_assert_num_queries):
    for _ in range(count):
        Feedback.objects.give(make_ticket(ada, "CLOSED", mentor=mia), rating=4)
    client = client_of(ada)

    with django_assert_num_queries(2):
        listed = client.get("/api/feedback/").json()

    assert len(listed) == count


def rate(make_ticket, owner, mentor, *ratings):
    for rating in ratings:
        Feedback.objects.give(make_ticket(owner, "CLOSED", mentor=mentor), rating=rating)


def test_the_leaderboard_shows_plain_averages_by_mentor_best_first(ada, mia, max_, person, client_of, make_ticket):
    rate(make_ticket, ada, mia, 4, 4.5)
    rate(make_ticket, ada, max_, 5, 5, 4)

    board = client_of(person("vera")).get("/api/feedback/leaderboard").json()

    assert board == [
        {"mentor": "max@example.edu", "name": "Max Mentor", "average_rating": pytest.approx(14 / 3), "ratings": 3},
        {"mentor": "mia@example.edu", "name": "Mia Mentor", "average_rating": 4.25, "ratings": 2},
    ]


@pytest.mark.parametrize("many", [[5] * 40, [4.5] * 40, [4] * 40])
def test_one_five_does_not_outrank_forty_good_ratings(many, ada, mia, max_, client_of, make_ticket, settings):
    settings.TICKETS_PER_HOUR = 100
    rate(make_ticket, ada, mia, 5)
    rate(make_ticket, ada, max_, *many)

    board = client_of(ada).get("/api/feedback/leaderboard").json()

    assert [row["mentor"] for row in board] == ["max@example.edu", "mia@example.edu"]


def test_among_equals_more_ratings_win_and_then_the_alphabet(ada, mia, max_, person, client_of, make_ticket):
    rate(make_ticket, ada, mia, 2.5, 3)
    rate(make_ticket, ada, person("zoe"), *[2.5, 3] * 2)
    rate(make_ticket, ada, max_, 2.5, 3)

    board = client_of(ada).get("/api/feedback/leaderboard").json()

    assert [row["mentor"] for row in board] == ["zoe@example.edu", "max@example.edu", "mia@example.edu"]


@pytest.fixture
def six_rated(ada, make_ticket, db):
    """Feedback for six mentors."""
    for number in range(6):
        mentor = User.objects.create(email=f"m{number}@example.edu", is_mentor=True)
        rate(make_ticket, ada, mentor, (number + 5) / 2)


@pytest.mark.parametrize(
    ("query", "length"),
    [("", 5), ("?limit=5", 5), ("?limit=1", 1), ("?limit=100", 6), ("?limit=9999", 6), (f"?limit={'9' * 30}", 6)],
)
def test_its_length_is_asked_for(query, length, six_rated, ada, client_of, django_assert_num_queries):
    client = client_of(ada)

    with django_assert_num_queries(2):  # the account, the leaderboard
        board = client.get(f"/api/feedback/leaderboard{query}").json()

    assert [row["mentor"] for row in board] == [f"m{5 - place}@example.edu" for place in range(length)]


def test_a_length_is_given_once(ada, client_of):
    response = client_of(ada).get("/api/feedback/leaderboard/?limit=1&limit=2")

    assert (response.status_code, response.json()) == (400, {"limit": ["Give it once."]})


@pytest.mark.parametrize("limit", ["0", "-1", "x", "", "1.5", "٣"])
def test_a_bad_length_is_refused(limit, ada, client_of):
    response = client_of(ada).get("/api/feedback/leaderboard/", {"limit": limit})

    assert (response.status_code, response.json()) == (400, {"limit": ["A whole number, at least 1, is needed here."]})


@pytest.mark.parametrize("path", ["/api/feedback/", "/api/feedback/1/", "/api/feedback/leaderboard/"])
def test_nobody_reads_it_without_a_token(path, client, db):
    response = client.get(path)

    assert (response.status_code, response.json()["code"]) == (401, "not_authenticated")


def test_the_statistics_know_the_average_rating_of_the_tickets_looked_at(ada, mia, dan, client_of, make_ticket):
    old = make_ticket(ada, "CLOSED", mentor=mia, created=datetime(2020, 1, 1, tzinfo=UTC))
    Feedback.objects.give(old, rating=1)
    rate(make_ticket, ada, mia, 4, 4.5)
    client = client_of(dan)

    averages = [
        client.get("/api/tickets/stats/", query).json()["Average Rating"]["rating__avg"]
        for query in ({}, {"created_after": "2021-01-01"}, {"created_after": "2100-01-01"})
    ]

    assert averages == [pytest.approx(9.5 / 3), 4.25, None]


def test_ratings_come_in_halves_in_the_database_too(closed):
    with pytest.raises(IntegrityError), transaction.atomic():
        Feedback.objects.give(closed, rating=4.2)


def test_nobody_rates_their_own_help(ada, client_of, make_ticket):
    ticket = make_ticket(ada)
    # As a file may bring it.
    Ticket.objects.filter(pk=ticket.pk).update(status="CLOSED", mentor_email=ada.email, closed_datetime=ticket.created)

    response = client_of(ada).post("/api/feedback/", {"ticket": ticket.pk, "rating": 5})

    assert (response.status_code, Feedback.objects.count()) == (403, 0)
