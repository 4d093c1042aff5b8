"""Whoever is erased is in no table any more, and the figures stay."""

import re

import pytest
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection, models
from django.test.utils import CaptureQueriesContext

from mentorq.db.fields import OneLineField
from mentorq_backend import stats
from mentorq_backend.models import Feedback, Notice, Ticket, TicketEvent, Webhook
from mentorq_backend.notices.delivery import render
from mentorq_backend.tests.erasing.conftest import EMAIL, NAME, WORDS
from mentorq_backend.tests.erasing.everything import everything, naming
from mentorq_backend.waits.check import check
from mentorq_backend.waits.queue import QUEUE
from mentorq_users.backends import check_roles
from mentorq_users.emails import cache_key
from mentorq_users.lcs.exceptions import LCSRefused
from mentorq_users.models import SignInTries, User
from mentorq_users.tokens import RefreshToken, issue

PLACEHOLDER = re.compile(r"erased-[0-9a-f]{16}@erased\.invalid")
# Each column of ours that may hold a text: whether erasing replaces it, or why it names nobody.
REPLACED, OURS, NO_TEXT = "replaced", "what organizers enter for everybody", "no text of a person"
COLUMNS = {
    "User": {
        "password": REPLACED, "email": REPLACED, "first_name": REPLACED, "last_name": REPLACED,
        "encrypted_lcs_token": REPLACED,
    },
    "RevokedToken": {"jti": NO_TEXT},
    "SignInTries": {"key": REPLACED},
    "Ticket": {
        "owner_email": REPLACED, "owner": REPLACED, "title": REPLACED, "comment": REPLACED, "contact": REPLACED,
        "location": REPLACED, "status": NO_TEXT, "mentor": REPLACED, "mentor_email": REPLACED,
    },
    "TicketEvent": {
        "by": REPLACED, "from_status": NO_TEXT, "to_status": NO_TEXT, "mentor_email": REPLACED, "note": REPLACED,
    },
    "Feedback": {"comments": REPLACED, "mentor": REPLACED, "mentor_email": REPLACED},
    "Event": {"name": OURS, "message": OURS},
    "Webhook": {
        "name": OURS, "kind": NO_TEXT, "host": OURS, "encrypted_url": OURS, "encrypted_secret": OURS, "tells": NO_TEXT,
        "words": OURS, "why_off": NO_TEXT, "last_response": REPLACED,
    },
    "Notice": {"happening": NO_TEXT, "payload": REPLACED, "response": REPLACED},
}  # fmt: skip


def test_it_is_decided_for_each_column_whether_erasing_replaces_it():
    texts = (models.CharField, models.TextField, models.JSONField, OneLineField)
    columns = {
        model.__name__: {field.name for field in model._meta.concrete_fields if isinstance(field, texts)}
        for app in ("mentorq_users", "mentorq_backend")
        for model in apps.get_app_config(app).get_models()
    }

    assert {name: found for name, found in columns.items() if found} == {name: set(of) for name, of in COLUMNS.items()}


def test_nothing_of_an_erased_person_is_in_any_table(lived, erase):
    before = {row.partition(" ")[0] for row in naming(*WORDS)}

    erase()

    assert before == {
        "django_admin_log", "django_session", "mentorq_cache", "mentorq_users_user", "mentorq_backend_ticket",
        "mentorq_backend_ticketevent", "mentorq_backend_feedback", "mentorq_backend_notice", "mentorq_backend_webhook",
    }  # fmt: skip
    assert naming(*WORDS) == []


def test_whatever_others_are_and_wrote_stays(lived, erase):
    others = [row for row in everything() if not row.startswith(("mentorq_backend_revision", "mentorq_cache"))]

    erase()

    words = ("kind", "it came back", "my build loops", "table 12", "mia mentor", "max@example.edu", "new@example.edu")
    after = everything()
    for word in words:
        assert sum(word in row for row in after) == sum(word in row for row in others) > 0, word
    assert cache.get(cache_key("slack", "mia@example.edu", "olga@example.edu")) == (
        "link",
        "https://app.slack.com/client/other",
    )


