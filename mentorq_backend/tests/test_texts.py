"""Texts, whichever way they come in: the same rules, and so the same ticket."""

import importlib

import pytest
from django.core.exceptions import ValidationError
from django.core.management.base import CommandError
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from hypothesis import example, given
from hypothesis import strategies as st
from rest_framework import serializers

from mentorq_backend.exchange.cells import FEEDBACK, TICKET
from mentorq_backend.models import Feedback, Revision, Ticket, TicketEvent
from mentorq_backend.serializers import FeedbackSerializer, TicketCreateSerializer, TicketMoveSerializer
from mentorq_backend.tests.desk.pages import CHANGELIST
from mentorq_backend.tests.exchange.files import MENTORED, ROW, exported, jsonl, table
from mentorq_users.lcs.client import LCSProfile
from mentorq_users.models import User

ODD, CLEAN = "a\u202eb\r\n\tc\u200d \ud7ffd\u00ad", "ab c \ud7ffd"
ODD_LINES, CLEAN_LINES = "\ufeffa\r\nb\u2066\tc\x1b\n", "a\r\nb\tc"
NOTHING = ["", "  ", "\u200b", "\u2800", "\u3164", "\u202e\u2800 \u200d\n"]
MINIMAL = {"title": "x", "location": "x"}

texts = st.text(
    st.sampled_from("ab \n\t\x1b\x85\u00ad\u200b\u200c\u200d\u202e\u2028\u2800\u3000\u3164\ufe0f\u0301👩")
    | st.characters(exclude_categories=["Cs"]),
    max_size=20,
)


def correct(desk, ticket, **form):
    """Save the ticket's page, and return the errors of its form."""
    path = f"{CHANGELIST}{ticket.pk}/change/"
    page = desk.get(path)
    response = desk.post(path, {"location": "x", "contact": "", **form, "_state": page.context["state"]})
    return response.context["adminform"].form.errors if response.status_code == 200 else {}


# Ways in


def test_a_new_ticket_is_cleaned(olga, client_of):
    sent = {**dict.fromkeys(("title", "contact", "location", "owner", "mentor"), ODD), "comment": ODD_LINES}

    made = client_of(olga).post("/api/tickets/", {**sent, "status": "CLAIMED", "mentor_email": "mia@example.edu"}).json()

    assert {name: made[name] for name in sent} == {**dict.fromkeys(sent, CLEAN), "comment": CLEAN_LINES}


def test_a_mentors_name_is_cleaned(ada, mia, client_of, make_ticket):
    ticket = make_ticket(ada)

    claimed = client_of(mia).patch(f"/api/tickets/{ticket.pk}/", {"status": "CLAIMED", "mentor": ODD}).json()
    nothing = client_of(mia).patch(f"/api/tickets/{ticket.pk}/", {"mentor": "\u2800\u200b"}).json()

    assert (claimed["mentor"], nothing["mentor"]) == (CLEAN, CLEAN)


def test_what_is_said_of_help_is_cleaned(ada, mia, client_of, make_ticket):
    ticket = make_ticket(ada, "CLOSED", mentor=mia)

    given = client_of(ada).post("/api/feedback/", {"ticket": ticket.pk, "rating": 5, "comments": ODD_LINES}).json()
    changed = client_of(ada).patch(f"/api/feedback/{ticket.pk}/", {"comments": f"2{ODD_LINES}"}).json()

    assert (given["comments"], changed["comments"]) == (CLEAN_LINES, f"2{CLEAN_LINES}")


def test_a_correction_is_cleaned(desk, ada, make_ticket):
    ticket = make_ticket(ada)

    correct(desk, ticket, title=ODD, location=ODD, contact=ODD)

    assert Ticket.objects.values_list("title", "location", "contact").get() == (CLEAN, CLEAN, CLEAN)


