"""The first page: what is going on for every organizer, statistics for directors, the same as the API's."""

import json
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from mentorq_backend.desk.dashboard import RangeForm
from mentorq_backend.models import Ticket

DESK = "/admin/"
INSTANT = "Give an instant in ISO 8601, such as 2026-02-14T23:05:00Z."


@pytest.fixture
def desk_of(client):
    """The browser of that person, signed in."""

    def get(user):
        client.force_login(user, backend="mentorq_users.backends.LCSBackend")
        return client

    return get


@pytest.fixture
def event(settings, db):
    """An event of a hundred tickets, long past."""
    settings.DEBUG = True
    call_command("seed", tickets=100, seed=3, verbosity=0)


def text_of(response):
    return " ".join(response.content.decode().split())


def test_an_organizer_sees_what_is_going_on_and_no_statistics(desk_of, olga, ada, mia, make_ticket):
    make_ticket(ada, "CLOSED", mentor=mia)
    make_ticket(ada, "CLAIMED", mentor=mia)
    waiting = make_ticket(ada)

    response = desk_of(olga).get(DESK)

    assert response.context["now"]["longest_waiting"] == [waiting]
    assert [name for name in ("figures", "charts", "form", "headlines") if name in response.context] == []
    assert "Waiting times, figures of mentors and feedback are for directors." in text_of(response)
    assert "<canvas" not in text_of(response)


@pytest.mark.parametrize("name", ["dan", "dora"])
def test_a_director_sees_the_statistics_too(desk_of, person, name, event):
    response = desk_of(person(name)).get(DESK, {"range": "all"})

    assert response.context["figures"]["Total tickets"] == 100
    assert text_of(response).count("<canvas") == 5


def test_a_local_superuser_sees_them_too(client, admin_user, event):
    client.force_login(admin_user)

    assert "figures" in client.get(DESK).context


def test_now_is_renewed_without_the_statistics(desk_of, dan, event):
    browser = desk_of(dan)

    whole, now = (browser.get(DESK, {"range": "all"}, headers=headers) for headers in ({}, {"HX-Request": "true"}))

    assert ("figures" in whole.context, "figures" in now.context) == (True, False)
    assert now.context["now"]["open"] == whole.context["now"]["open"]


def test_the_figures_are_the_apis(desk_of, dan, client_of, event):
    api = client_of(dan).get("/api/tickets/stats/").json()

    figures = desk_of(dan).get(DESK, {"range": "all"}).context["figures"]

    assert {key: figures[key] for key in api if not key.startswith("per_")} == {
        key: value for key, value in api.items() if not key.startswith("per_")
    }
    for rows in ("per_hour", "per_mentor"):
        shown = [{key: row[key] for key in said} for row, said in zip(figures[rows], api[rows], strict=True)]
        assert json.loads(json.dumps(shown, default=lambda hour: hour.isoformat().replace("+00:00", "Z"))) == api[rows]


def test_each_chart_has_its_figures_in_a_table(desk_of, dan, event):
    response = desk_of(dan).get(DESK, {"range": "all"})

    charts = response.context["charts"]
    assert [chart.kind for chart in charts] == ["bar", "line", "bar", "bar", "bar"]
    for chart in charts:
        drawn = json.loads(chart.data)
        assert [tuple(row[1:]) for row in chart.rows] == list(
            zip(*(each["data"] for each in drawn["datasets"]), strict=True)
        )
        assert [row[0] for row in chart.rows] == drawn["labels"]
    assert text_of(response).count("<summary>As a table</summary>") == 5


def test_nobody_waits(desk_of, olga):
    assert "Nobody is waiting. New tickets appear here by themselves." in text_of(desk_of(olga).get(DESK))


def test_without_tickets_it_says_what_to_do(desk_of, dan):
    assert "No tickets were opened in this time. Choose a longer one:" in text_of(desk_of(dan).get(DESK))


def test_a_mentor_is_free_until_they_hold_a_ticket(desk_of, olga, ada, mia, max_, make_ticket):
    max_.is_active = False
    max_.save()
    before = desk_of(olga).get(DESK).context["free_mentors"]

    make_ticket(ada, "CLAIMED", mentor=mia)

    assert (before, desk_of(olga).get(DESK).context["free_mentors"]) == ([mia], [])


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ({}, ["1 h", "7 h"]),
        ({"range": "6"}, ["1 h"]),
        ({"range": "24"}, ["1 h", "7 h"]),
        ({"range": "all"}, ["1 h", "7 h", "25 h", "400 days"]),
        ({"range": "dates", "since": "", "until": ""}, ["1 h", "7 h", "25 h", "400 days"]),
    ],
)
def test_a_range_leaves_its_tickets(desk_of, dan, ada, make_ticket, query, shown):
    ages = {"1 h": 1, "7 h": 7, "25 h": 25, "400 days": 9600}
    for title, hours in ages.items():
        make_ticket(ada, title=title, created=timezone.now() - timedelta(hours=hours))

    response = desk_of(dan).get(DESK, query)

    assert response.context["figures"]["Total tickets"] == len(shown)
    assert sorted(response.context["form"].tickets().values_list("title", flat=True)) == sorted(shown)


def test_from_is_inclusive_and_to_exclusive(desk_of, dan, ada, make_ticket):
    for minute in (0, 1, 2):
        make_ticket(ada, title=str(minute), created=datetime(2026, 2, 14, 23, minute, tzinfo=UTC))

    response = desk_of(dan).get(DESK, {"range": "dates", "since": "2026-02-14T23:00", "until": "2026-02-14T23:02"})

    assert sorted(response.context["form"].tickets().values_list("title", flat=True)) == ["0", "1"]


