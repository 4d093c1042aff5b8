"""The events' pages at the desk."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from mentorq_backend.models import Event

LIST = "/admin/mentorq_backend/event/"
FORM = {
    "name": "HackRU", "opens_0": "2026-10-17", "opens_1": "10:00", "closes_0": "2026-10-18", "closes_1": "16:00",
    "message": "Pizza at 7", "expire_after": "90", "return_claims_after": "", "cancel_after": "",
}  # fmt: skip


def messages(response):
    return [str(message) for message in response.context["messages"]]


def buttons(page):
    return re.findall(r'name="_click" value="(\w+)\|', page.content.decode())


@pytest.mark.parametrize(
    ("columns", "state", "offered"),
    [
        ({"opens": 1}, "planned", ["start"]),
        ({"opens": -1}, "open", ["pause", "close"]),
        ({"opens": -1, "paused": True}, "paused", ["resume", "close"]),
        ({"opens": -2, "closes": -1}, "over", []),
    ],
)
def test_an_event_has_a_button_for_each_thing_to_do_now(columns, state, offered, make_event, desk):
    event = make_event(**columns)

    pages = [desk.get(LIST), desk.get(f"{LIST}{event.pk}/change/")]

    assert [buttons(page) for page in pages] == [offered] * 2
    assert f"HackRU is {state}." in pages[1].content.decode()


@pytest.mark.parametrize("path", ["", "{pk}/change/"])
@pytest.mark.parametrize(
    ("opens", "name", "said"),
    [
        (1, "start", "HackRU has opened."),
        (-1, "pause", "HackRU is paused."),
        (-1, "resume", "HackRU is open again."),
        (-1, "close", "HackRU is closed."),
    ],
)
def test_a_button_does_it_at_once(opens, name, said, path, make_event, desk):
    event = make_event(opens, paused=name == "resume")
    address = LIST + path.format(pk=event.pk)

    response = desk.post(address, {"_click": f"{name}|{event.pk}|{event.version}"}, follow=True)

    assert messages(response) == [said]
    event.refresh_from_db()
    now = timezone.now()
    done = {"start": event.opens <= now, "pause": event.paused, "resume": not event.paused, "close": bool(event.closes)}
    assert done[name]
    assert desk.get(f"{LIST}{event.pk}/history/").content.decode().count(said.removeprefix("HackRU ")) == 1


def test_a_button_of_a_page_from_before_does_nothing(make_event, desk):
    event = make_event()
    old = event.version
    event.pause()

    response = desk.post(LIST, {"_click": f"close|{event.pk}|{old}"}, follow=True)

    assert messages(response) == ["HackRU has changed meanwhile: look at it again."]
    assert Event.objects.get().closes is None


@pytest.mark.parametrize("value", ["", "close", "open|1|1", "close|x|1", "close|99999|1", f"close|{'9' * 30}|1"])
def test_what_no_button_sends_is_400(value, make_event, desk):
    make_event()

    assert desk.post(LIST, {"_click": value}).status_code == 400


def test_an_organizer_enters_an_event_in_the_desks_zone(desk, settings):
    settings.DESK_TIME_ZONE = "America/New_York"

    response = desk.post(f"{LIST}add/", FORM)

    assert (response.status_code, response["Location"]) == (302, LIST)
    event = Event.objects.get()
    assert (event.name, event.opens.isoformat(), event.closes.isoformat(), event.expire_after) == (
        "HackRU", "2026-10-17T14:00:00+00:00", "2026-10-18T20:00:00+00:00", 90,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "field", "text"),
    [
        ({"name": ""}, "name", "This field is required."),
        ({"opens_0": "", "opens_1": ""}, "opens", "This field is required."),
        ({"opens_0": "0001-01-01"}, "opens", "0001-01-01 10:00:00+00:00 is not in the years 1970 to 2200."),
        ({"closes_0": "2026-10-16"}, "closes", "It must be after the opening."),
        ({"opens_0": "2026-10-10"}, "closes", "before opens earlier, Wed 14 Oct 2026, 00:00 (UTC): events do not overlap."),
        ({"opens_0": "2026-10-14", "opens_1": "01:00"}, "opens",
         "before closes later, Thu 15 Oct 2026, 00:00 (UTC): events do not overlap."),
        ({"expire_after": "0"}, "expire_after", "Give 1 to 527040 minutes, or leave it empty."),
        ({"name": "before"}, "name", "Event with this Name already exists."),
    ],
)  # fmt: skip
def test_an_error_stands_at_its_field_and_nothing_is_saved(changes, field, text, desk):
    opens = timezone.datetime(2026, 10, 14, tzinfo=timezone.get_default_timezone())
    Event.objects.create(name="before", opens=opens, closes=opens + timedelta(days=1))

    response = desk.post(f"{LIST}add/", {**FORM, **changes})

    assert (response.status_code, Event.objects.count()) == (200, 1)
    assert response.context["adminform"].form.errors[field] == [text]


def test_a_form_changes_the_event_it_was_shown_for(make_event, desk):
    event = make_event(-1)
    page = desk.get(f"{LIST}{event.pk}/change/").content.decode()
    version = re.search(r'name="_version" value="(\d+)"', page)[1]
    form = {**FORM, "name": "Renamed", "_version": version}

    response = desk.post(f"{LIST}{event.pk}/change/", form)

    assert (response.status_code, response["Location"], Event.objects.get().name) == (302, LIST, "Renamed")


def test_a_form_with_an_error_can_be_sent_again(make_event, desk):
    event = make_event(-1)
    form = {**FORM, "name": "", "_version": event.version}

    page = desk.post(f"{LIST}{event.pk}/change/", form).content.decode()

    assert f'name="_version" value="{event.version}"' in page
    assert desk.post(f"{LIST}{event.pk}/change/", {**form, "name": "Renamed"}).status_code == 302


def test_a_form_from_before_does_not_resume_a_queue_that_was_paused(make_event, desk):
    event = make_event(-1)
    form = {**FORM, "_version": event.version}
    event.pause()

    response = desk.post(f"{LIST}{event.pk}/change/", form, follow=True)

    assert messages(response) == ["It has changed meanwhile: look at it again."]
    assert (Event.objects.get().paused, Event.objects.get().name) == (True, "HackRU")


def test_only_a_planned_event_can_be_deleted(make_event, desk):
    present, planned = make_event(-1), make_event(1, name="later")

    statuses = [desk.post(f"{LIST}{event.pk}/delete/", {"post": "yes"}).status_code for event in (present, planned)]

    assert (statuses, list(Event.objects.all())) == ([403, 302], [present])


def test_each_event_is_a_range_of_the_statistics(make_event, ada, mia, dan, make_ticket, client):
    make_ticket(ada, "CLOSED", mentor=mia, created=timezone.now() - timedelta(hours=3))
    old, new = make_event(-4, -2, "last year"), make_event(-1, name="this year")
    make_ticket(ada)
    make_ticket(ada)
    client.force_login(dan, backend="mentorq_users.backends.LCSBackend")

    pages = [
        client.get(f"/admin/{query}") for query in ("", f"?range=event-{old.pk}", f"?range=event-{new.pk}", "?range=all")
    ]

    assert [page.context["figures"]["Total tickets"] for page in pages] == [2, 1, 2, 3]
    assert [page.context["form"].chosen for page in pages[:2]] == [f"event-{new.pk}", f"event-{old.pk}"]
    assert client.get("/admin/?range=event-99999").context["form"].errors["range"]
    assert "this year</a> is on." in " ".join(pages[0].content.decode().split())


def test_nobody_but_staff_cancels_what_is_unfinished(ada, make_ticket, make_event, client):
    make_ticket(ada)
    make_event(0)
    client.force_login(ada, backend="mentorq_users.backends.LCSBackend")

    response = client.post(f"{LIST}cancel-unfinished/")

    assert (response.status_code, response["Location"].split("?")[0]) == (302, "/admin/login/")


def test_only_a_form_cancels_what_is_unfinished(desk):
    assert desk.get(f"{LIST}cancel-unfinished/").status_code == 405
