"""Every page of the admin site opens for organizers, with rows to show, and for nobody else."""

from datetime import timedelta
from urllib.parse import quote

import pytest
from django.contrib import admin
from django.urls import reverse
from django.utils import timezone

from mentorq_backend.desk.filters import MentorFilter, OwnerFilter
from mentorq_backend.models import Event, Notice, Ticket, Webhook
from mentorq_users.models import User

EVERY_ROW = {"ticket": {"status": "ALL"}, "user": {}, "event": {}}
# Webhooks and notices are for directors: mentorq_backend/tests/notices.
REGISTERED = {model._meta.model_name: model for model in admin.site._registry if model not in (Notice, Webhook)}


@pytest.fixture
def rows(ada, mia, olga, dan, dora, make_ticket):
    """A row of each model, in the midst of others."""
    claimed = make_ticket(ada, "CLAIMED", mentor=mia, comment="It prints a warning", active=False)
    for status in ("OPEN", "CLOSED", "CANCELLED"):
        make_ticket(ada, status, mentor=mia, title="Something else", location="Elsewhere")
    event = Event.objects.create(name="HackRU", opens=timezone.now() + timedelta(days=1))
    return {"ticket": claimed, "user": ada, "event": event}


@pytest.fixture
def desk(client, olga):
    """A browser in which an organizer is signed in."""
    client.force_login(olga)
    return client


def address(model, page, *args):
    meta = REGISTERED[model]._meta
    return reverse(f"admin:{meta.app_label}_{model}_{page}", args=args)


def shown(response):
    """The rows of a list page."""
    assert response.status_code == 200
    return list(response.context["cl"].result_list)


def test_the_registered_models_are_these():
    assert set(admin.site._registry) == {Event, Notice, Ticket, User, Webhook}


@pytest.mark.parametrize(
    ("name", "more"), [("olga", set()), ("dan", {"Notice", "Webhook"}), ("dora", {"Notice", "Webhook"})]
)
def test_the_index_opens_for_organizers_and_directors(client, person, name, more):
    client.force_login(person(name))

    response = client.get("/admin/")

    listed = {model["object_name"] for app in response.context["app_list"] for model in app["models"]}
    assert (response.status_code, listed) == (200, {"Event", "Ticket", "User"} | more)


@pytest.mark.parametrize("app", ["mentorq_users", "mentorq_backend"])
def test_an_app_index_opens(desk, app):
    response = desk.get(f"/admin/{app}/")

    assert (response.status_code, [listed["app_label"] for listed in response.context["app_list"]]) == (200, [app])


@pytest.mark.parametrize("model", REGISTERED)
def test_a_list_shows_every_row(desk, rows, model):
    response = desk.get(address(model, "changelist"), EVERY_ROW[model])

    assert set(shown(response)) == set(REGISTERED[model].objects.all())


@pytest.mark.parametrize("model", REGISTERED)
def test_a_list_can_be_ordered_by_each_column(desk, rows, model):
    columns = range(1, len(admin.site._registry[REGISTERED[model]].list_display) + 1)

    lists = [shown(desk.get(address(model, "changelist"), {**EVERY_ROW[model], "o": f"-{column}"})) for column in columns]

    assert [set(rows) for rows in lists] == [set(REGISTERED[model].objects.all())] * len(columns)


@pytest.mark.parametrize(
    ("model", "text"),
    [
        ("ticket", "build loops"),
        ("ticket", "prints a warning"),
        ("ticket", "table 12"),
        ("user", "ada@"),
        ("user", "Ada"),
        ("user", "lovelace"),
    ],
)
def test_a_search_finds_the_row_and_no_other(desk, rows, model, text):
    response = desk.get(address(model, "changelist"), {"q": text})

    assert shown(response) == [rows[model]]


@pytest.mark.parametrize("text", ["ada@example.edu", "Ada Lovelace", "mia@example.edu", "Mia Mentor"])
def test_tickets_are_found_by_who_is_on_them(desk, rows, text):
    response = desk.get(address("ticket", "changelist"), {"q": text, "status": "CLAIMED"})

    assert shown(response) == [rows["ticket"]]


@pytest.mark.parametrize("model", REGISTERED)
def test_a_search_for_what_nobody_wrote_finds_nothing(desk, rows, model):
    assert shown(desk.get(address(model, "changelist"), {"q": "nobody wrote this"})) == []


@pytest.mark.parametrize(
    ("model", "query"),
    [
        ("ticket", {"status": "CLAIMED"}),
        ("ticket", {"active__exact": "0", "status": "ALL"}),
        ("user", {"is_mentor__exact": "1", "is_director__exact": "0"}),
        ("user", {"is_organizer__exact": "1"}),
        ("user", {"is_active__exact": "0"}),
    ],
)
def test_a_filter_leaves_the_rows_that_it_names(desk, rows, model, query):
    expected = REGISTERED[model].objects.filter(
        **{name.removesuffix("__exact"): value for name, value in query.items() if value != "ALL"}
    )

    assert set(shown(desk.get(address(model, "changelist"), query))) == set(expected)


@pytest.mark.parametrize("model", REGISTERED)
def test_every_choice_of_every_filter_opens(desk, rows, model):
    changes = address(model, "changelist")
    changelist = desk.get(changes, EVERY_ROW[model]).context["cl"]
    queries = [choice["query_string"] for spec in changelist.filter_specs for choice in spec.choices(changelist)]

    counts = [len(shown(desk.get(changes + query))) for query in queries]

    only_by_links = {OwnerFilter, MentorFilter}
    assert len(changelist.filter_specs) == len([each for each in changelist.list_filter if each not in only_by_links])
    assert counts.count(REGISTERED[model].objects.count()) >= len(changelist.filter_specs)  # each filter's "all"