def test_one_placeholder_stands_for_them_everywhere(lived, erase):
    said = erase()

    found = {address for row in everything() for address in PLACEHOLDER.findall(row)}
    assert found == set(PLACEHOLDER.findall(said))
    assert len(found) == 1


def test_two_people_get_different_placeholders(ada, grace, erase):
    erase(ada.email)
    erase(grace.email)

    assert len(set(User.objects.values_list("email", flat=True))) == 2


def test_what_stands_in_their_place_is_this(lived, zebras, helped, erase):
    erase()

    lived.refresh_from_db()
    assert (lived.name, lived.is_active, lived.is_staff, lived.is_mentor) == ("Erased person", False, False, False)
    assert (lived.has_usable_password(), lived.encrypted_lcs_token) == (False, "")
    own = Ticket.objects.get(pk=zebras["OPEN"].pk)
    assert (own.owner_email, own.owner) == (lived.email, "Erased person")
    assert (own.title, own.comment, own.contact, own.location) == ("Erased", "", "", "Erased")
    held, by_name = (Ticket.objects.get(pk=helped[name].pk) for name in ("held", "by name"))
    assert (held.mentor_email, held.mentor, held.title) == (lived.email, "Erased person", "My build loops")
    assert (by_name.mentor_email, by_name.mentor) == ("", "Erased person")
    assert set(LogEntry.objects.filter(user=lived).values_list("object_repr", flat=True)) == {
        "mia@example.edu",
        str(helped["held"]),
    }
    assert list(own.events.values_list("by", "note")) == [(lived.email, ""), ("olga@example.edu", "Erased")]


def test_the_figures_stay(lived, erase):
    def figures():
        tickets = Ticket.objects.order_by("pk")
        QUEUE.clear()
        summary = stats.summary(Ticket.objects.all())
        people = {EMAIL: "them", NAME: "Them", "Erased person": "Them", lived.email: "them"}
        return {
            "summary": {name: in_any_order(value, people) for name, value in summary.items()},
            "leaderboard": in_any_order(list(Feedback.objects.all().leaderboard()), people),
            "waits": check([None]),
            "queue": {**QUEUE.get().figures, "wait": None},
            "positions": list(Ticket.objects.waiting().with_position().values_list("pk", "position")),
            "instants": list(
                tickets.values_list(
                    "created", "queued", "ahead", "left_queue", "claimed_datetime", "closed_datetime", "moved",
                    "time_to_claim", "time_to_close", "status", "active", "recorded",
                )
            ),
            "history": list(TicketEvent.objects.values_list("ticket", "at", "from_status", "to_status", "counts")),
        }  # fmt: skip

    before = figures()

    erase()

    lived.refresh_from_db()
    assert figures() == before
    assert before["summary"]["Number of users"] == 4


def in_any_order(value, people):
    """A list of rows without its order: mentors who are equal are ordered by their address."""
    if not isinstance(value, list):
        return value
    rows = [{name: people.get(cell, cell) for name, cell in row.items()} for row in value]
    return sorted(rows, key=lambda row: str(sorted(row.items(), key=str)))


def test_notices_still_to_be_sent_are_sent_without_them(lived, erase):
    pending = list(Notice.objects.pending().order_by("pk").values_list("pk", "uuid", "attempts"))

    erase()

    assert list(Notice.objects.pending().order_by("pk").values_list("pk", "uuid", "attempts")) == pending
    bodies = [str(render(notice)[0]).lower() for notice in Notice.objects.select_related("webhook")]
    assert [word for word in WORDS for body in bodies if word in body] == []
    assert sum("erased-" in body for body in bodies) > 10


def test_what_was_delivered_or_given_up_stays_so(lived, erase):
    def states():
        return list(Notice.objects.order_by("pk").values_list("pk", "delivered", "next_attempt", "status", "webhook"))

    before = states()

    erase()

    assert states() == before
    assert Webhook.objects.get().last_status == 500


def test_no_export_has_anything_of_them(lived, erase, capsys):
    erase()

    for kind in ("csv", "jsonl"):
        call_command("exporttickets", "--history", "--feedback", f"--format={kind}")

    written = capsys.readouterr().out.lower()
    assert ("my build loops" in written, [word for word in WORDS if word in written]) == (True, [])