def test_today_begins_at_midnight_of_the_desk(desk_of, dan, ada, make_ticket, settings):
    midnight = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    make_ticket(ada, title="yesterday", created=midnight - timedelta(seconds=1))
    make_ticket(ada, title="today", created=midnight)

    response = desk_of(dan).get(DESK, {"range": "today"})

    assert list(response.context["form"].tickets().values_list("title", flat=True)) == ["today"]


@pytest.mark.parametrize(
    ("now", "since"),
    [
        ("2026-11-01T08:30:00Z", "2026-11-01T02:30:00Z"),  # clocks went back at 06:00Z
        ("2026-03-08T08:30:00Z", "2026-03-08T02:30:00Z"),  # and forward at 07:00Z
    ],
)
def test_six_hours_are_six_hours_on_the_night_on_which_the_clocks_change(ada, make_ticket, monkeypatch, now, since):
    since = datetime.fromisoformat(since)
    make_ticket(ada, title="before", created=since - timedelta(seconds=1))
    make_ticket(ada, title="within", created=since)
    monkeypatch.setattr(timezone, "now", lambda: datetime.fromisoformat(now))

    with timezone.override(ZoneInfo("America/New_York")):
        shown = RangeForm({"range": "6"}).tickets()

    assert list(shown.values_list("title", flat=True)) == ["within"]


@pytest.mark.parametrize(
    ("zone", "now", "midnight"),
    [
        ("America/New_York", "2026-11-01T20:00:00Z", "2026-11-01T04:00:00Z"),
        ("America/New_York", "2026-03-08T20:00:00Z", "2026-03-08T05:00:00Z"),
        ("America/Havana", "2026-11-01T05:30:00Z", "2026-11-01T04:00:00Z"),  # its clocks went back from 01:00 to 00:00
        ("Asia/Kolkata", "2026-02-14T12:00:00Z", "2026-02-13T18:30:00Z"),
    ],
)
def test_today_begins_at_the_zones_first_midnight(ada, make_ticket, monkeypatch, zone, now, midnight):
    midnight = datetime.fromisoformat(midnight)
    make_ticket(ada, title="yesterday", created=midnight - timedelta(seconds=1))
    make_ticket(ada, title="today", created=midnight)
    monkeypatch.setattr(timezone, "now", lambda: datetime.fromisoformat(now))

    with timezone.override(ZoneInfo(zone)):
        shown = RangeForm({"range": "today"}).tickets()

    assert list(shown.values_list("title", flat=True)) == ["today"]


@pytest.mark.parametrize(
    ("query", "complaint"),
    [
        ({"range": "dates", "since": "yesterday"}, f"From: {INSTANT}"),
        ({"range": "fortnight"}, "Tickets of: Select a valid choice. fortnight is not one of the available choices."),
        ({"range": "dates", "until": "9999-12-31T23:59"}, f"To: {INSTANT}"),
        (
            {"range": "dates", "since": "2026-02-14T23:00\0x"},
            f"From: {INSTANT}",
        ),
    ],
)
def test_a_bad_range_is_said(desk_of, dan, query, complaint, settings):
    settings.DESK_TIME_ZONE = ZoneInfo("America/New_York")

    response = desk_of(dan).get(DESK, query)

    assert (response.status_code, complaint in text_of(response)) == (200, True)


def test_times_are_those_of_the_desks_zone_and_the_apis_stay(desk_of, dan, ada, make_ticket, settings, client_of):
    settings.DESK_TIME_ZONE = ZoneInfo("America/New_York")
    make_ticket(ada, created=datetime(2026, 2, 14, 23, 5, tzinfo=UTC))

    page = text_of(desk_of(dan).get(DESK, {"range": "all"}))

    assert 'title="Sat 14 Feb 2026, 18:05:00 EST"' in page
    assert "Sat 18:00" in page
    assert client_of(dan).get("/api/tickets/").json()[0]["created"] == "2026-02-14T23:05:00Z"


def test_what_people_wrote_is_shown_and_not_run(desk_of, olga, ada, make_ticket):
    make_ticket(ada, title="<script>alert(1)</script>", location='"><img src=x>')

    page = text_of(desk_of(olga).get(DESK))

    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert(1)" not in page
    assert "<img src=x>" not in page


@pytest.mark.parametrize("path", ["/admin/?range=all", "/admin/mentorq_backend/ticket/?status=ALL"])
def test_a_page_takes_at_most_27_queries_however_many_tickets_there_are(desk_of, dan, settings, path):
    settings.DEBUG = True
    client, counts = desk_of(dan), []
    for tickets in (3, 400):
        call_command("seed", tickets=tickets, seed=tickets, verbosity=0)
        with CaptureQueriesContext(connection) as queries:
            client.get(path)
        counts.append(len(queries))

    assert counts[0] == counts[1] <= 27


def test_the_list_does_not_count_the_table(desk_of, dan, ada, make_ticket):
    make_ticket(ada)
    client = desk_of(dan)

    with CaptureQueriesContext(connection) as queries:
        client.get("/admin/mentorq_backend/ticket/?status=ALL")

    counting = [query["sql"] for query in queries if "COUNT(" in query["sql"] and "mentorq_backend_ticket" in query["sql"]]
    assert [sql for sql in counting if "WHERE" not in sql] == []
    assert Ticket.objects.count() == 1
