"""What the desk's pages say, and what they leave out."""

import re
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.utils import timezone

from mentorq_backend.models import Event
from mentorq_backend.tests.desk.pages import CHANGELIST

PEOPLE = "/admin/mentorq_users/user/"


def text_of(response):
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def path_of(response):
    """The parts of the page's title, the last one is the page."""
    header = re.search(r'id="header-inner".*?</div>', response.content.decode(), re.DOTALL)[0]
    return re.findall(r'tracking-tight">\s*([^<]*?)\s*</', header)


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        (CHANGELIST, ["Tickets"]),
        (f"{CHANGELIST}{{ticket}}/change/", ["Tickets", "#{ticket} My build loops"]),
        (f"{PEOPLE}{{ada}}/change/", ["People", "ada@example.edu"]),
    ],
)
def test_a_title_repeats_nothing_and_gives_no_address_a_capital(path, parts, desk, ada, make_ticket):
    names = {"ticket": make_ticket(ada).pk, "ada": ada.pk}

    page = desk.get(path.format(**names))

    assert path_of(page) == [part.format(**names) for part in parts]


def test_a_tickets_page_has_no_second_history(desk, ada, make_ticket):
    page = f"{CHANGELIST}{make_ticket(ada).pk}/"

    assert f"{page}history/" not in desk.get(f"{page}change/").content.decode()
    assert desk.get(f"{page}history/").headers["Location"] == f"{page}change/"


def test_a_correction_and_a_hand_over_are_no_moves_from_claimed_to_claimed(desk, ada, mia, max_, olga, make_ticket):
    ticket = make_ticket(ada, "CLAIMED", mentor=mia)
    ticket.correct(by=olga, location="Table 21")
    ticket.hand_over(by=olga, mentor_email=max_.email)

    page = text_of(desk.get(f"{CHANGELIST}{ticket.pk}/change/"))

    assert "corrected by olga@example.edu, mentor mia@example.edu location: Table 12 → Table 21" in page
    assert "mentor changed by olga@example.edu, mentor max@example.edu" in page
    assert "CLAIMED → CLAIMED" not in page


def test_the_list_says_since_when_a_ticket_is_cancelled(desk, ada, olga, make_ticket):
    make_ticket(ada, created=timezone.now() - timedelta(hours=2)).cancel(by=olga)

    assert "cancelled 0 s ago" in text_of(desk.get(f"{CHANGELIST}?status=CANCELLED"))


def test_a_person_has_the_roles_that_they_have_and_no_cross_for_the_others(desk, mia):
    page = desk.get(f"{PEOPLE}{mia.pk}/change/")

    assert ("Roles mentor Roles read from LCS" in text_of(page), "is_director" in page.content.decode()) == (True, False)


def test_only_a_local_superuser_is_offered_another_password(client, desk, admin_user):
    link = "/admin/password_change/"
    assert link not in desk.get(CHANGELIST).content.decode()

    client.force_login(admin_user)

    assert link in client.get(CHANGELIST).content.decode()


def test_the_sign_in_page_says_which_password(client, db):
    page = text_of(client.get("/admin/login/"))

    assert ("LCS password" in page, "The password of your HackRU account." in page) == (True, True)


def test_the_history_of_an_event_says_how_many_changes_there_were(desk, olga):
    event = Event.objects.create(name="HackRU", opens=timezone.now())
    LogEntry.objects.log_actions(olga.pk, [event], 2, "It is paused.", single_object=True)

    page = text_of(desk.get(f"/admin/mentorq_backend/event/{event.pk}/history/"))

    assert ("9999999999" in page, "It is paused." in page) == (False, True)


def test_an_empty_list_of_webhooks_says_nothing_of_people(client, person):
    client.force_login(person("dan"), backend="mentorq_users.backends.LCSBackend")

    page = text_of(client.get("/admin/mentorq_backend/webhook/"))

    assert ("There are no webhooks." in page, "LCS account" in page) == (True, False)


def test_a_range_that_ends_before_it_begins_is_refused_by_name(client, person):
    client.force_login(person("dan"), backend="mentorq_users.backends.LCSBackend")

    page = client.get("/admin/?range=dates&since=2026-02-15T12:00&until=2026-02-14T12:00")

    assert page.context["form"].errors == {"until": ["This must be later than “from”."]}