@pytest.mark.parametrize("page", ["change", "history"])
@pytest.mark.parametrize("model", REGISTERED)
def test_a_row_has_its_page_and_the_history_of_its_changes(desk, rows, model, page):
    response = desk.get(address(model, page, rows[model].pk), follow=True)

    # The history of a ticket stands on its page.
    shown_row = response.context["original" if page == "change" or model == "ticket" else "object"]
    assert (response.status_code, shown_row) == (200, rows[model])


@pytest.mark.parametrize(("model", "pages"), [("ticket", ["delete"]), ("user", ["add", "delete"])])
def test_nobody_adds_or_deletes_these_rows_by_hand(desk, rows, model, pages):
    paths = [address(model, page, *([rows[model].pk] if page == "delete" else [])) for page in pages]

    statuses = [desk.generic(method, path).status_code for path in paths for method in ("GET", "POST")]

    assert statuses == [403, 403] * len(pages)


@pytest.mark.parametrize(("path", "text"), [("/admin/password_change/", "Password change"), ("/admin/jsi18n/", "gettext")])
def test_the_small_pages_open(desk, path, text):
    response = desk.get(path)

    assert (response.status_code, text in response.content.decode()) == (200, True)


# Asked for what no page of ours asks for


@pytest.mark.parametrize(
    ("model", "query"),
    [
        ("user", "password__gte=pbkdf2"),
        ("user", "password__startswith=p"),
        ("user", "encrypted_lcs_token__startswith=g"),
        ("user", "email__exact=olga@example.edu"),
        ("user", "logentry__id=1"),
        ("ticket", "owner_email__startswith=a"),
        ("ticket", "owner_email=%00"),
        ("ticket", "mentor_email=mia%00"),
        ("ticket", "feedback__rating__gte=4"),
        ("ticket", "events__by=olga@example.edu"),
        ("ticket", "created__gte=0001-01-01 00:00:00%2B14:00"),
        ("ticket", "created__lt=9999-12-31 23:59:59-14:00"),
        ("ticket", "created__year=99999999999"),
        ("ticket", "created__gte=x"),
    ],
)
def test_a_list_answers_no_question_of_somebodys_own_making(desk, rows, model, query):
    response = desk.get(f"{address(model, 'changelist')}?{query}")

    assert (response.status_code, [str(row) in response.content.decode() for row in rows.values()]) == (400, [False] * 3)


@pytest.mark.parametrize(
    "form",
    [
        {"_selected_action": "x"},
        {"_selected_action": "\0"},
        {"_selected_action": "9" * 30},
        {"_selected_action": "1", "select_across": "1"},
    ],
)
@pytest.mark.parametrize(("model", "action"), [("ticket", "cancel"), ("user", "deactivate")])
def test_a_choice_that_no_list_offers_changes_nothing(desk, rows, model, action, form):
    response = desk.post(address(model, "changelist"), {"action": action, **form})

    assert response.status_code == 400
    assert (User.objects.filter(is_active=False).count(), Ticket.objects.filter(status="CANCELLED").count()) == (0, 1)


# Closed to everyone else


@pytest.mark.parametrize("name", [None, "ada", "mia", "vera"])
@pytest.mark.parametrize(
    "path",
    [
        "/admin/", "/admin/mentorq_users/", "/admin/mentorq_backend/", "/admin/mentorq_users/user/",
        "/admin/mentorq_backend/ticket/", "/admin/mentorq_users/user/{user}/change/",
        "/admin/mentorq_users/user/{user}/history/",
        "/admin/mentorq_backend/ticket/{ticket}/change/", "/admin/mentorq_backend/ticket/{ticket}/history/",
        "/admin/mentorq_backend/ticket/add/", "/admin/mentorq_backend/ticket/?q=x", "/admin/nope/",
    ],
)  # fmt: skip
def test_a_page_sends_everyone_else_to_the_door(client, person, rows, name, path):
    if name:
        client.force_login(person(name))
    path = path.format(**{model: row.pk for model, row in rows.items()})

    responses = [client.get(path), client.post(path)]

    door = f"/admin/login/?next={quote(path)}"
    assert [(response.status_code, response.headers["Location"]) for response in responses] == [(302, door)] * 2


def test_a_deactivated_organizer_is_out_at_once(desk, olga):
    User.objects.filter(pk=olga.pk).update(is_active=False)

    response = desk.get("/admin/")

    assert (response.status_code, response.headers["Location"]) == (302, "/admin/login/?next=/admin/")


# The door


def test_the_door_opens_for_anyone_to_look_at(client, db):
    response = client.get("/admin/login/")

    assert (response.status_code, response.context["title"], response.context["site_header"]) == (200, "Log in", "MentorQ")


@pytest.mark.parametrize("name", ["olga", "dan", "dora"])
def test_an_organizer_signs_in_with_their_lcs_password(client, db, lcs, name):
    response = client.post(
        "/admin/login/?next=/admin/", {"username": f"{name}@example.edu", "password": "hackru"}, follow=True
    )

    assert response.redirect_chain == [("/admin/", 302)]
    assert (response.status_code, response.context["user"].email) == (200, f"{name}@example.edu")


@pytest.mark.parametrize(
    ("email", "password"), [("ada@example.edu", "hackru"), ("mia@example.edu", "hackru"), ("olga@example.edu", "guess")]
)
def test_anyone_else_stays_outside(client, db, lcs, email, password):
    response = client.post("/admin/login/?next=/admin/", {"username": email, "password": password})

    expected = ["Please enter the e-mail and LCS password of an organizer or director."]
    assert (response.status_code, response.context["form"].non_field_errors()) == (200, expected)
    assert "_auth_user_id" not in client.session
