"""Exporting from the list: what the list shows, and no more than the organizer may read."""

import csv
import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from mentorq_backend.exchange import exports
from mentorq_backend.models import Feedback, Ticket

LIST = "/admin/mentorq_backend/ticket/"


@pytest.fixture
def desk_of(client, person):
    """The browser of that person, signed in."""

    def get(name):
        client.force_login(person(name), backend="mentorq_users.backends.LCSBackend")
        return client

    return get


@pytest.fixture
def tickets(ada, grace, mia, make_ticket):
    """A ticket in each status, of two people; the closed one is rated."""
    made = [make_ticket(owner, status, mentor=mia, title=f"{status} {owner.first_name}")
            for owner in (ada, grace) for status in ("OPEN", "CLAIMED", "CLOSED", "CANCELLED")]  # fmt: skip
    Feedback.objects.give(made[2], rating=4.5, comments="Patient")
    return made


def export(client, kind="csv", query=""):
    response = client.get(f"{LIST}export/{kind}/{query}")
    assert response.status_code == 200
    return b"".join(response.streaming_content).decode()


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?status=ALL",
        "?status=CLOSED",
        "?q=ada",
        "?q=Mia&status=CLAIMED",
        "?active__exact=0&status=ALL",
        "?status=ALL&o=-1",
    ],
)
def test_the_export_of_the_desk_is_the_list_as_it_is_filtered(desk_of, tickets, query):
    client = desk_of("olga")
    shown = client.get(LIST + query).context["cl"].queryset

    rows = list(csv.DictReader(export(client, query=query).splitlines()))

    assert [int(row["id"]) for row in rows] == sorted(shown.values_list("id", flat=True))


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_the_export_of_the_desk_is_the_same_file_as_the_commands(desk_of, tickets, kind):
    every = Ticket.objects.all()

    assert export(desk_of("olga"), kind, "?status=ALL") == "".join(exports.lines(every, kind))
    assert export(desk_of("olga"), kind, "?status=ALL&_history=on") == "".join(exports.lines(every, kind, history=True))


def test_more_than_a_page_is_exported_from_any_page(desk_of, ada, settings, make_ticket):
    settings.TICKETS_MAX_OPEN = settings.TICKETS_PER_HOUR = 100
    for _ in range(60):
        make_ticket(ada)

    assert len(export(desk_of("olga"), "jsonl", "?p=2").splitlines()) == 60


def test_a_director_may_have_the_feedback_with_it(desk_of, tickets):
    rows = [json.loads(line) for line in export(desk_of("dan"), "jsonl", "?status=ALL&_feedback=on").splitlines()]

    assert [(row["rating"], row["comments"]) for row in rows if row["rating"]] == [(4.5, "Patient")]


def test_an_organizer_gets_no_feedback_even_by_asking(desk_of, tickets):
    assert "Patient" not in export(desk_of("olga"), "jsonl", "?status=ALL&_feedback=on&_history=on")
    assert "with feedback" not in desk_of("olga").get(LIST).content.decode()


def test_a_formula_is_harmless(desk_of, ada, make_ticket):
    make_ticket(ada, title="=1+1")

    assert [row["title"] for row in csv.DictReader(export(desk_of("olga")).splitlines())] == ["'=1+1"]


@pytest.mark.parametrize(("kind", "media_type"), [("csv", "text/csv; charset=utf-8"), ("jsonl", "application/jsonl")])
def test_the_export_of_the_desk_is_a_file_to_keep(desk_of, tickets, kind, media_type):
    response = desk_of("olga").get(f"{LIST}export/{kind}/")

    assert (response["Content-Type"], response.streaming) == (media_type, True)
    assert response["Content-Disposition"].startswith('attachment; filename="tickets-20')
    assert response["Content-Disposition"].endswith(f'.{kind}"')


def test_another_format_is_not_to_be_had(desk_of):
    response = desk_of("olga").get(f"{LIST}export/xlsx/")

    assert (response.status_code, "Content-Disposition" in response) == (404, False)


@pytest.mark.parametrize("query", ["?created__gte=x", "?nonsense=1", "?owner__nonsense=1", "?feedback__rating__gte=4"])
def test_a_filter_that_is_none_gives_no_file(desk_of, tickets, query):
    response = desk_of("olga").get(f"{LIST}export/csv/{query}")

    assert (response.status_code, "Content-Disposition" in response) == (400, False)


def test_a_value_that_a_filter_cannot_have_leads_back_to_the_list(desk_of, tickets):
    response = desk_of("olga").get(f"{LIST}export/csv/?active__exact=maybe")

    assert (response.status_code, response["Location"]) == (302, f"{LIST}?e=1")


@pytest.mark.parametrize("name", [None, "ada", "mia"])
def test_the_export_of_the_desk_is_for_organizers_alone(client, person, tickets, name):
    if name:
        client.force_login(person(name))

    response = client.get(f"{LIST}export/csv/?status=ALL")

    assert (response.status_code, response["Location"]) == (
        302,
        f"/admin/login/?next={LIST}export/csv/%3Fstatus%3DALL",
    )


def test_the_export_of_the_desk_takes_as_many_queries_for_many_as_for_few(desk_of, ada, settings, make_ticket):
    settings.TICKETS_MAX_OPEN = settings.TICKETS_PER_HOUR = 100
    client, counts = desk_of("dan"), []
    for more in (2, 40):
        for _ in range(more):
            make_ticket(ada)
        with CaptureQueriesContext(connection) as queries:
            export(client, "csv", "?_history=on&_feedback=on")
        counts.append(len(queries))

    assert counts[0] == counts[1]
