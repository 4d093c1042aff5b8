"""An organizer opens a ticket for somebody at the desk: the same ticket, and the same limits, as by the API."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from mentorq_backend.desk.opening import OFFERED
from mentorq_backend.models import Event, Ticket
from mentorq_backend.querysets import TicketQuerySet
from mentorq_backend.tests.desk.pages import CHANGELIST, messages_of
from mentorq_users.emails import ERASED_DOMAIN
from mentorq_users.models import User

ADD, PEOPLE = f"{CHANGELIST}add/", f"{CHANGELIST}people/"
FORM = {"owner_email": "ada@example.edu", "title": "My phone is dead", "location": "Table 12"}
COLUMNS = ("owner_email", "owner", "title", "location", "contact", "comment", "status", "recorded")


def errors_of(response):
    assert response.status_code == 200
    return dict(response.context["form"].errors)


def offered(desk, typed):
    page = desk.get(PEOPLE, {"owner_email": typed}).content.decode()
    return re.findall(r'<option value="(.*?)">(.*?)</option>', page)


def test_the_list_has_the_button(desk):
    assert re.search(rf'<a href="{ADD}" class="[^"]*">Open a ticket</a>', desk.get(CHANGELIST).content.decode())


def test_the_tickets_own_page_has_no_button_that_opens_another(desk, ada, make_ticket):
    ticket = make_ticket(ada)

    assert "_addanother" not in desk.get(f"{CHANGELIST}{ticket.pk}/change/").content.decode()


def test_a_ticket_is_opened_as_the_api_opens_it(desk, client_of, olga, ada):
    texts = {"title": " Say\u202e cheese ", "location": "Table\t12", "contact": "here", "comment": "one\r\ntwo\x07"}
    client_of(olga).post("/api/tickets/", {**texts, "owner_email": "Ada@Example.edu", "comment": "one\ntwo\x07"})
    by_api = Ticket.objects.values(*COLUMNS).get()
    Ticket.objects.update(title="another")

    desk.post(ADD, {**texts, "owner_email": "Ada@Example.edu"})

    assert Ticket.objects.order_by("pk").values(*COLUMNS).last() == by_api
    assert (by_api["owner_email"], by_api["owner"]) == ("ada@example.edu", "Ada Lovelace")


def test_the_history_says_who_opened_it(desk, ada):
    desk.post(ADD, FORM)

    events = Ticket.objects.get().events.values_list("by", "from_status", "to_status")
    assert list(events) == [("olga@example.edu", "", "OPEN")]


def test_the_list_shows_the_new_ticket_and_leads_to_its_page(desk, ada):
    response = desk.post(ADD, FORM, follow=True)

    ticket = Ticket.objects.get()
    page = reverse("admin:mentorq_backend_ticket_change", args=[ticket.pk])
    assert response.redirect_chain == [(CHANGELIST, 302)]
    assert messages_of(response) == [
        f'<a href="{page}" class="desk-link">#{ticket.pk} My phone is dead</a>: opened for Ada Lovelace.'
    ]
    assert f'<a href="{page}" class="desk-link">' in response.content.decode()


def test_what_somebody_wrote_is_shown_in_the_message_and_not_run(desk):
    response = desk.post(ADD, {**FORM, "title": "<script>alert(1)</script>", "owner": "<b>"}, follow=True)

    assert [evil in response.content.decode() for evil in ("<script>alert(1)", "<b>")] == [False, False]


@pytest.mark.parametrize(
    ("name", "shown"), [("", "new@example.edu"), ("Niklaus", "Niklaus"), ("\u202e ", "new@example.edu")]
)
def test_somebody_who_never_signed_in_is_named_as_the_organizer_says(desk, name, shown):
    desk.post(ADD, {**FORM, "owner_email": "new@example.edu", "owner": name})

    assert Ticket.objects.values_list("owner_email", "owner").get() == ("new@example.edu", shown)
    assert not User.objects.filter(email="new@example.edu").exists()


@pytest.mark.parametrize(
    ("change", "field", "error"),
    [
        ({"owner_email": ""}, "owner_email", "This field is required."),
        ({"owner_email": "ada"}, "owner_email", "Enter a valid email address."),
        ({"owner_email": "a" * 250 + "@b.co"}, "owner_email", "Ensure this value has at most 254 characters (it has 255)."),
        ({"title": "\u200b"}, "title", "This field is required."),
        ({"location": " "}, "location", "This field is required."),
        ({"contact": "x" * 2001}, "contact", "Ensure this value has at most 2000 characters (it has 2001)."),
        ({"comment": "x" * 2001}, "comment", "Ensure this value has at most 2000 characters (it has 2001)."),
        ({"comment": "a\0b"}, "comment", "Null characters are not allowed."),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_is_lost(desk, change, field, error):
    response = desk.post(ADD, {**FORM, "contact": "at the bar", **change})

    assert errors_of(response)[field][0] == error
    assert Ticket.objects.count() == 0
    assert response.context["form"]["owner_email"].value() == {**FORM, **change}["owner_email"]


def test_an_empty_form_says_what_it_needs(desk):
    assert set(errors_of(desk.post(ADD, {}))) == {"owner_email", "title", "location"}


def test_a_comment_of_the_longest_length_may_have_lines(desk):
    desk.post(ADD, {**FORM, "comment": "\r\n".join(["x"] * 1000)})

    assert Ticket.objects.values_list("comment", flat=True).get() == "\n".join(["x"] * 1000)


def test_the_limit_of_open_tickets_holds_and_is_said_at_the_owner(desk, settings, ada, make_ticket):
    settings.TICKETS_MAX_OPEN = 1
    make_ticket(ada)

    response = desk.post(ADD, FORM)

    said = "Nobody may have more than 1 open tickets: cancel one, or wait for a mentor."
    assert (errors_of(response), Ticket.objects.count()) == ({"owner_email": [said]}, 1)


def test_the_hourly_limit_of_the_organizer_holds(desk, settings):
    settings.TICKETS_PER_HOUR = 0

    response = desk.post(ADD, FORM)

    said = "You have opened 0 tickets in an hour, which is the limit."
    assert (errors_of(response), Ticket.objects.count()) == ({"__all__": [said]}, 0)
    assert said in response.content.decode()


def test_an_organizer_who_was_erased_meanwhile_opens_nothing(desk, olga, monkeypatch):
    opens = TicketQuerySet.get_or_open

    def erased_first(queryset, **fields):
        User.objects.erase(olga.email, f"erased-1{ERASED_DOMAIN}")
        return opens(queryset, **fields)

    monkeypatch.setattr(TicketQuerySet, "get_or_open", erased_first)

    response = desk.post(ADD, FORM)

    assert errors_of(response) == {"__all__": ["This account is gone: sign in again."]}
    assert Ticket.objects.count() == 0


def test_the_same_ticket_a_moment_later_is_the_first_one(desk, ada):
    first, second = (messages_of(desk.post(ADD, FORM, follow=True)) for _ in range(2))

    assert len(first) == len(second) == 1
    assert Ticket.objects.count() == 1
    assert second[0].endswith(f"#{Ticket.objects.get().pk} My phone is dead</a> is the same, opened a moment ago.")


@pytest.mark.parametrize(
    ("hours", "columns", "said"),
    [
        ((-2, 2), {}, ""),
        ((-2, 2), {"paused": True}, "The queue is paused. An organizer will open it again."),
        ((-2, -1), {}, "The queue is closed: HackRU is over."),
    ],
)
def test_while_the_queue_is_closed_the_page_says_so_and_still_opens_a_ticket(desk, hours, columns, said):
    opens, closes = (timezone.now() + timedelta(hours=hour) for hour in hours)
    Event.objects.create(name="HackRU", opens=opens, closes=closes, **columns)

    page = desk.get(ADD)
    desk.post(ADD, FORM)

    assert page.context["closed"] == said
    assert ("Organizers and directors may still open tickets." in page.content.decode()) == bool(said)
    assert Ticket.objects.count() == 1


# Who is offered


@pytest.mark.parametrize("typed", ["ada", "Ada L", "LOVELACE", "da@ex"])
def test_an_account_is_offered_by_a_part_of_its_name_or_address(desk, ada, grace, typed):
    assert offered(desk, typed) == [("ada@example.edu", "Ada Lovelace")]


def test_an_earlier_owner_without_an_account_is_offered_once(desk):
    for title in ("one", "two"):
        desk.post(ADD, {**FORM, "owner_email": "new@example.edu", "owner": "Niklaus Wirth", "title": title})

    assert offered(desk, "wirth") == [("new@example.edu", "Niklaus Wirth")]


def test_an_owner_with_an_account_is_offered_by_the_accounts_name(desk, ada):
    desk.post(ADD, {**FORM, "owner": "Countess"})

    assert offered(desk, "ada@") == [("ada@example.edu", "Ada Lovelace")]


@pytest.mark.parametrize("typed", ["", "a", " a ", "nobody at all", "a\0da", "x" * 256])
def test_too_little_too_much_or_nonsense_offers_nobody(desk, ada, typed):
    assert offered(desk, typed) == []


def test_nobody_who_was_erased_is_offered(desk, ada, make_ticket):
    make_ticket(ada)
    User.objects.erase(ada.email, f"erased-1{ERASED_DOMAIN}")
    Ticket.objects.update(owner_email=f"erased-1{ERASED_DOMAIN}", owner="Erased person")

    assert offered(desk, "erased") == []


def test_of_thousands_of_people_a_few_are_offered_and_the_page_holds_none(desk):
    User.objects.bulk_create(User(email=f"crowd{number}@example.edu") for number in range(2000))

    assert len(offered(desk, "crowd")) == OFFERED
    assert "crowd" not in desk.get(ADD).content.decode()


def test_a_name_with_markup_is_text(desk):
    User.objects.create(email="evil@example.edu", first_name='"><script>')

    assert offered(desk, "evil") == [("evil@example.edu", "&quot;&gt;&lt;script&gt;")]


@pytest.mark.parametrize("path", [ADD, PEOPLE])
@pytest.mark.parametrize("name", [None, "ada", "mia"])
def test_nobody_else_opens_a_ticket_here(client, person, name, path):
    if name:
        client.force_login(person(name))

    responses = [client.get(path), client.post(path, FORM)]

    assert [response.status_code for response in responses] == [302, 302]
    assert Ticket.objects.count() == 0