@pytest.mark.parametrize("extension", ["csv", "jsonl"])
def test_an_import_is_cleaned(import_, extension):
    one_line = dict.fromkeys(("owner", "title", "contact", "location", "mentor", "rated_mentor"), ODD)
    row = {**MENTORED, **one_line, "comment": ODD_LINES, "comments": ODD_LINES, "rating": "5"}

    import_(jsonl(row) if extension == "jsonl" else table(row, row.values()), name=f"tickets.{extension}")

    columns = ["owner", "title", "contact", "location", "mentor", "feedback__mentor", "comment", "feedback__comments"]
    assert Ticket.objects.values_list(*columns).get() == (*[CLEAN] * 6, CLEAN_LINES, CLEAN_LINES)


def test_an_imported_history_is_cleaned_and_its_corrections_stay(import_):
    event = {"at": ROW["created"], "by": "olga@example.edu", "from": "OPEN", "to": "OPEN"}

    import_(jsonl({**ROW, "history": [{**event, "note": "title: a\u202e → b\ncontact: @ada → "}]}))

    assert TicketEvent.objects.get().note == "title: a → b\ncontact: @ada → "


def test_the_names_that_lcs_gives_are_cleaned():
    profile = LCSProfile.from_body(
        {"email": "ada@example.edu", "role": {}, "first_name": ODD, "last_name": f"{'x' * 99}\u200d👩"}
    )

    assert (profile.first_name, profile.last_name) == (CLEAN, "x" * 99)


def test_the_name_of_an_older_account_is_cleaned_before_it_comes_to_a_ticket(ada, client_of):
    User.objects.update(first_name="Ada\u202e", last_name="\u200bLove\nlace\u200d")

    made = client_of(User.objects.get()).post("/api/tickets/", MINIMAL).json()

    assert made["owner"] == "Ada Love lace"


# Nothing to see


@pytest.mark.parametrize("text", NOTHING)
@pytest.mark.parametrize("field", ["title", "location"])
def test_a_title_and_a_place_that_show_nothing_are_refused_everywhere(
    field, text, desk, ada, client_of, import_, make_ticket
):
    ticket = make_ticket(ada)
    version = ticket.version

    response = client_of(ada).post("/api/tickets/", {**MINIMAL, field: text})
    errors = correct(desk, ticket, **{**MINIMAL, field: text})
    with pytest.raises(CommandError) as complaint:
        import_(jsonl({**ROW, field: text}))

    assert (response.status_code, response.json()) == (400, {field: ["This field may not be blank."]})
    assert errors == {field: ["This field is required."]}
    assert str(complaint.value).endswith(f"Row 1, column {field}: A value is needed here.")
    assert (Ticket.objects.count(), Ticket.objects.get().version) == (1, version)


@pytest.mark.parametrize("text", NOTHING)
def test_any_other_text_that_shows_nothing_counts_as_left_out(text, olga, client_of, import_):
    optional = ("owner", "contact", "comment", "mentor")

    made = client_of(olga).post("/api/tickets/", {**MINIMAL, **dict.fromkeys(optional, text)}).json()
    import_(jsonl({**ROW, **dict.fromkeys(optional, text)}))

    assert [made[name] for name in optional] == ["Olga Organizer", "", "", ""]
    assert Ticket.objects.values_list(*optional).last() == ("ada@example.edu", "", "", "")


@pytest.mark.parametrize("field", ["comment", "contact"])
def test_null_counts_as_left_out_where_a_text_may_be(field, ada, client_of):
    response = client_of(ada).post("/api/tickets/", {**MINIMAL, field: None})

    assert (response.status_code, response.json()[field]) == (201, "")


@pytest.mark.parametrize("field", ["title", "location", "owner", "mentor", "status", "owner_email", "mentor_email"])
def test_null_is_refused_anywhere_else(field, ada, client_of):
    response = client_of(ada).post("/api/tickets/", {**MINIMAL, field: None})

    assert (response.status_code, response.json()) == (400, {field: ["This field may not be null."]})