def test_sessions_cached_links_and_sign_in_attempts_go(lived, client, erase):
    before = (client.get("/admin/").status_code, Session.objects.count(), SignInTries.objects.count())

    erase()

    assert before == (200, 2, 1)
    assert (client.get("/admin/").status_code, Session.objects.count(), SignInTries.objects.count()) == (302, 0, 0)
    assert cache.get(cache_key("slack", EMAIL, "mia@example.edu")) is None


def test_sessions_of_others_go_on(lived, client, olga, erase):
    client.force_login(olga, backend="mentorq_users.backends.LCSBackend")

    erase()

    assert client.get("/admin/").status_code == 200


# Tokens


def test_their_tokens_stop_at_once(ada, client_of, api, erase):
    adas, refresh = client_of(ada), str(issue(RefreshToken, ada))
    assert adas.get("/api/tickets/").status_code == 200

    erase(ada.email)

    responses = [
        adas.get("/api/tickets/"),
        adas.post("/api/tickets/", {}),
        api.post("/api/auth/refresh/", {"refresh": refresh}),
    ]
    assert [(response.status_code, response.json()["code"]) for response in responses] == [(401, "token_not_valid")] * 3
    assert User.objects.behind_streams([ada.email]) == {}


def test_a_refresh_that_waits_for_lcs_meanwhile_creates_no_account(lcs, api, ada, erase):
    api.post("/api/auth/token/", {"email": ada.email, "lcs_token": lcs.sign_in(ada.email)})
    read_before = User.objects.get(pk=ada.pk)

    erase(ada.email)

    with pytest.raises(LCSRefused):
        check_roles(read_before)
    assert [user.is_erased for user in User.objects.all()] == [True]


def test_who_signs_in_again_has_a_new_account_without_tickets(lcs, api, ada, make_ticket, erase):
    make_ticket(ada)
    erase(ada.email)

    tokens = api.post("/api/auth/token/", {"email": ada.email, "lcs_token": lcs.sign_in(ada.email)}).json()

    api.credentials(HTTP_AUTHORIZATION=f"Bearer {tokens['access']}")
    assert (api.get("/api/tickets/").json(), User.objects.count()) == ([], 2)


# Lists


@pytest.mark.parametrize("name", ["mia", "olga", "ada"])
def test_a_list_that_somebody_has_is_not_current_any_more(lived, person, client_of, erase, name):
    client = client_of(person(name))
    tag = client.get("/api/tickets/").headers["ETag"]
    assert client.get("/api/tickets/", headers={"If-None-Match": tag}).status_code == 304

    erase()

    response = client.get("/api/tickets/", headers={"If-None-Match": tag})
    assert response.status_code == 200
    assert [word for word in WORDS if word in response.content.decode().lower()] == []


def test_every_changed_ticket_gets_another_version_and_no_other_does(lived, helped, erase):
    before = dict(Ticket.objects.values_list("pk", "version"))

    erase()

    same = {pk for pk, version in Ticket.objects.values_list("pk", "version") if version == before[pk]}
    untouched = ("released", "handed over", "reopened", "opened", "nobody's")
    assert same == {helped[name].pk for name in untouched}


def test_it_takes_as_many_queries_for_many_tickets_as_for_few(ada, mia, make_ticket, webhook, erase):
    def queries(email):
        with CaptureQueriesContext(connection) as context:
            erase(email)
        return [re.findall(r"^\s*\w+|\bmentorq_[a-z]+_[a-z]+", query["sql"])[:2] for query in context]

    queries(User.objects.create(email="first@example.edu").email)  # Django keeps content types from now on
    make_ticket(ada, "CLOSED", mentor=mia)
    few = queries(ada.email)
    again = User.objects.create(email="again@example.edu", first_name="Also", last_name="Known")
    for _ in range(4):
        make_ticket(again, "CLOSED", mentor=mia)
        make_ticket(again, "CANCELLED")

    assert queries(again.email) == few
