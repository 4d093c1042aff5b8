"""A figure of the desk leads to what it counts: the list behind the link has as many rows as the figure says."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from zoneinfo import ZoneInfo

import pytest
from django.core.management import call_command
from django.utils import timezone

from mentorq_backend.models import Event, Notice, Ticket, Webhook
from mentorq_backend.notices import outbox
from mentorq_backend.tests.desk.pages import CHANGELIST

PEOPLE = "/admin/mentorq_users/user/"
LINK = re.compile(r'<a (?:[^>]* )?href="([^"]*)"[^>]*>(.*?)</a>', re.DOTALL)


@pytest.fixture
def browser(client, dan):
    """A browser in which a director is signed in."""
    client.force_login(dan, backend="mentorq_users.backends.LCSBackend")
    return client


@pytest.fixture
def crowded(settings, db):
    """A queue with every status, in the present event and before it."""
    settings.DEBUG = True
    call_command("seed", tickets=60, seed=3, verbosity=0)
    middle = Ticket.objects.order_by("queued")[30].queued
    Event.objects.all().delete()
    Event.objects.create(name="Before", opens=middle - timedelta(days=400))
    Event.objects.create(name="HackRU", opens=middle)
    Ticket.objects.filter(status="CLOSED", pk__lt=12).update(
        status="OPEN", closed_datetime=None, claimed_datetime=None, mentor_email="", mentor=""
    )


def figures_of(page):
    """Return the links to lists of tickets of a page whose text begins with a number: (number, address)."""
    links = [(unescape(address), " ".join(re.sub("<[^>]*>", " ", text).split())) for address, text in LINK.findall(page)]
    return [
        (int(re.match(r"[\d,]+", text)[0].replace(",", "")), address)
        for address, text in links
        if address.startswith(f"{CHANGELIST}?") and re.match(r"\d", text)
    ]


def rows_behind(browser, address):
    response = browser.get(address)
    assert response.status_code == 200
    return response.context["cl"].queryset.count()


RANGES = {
    "the present event": {},
    "the event before": {"range": "event-{before}"},
    "hours": {"range": "24"},
    "dates": {"range": "dates", "since": "{since}", "until": "{until}"},
    "no range": {"range": "nonsense"},
}


@pytest.mark.parametrize("range_", RANGES)
def test_every_number_of_the_first_page_leads_to_as_many_tickets(browser, crowded, settings, range_):
    settings.DESK_TIME_ZONE = ZoneInfo("America/New_York")
    first, last = (Ticket.objects.order_by("created")[place].created for place in (3, 50))
    Ticket.objects.filter(created__gt=last).update(created=timezone.now() - timedelta(hours=20))
    said = {
        "before": Event.objects.get(name="Before").pk,
        "since": f"{first:%Y-%m-%dT%H:%M}",
        "until": f"{last:%Y-%m-%dT%H:%M}",
    }
    query = {name: value.format(**said) for name, value in RANGES[range_].items()}

    figures = figures_of(browser.get("/admin/", query).content.decode())

    counts = [(number, rows_behind(browser, address)) for number, address in figures]
    assert [pair for pair in counts if pair[0] != pair[1]] == []
    assert len({number for number, _ in counts}) > 3


@pytest.mark.parametrize(
    ("label", "status"), [("tickets", None), ("closed", "CLOSED"), ("cancelled", "CANCELLED")]
)  # fmt: skip
def test_the_headlines_lead_to_the_tickets_of_their_range(browser, crowded, label, status):
    response = browser.get("/admin/", {"range": "all"})

    addresses = {said: link for said, _, link in response.context["headlines"]}
    listed = set(browser.get(addresses[label]).context["cl"].queryset)
    assert listed == set(Ticket.objects.filter(status=status) if status else Ticket.objects.all())


def test_figures_that_count_no_tickets_lead_nowhere(browser, crowded):
    headlines = browser.get("/admin/", {"range": "all"}).context["headlines"]

    assert [label for label, _, link in headlines if not link] == [
        "cancelled by MentorQ", "claims returned by MentorQ", "owners", "mentors who helped",
        "until a mentor came, median", "90 % had one within", "until it was closed, median", "stars on average",
    ]  # fmt: skip


@pytest.mark.parametrize("event", ["before", "999", "x"])
def test_an_event_that_there_is_not_has_no_tickets(event, browser, ada, make_ticket):
    make_ticket(ada)
    now = timezone.now()
    Event.objects.create(name="Over", opens=now - timedelta(days=3), closes=now - timedelta(days=2))

    page = browser.get(f"/admin/mentorq_backend/ticket/?status=ALL&event={event}")

    assert list(page.context["cl"].result_list) == []


def test_the_unfinished_tickets_from_before_are_listed(browser, ada, mia, make_ticket):
    old = datetime(2026, 2, 14, 23, tzinfo=UTC)
    unfinished = [make_ticket(ada, created=old), make_ticket(ada, "CLAIMED", mentor=mia, created=old)]
    make_ticket(ada, "CANCELLED", created=old)
    Event.objects.create(name="HackRU", opens=timezone.now() - timedelta(hours=1))
    make_ticket(ada)

    (figure,) = [each for each in figures_of(browser.get("/admin/").content.decode()) if "before" in each[1]]

    assert figure[0] == 2
    assert set(browser.get(figure[1]).context["cl"].queryset) == set(unfinished)


def test_the_mentors_at_work_and_the_free_ones_are_on_the_page(browser, ada, mia, max_, make_ticket):
    make_ticket(ada, "CLAIMED", mentor=mia)

    page = browser.get("/admin/").content.decode()

    assert [page.count(f'href="#{name}"') == page.count(f'id="{name}"') == 1 for name in ("at-work", "free")] == [True] * 2


def test_somebodys_open_and_claimed_tickets_are_exactly_those_counted(browser, ada, mia, max_, grace, make_ticket):
    mine = make_ticket(ada, title="grace@example.edu and mia@example.edu wrote this")
    claimed = make_ticket(ada, "CLAIMED", mentor=mia)
    make_ticket(grace, "CLAIMED", mentor=max_)

    page = browser.get(PEOPLE).content.decode()
    figures = figures_of(page)

    assert [(number, rows_behind(browser, address)) for number, address in figures] == [
        (number, number) for number, _ in figures
    ]
    listed = {address: set(browser.get(address).context["cl"].queryset) for _, address in figures}
    assert listed[f"{CHANGELIST}?status=OPEN&owner_email=ada%40example.edu"] == {mine}
    assert listed[f"{CHANGELIST}?status=CLAIMED&mentor_email=mia%40example.edu"] == {claimed}


def test_a_webhooks_counts_lead_to_its_notices(browser):
    for name in ("Mentors", "Other"):
        webhook = Webhook(name=name, kind="slack", tells=["opened"])
        webhook.url = "https://hooks.example/only-here"
        webhook.save()
        for _ in range(3):
            outbox.tell_test(webhook)
    Notice.objects.filter(pk=webhook.notices.first().pk).update(next_attempt=None)

    page = browser.get("/admin/mentorq_backend/webhook/").content.decode()

    links = [(unescape(address), text) for address, text in LINK.findall(page) if "/notice/?" in address]
    assert sorted(text for _, text in links) == ["0 given up", "1 given up", "2 pending", "3 pending"]
    assert [rows_behind(browser, address) for address, _ in links] == [int(text.split()[0]) for _, text in links]


@pytest.mark.parametrize("name", ["owner_email", "mentor_email"])
def test_a_list_that_a_link_narrowed_says_by_whom_and_how_to_widen_it(browser, ada, make_ticket, name):
    make_ticket(ada)

    response = browser.get(CHANGELIST, {name: "ada@example.edu", "status": "ALL"})

    (spec,) = [spec for spec in response.context["cl"].filter_specs if getattr(spec, "parameter_name", "") == name]
    choices = [(choice["display"], choice["selected"]) for choice in spec.choices(response.context["cl"])]
    assert choices == [("All", False), ("ada@example.edu", True)]
    assert response.context["cl"].has_active_filters


def test_the_export_of_a_narrowed_list_has_its_rows_alone(browser, ada, grace, make_ticket):
    make_ticket(ada), make_ticket(grace)

    response = browser.get(f"{CHANGELIST}export/csv/", {"owner_email": "ada@example.edu"})

    assert len(b"".join(response.streaming_content).splitlines()) == 2


# The zone


@pytest.mark.parametrize(
    ("zone", "instant", "said"),
    [
        ("UTC", "2026-02-14T12:00:00Z", "Times are in UTC."),
        ("America/New_York", "2026-02-14T12:00:00Z", "Times are in America/New_York (now EST, UTC−5)."),
        ("America/New_York", "2026-07-14T12:00:00Z", "Times are in America/New_York (now EDT, UTC−4)."),
        ("Asia/Kolkata", "2026-02-14T12:00:00Z", "Times are in Asia/Kolkata (now IST, UTC+5:30)."),
        ("America/Sao_Paulo", "2026-02-14T12:00:00Z", "Times are in America/Sao_Paulo (now UTC−3)."),
    ],
)
@pytest.mark.parametrize("path", ["/admin/", "/admin/mentorq_backend/event/add/"])
@pytest.mark.parametrize("name", ["olga", "dan"])
def test_a_page_with_times_names_their_zone_once(client, person, settings, monkeypatch, zone, instant, said, path, name):
    settings.DESK_TIME_ZONE = ZoneInfo(zone)
    monkeypatch.setattr(timezone, "now", lambda: datetime.fromisoformat(instant))
    client.force_login(person(name), backend="mentorq_users.backends.LCSBackend")

    page = client.get(path).content.decode()

    assert page.count("Times are in") == page.count(said) == 1


def test_the_lists_filter_by_days_names_its_zone(browser, settings):
    settings.DESK_TIME_ZONE = ZoneInfo("Asia/Kolkata")

    assert "created, Asia/Kolkata" in browser.get(CHANGELIST).content.decode()