# How long


def test_what_is_dropped_does_not_count_in_the_length(desk, ada, client_of, import_, make_ticket):
    longest = " " + "x\u200b" * 2000 + "\n"
    ticket = make_ticket(ada)

    made = client_of(ada).post("/api/tickets/", {**MINIMAL, "title": longest}).json()
    errors = correct(desk, ticket, title=longest)
    import_(jsonl({**ROW, "title": longest}))

    assert (made["title"], errors) == ("x" * 2000, {})
    assert list(Ticket.objects.values_list("title", flat=True)) == ["x" * 2000] * 3


# The same everywhere


def by_api(serializer, field, text):
    """What a serializer makes of a text for a field; None if it refuses it."""
    try:
        return serializer().fields[field].run_validation(text)
    except serializers.ValidationError:
        return None


def by_import(columns, field, text):
    try:
        return columns[field].value(text)
    except ValidationError:
        return None


def by_desk(form, field, text):
    try:
        return form.base_fields[field].clean(text)
    except ValidationError:
        return None


@pytest.fixture(scope="module")
def form():
    """The form of a ticket's page."""
    admin = importlib.import_module("mentorq_backend.desk.tickets")
    return admin.TicketAdmin(Ticket, admin.admin.site).get_form(None, fields=admin.TicketAdmin.correctable)


@given(text=texts)
@example(text="\u200b")
@example(text="\0")
@example(text="a\0b")
def test_a_text_becomes_the_same_whichever_way_it_comes(form, text):
    for field in ("title", "location", "contact"):
        by = [by_api(TicketCreateSerializer, field, text), by_desk(form, field, text), by_import(TICKET, field, text)]
        assert by == [by[0]] * 3, field
    for field in ("comment", "mentor"):
        assert by_api(TicketCreateSerializer, field, text) == by_import(TICKET, field, text), field
    assert by_api(FeedbackSerializer, "comments", text) == by_import(FEEDBACK, "comments", text)
    assert by_api(TicketMoveSerializer, "mentor", text) == by_import(TICKET, "mentor", text)


# What was there before


def test_the_migration_cleans_what_was_there_before(ada, mia, make_ticket, import_):
    ticket, other = make_ticket(ada, "CLOSED", mentor=mia), make_ticket(ada)
    Feedback.objects.give(ticket, rating=5, comments=ODD_LINES)
    Feedback.objects.update(mentor="\u200b")
    ticket.events.update(note=f"title: {ODD_LINES} → x")
    blank = {"owner": "\u200b", "title": "\u2800", "location": "\u202e"}
    Ticket.objects.filter(pk=ticket.pk).update(**blank, contact=ODD, mentor=ODD, comment=ODD_LINES)
    before, untouched = (Ticket.objects.get(pk=ticket.pk).version, Revision.objects.total()), exported().splitlines()[1]

    migration = importlib.import_module("mentorq_backend.migrations.0006_longer_texts")
    then = MigrationLoader(connection).project_state(("mentorq_backend", "0006_longer_texts")).apps
    migration.clean_texts(then, None)

    assert Ticket.objects.values_list("owner", "title", "location", "contact", "mentor", "comment").get(pk=ticket.pk) == (
        "ada@example.edu", "–", "–", CLEAN, CLEAN, CLEAN_LINES,
    )  # fmt: skip
    assert Feedback.objects.values_list("mentor", "comments").get() == ("mia@example.edu", CLEAN_LINES)
    assert {event.note for event in ticket.events.all()} == {"title: a\r\nb\tc \n → x"}
    assert Ticket.objects.get(pk=ticket.pk).version > before[0]
    assert Revision.objects.total() > before[1]
    assert exported().splitlines()[1] == untouched
    assert import_(exported()) == "Tickets added: 0; there already: 2\n"
    assert other.title == "My build loops"
