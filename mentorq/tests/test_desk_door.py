"""Every path of the admin site: closed to whoever is none any more, and to forms that other sites send."""

from urllib.parse import quote

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.sessions.models import Session
from django.middleware.csrf import _get_new_csrf_string
from django.test import Client

from mentorq.tests.routes import desk_paths
from mentorq_backend.models import Ticket, TicketEvent
from mentorq_users.models import User

OPEN = ["/admin/login/", "/admin/logout/"]
GONE = {
    "deactivated": lambda user: User.objects.filter(pk=user.pk).update(is_active=False),
    "deleted": lambda user: user.delete(),
    "demoted": lambda user: User.objects.filter(pk=user.pk).update(is_organizer=False),
}


@pytest.fixture
def rows(ada, mia, make_ticket):
    return {"ticket": make_ticket(ada, "CLAIMED", mentor=mia).pk, "user": ada.pk}


@pytest.fixture
def sign_in(olga):
    """Give a browser an organizer's session."""

    def give(browser: Client) -> Client:
        browser.force_login(olga, backend="mentorq_users.backends.LCSBackend")
        return browser

    return give


def state() -> tuple:
    """Return all that a form of the desk could change."""
    tickets = list(Ticket.objects.order_by("pk").values())
    return tickets, list(User.objects.order_by("pk").values()), TicketEvent.objects.count(), LogEntry.objects.count()


def test_the_paths_of_the_desk_are_these(db):
    tickets, people = "/admin/mentorq_backend/ticket/", "/admin/mentorq_users/user/"
    events, webhooks, notices = (f"/admin/mentorq_backend/{model}/" for model in ("event", "webhook", "notice"))
    own = ["", "autocomplete/", "jsi18n/", "login/", "logout/", "password_change/", "password_change/done/", "search/"]

    assert desk_paths(ticket=8, user=9, event=7, webhook=6, notice=5) == sorted(
        [f"/admin/{path}" for path in [*own, "mentorq_users/", "nope/", "r/1/1/"]]
        + [
            f"{tickets}{path}"
            for path in ["", "add/", "export/csv/", "people/", "8/", "8/change/", "8/delete/", "8/history/"]
        ]
        + [f"{events}{path}" for path in ["", "add/", "cancel-unfinished/", "7/", "7/change/", "7/delete/", "7/history/"]]
        + [f"{webhooks}{path}" for path in ["", "add/", "6/", "6/change/", "6/delete/", "6/history/"]]
        + [f"{notices}{path}" for path in ["", "add/", "5/", "5/change/", "5/delete/", "5/history/"]]
        + [f"{people}{path}" for path in ["", "add/", "9/", "9/change/", "9/delete/", "9/history/"]]
    )


@pytest.mark.parametrize("how", GONE)
def test_the_session_of_somebody_gone_opens_nothing_any_more(client, sign_in, olga, rows, how):
    browser = sign_in(client)
    before = browser.get("/admin/").status_code
    GONE[how](olga)
    paths = [path for path in desk_paths(**rows) if path not in OPEN]

    answers = [(browser.get(path), browser.post(path)) for path in paths]

    assert before == 200
    door = [f"/admin/login/?next={quote(path)}" for path in paths]
    assert [get.headers.get("Location") for get, _ in answers] == door
    assert [post.headers.get("Location") for _, post in answers] == door


def test_a_form_sent_to_any_path_signs_nobody_in_and_asks_nobody(client, rows, lcs):
    form = {"username": "olga@example.edu", "password": "hackru", "next": "/admin/"}

    statuses = [client.post(path, form).status_code for path in desk_paths(**rows) if path != "/admin/login/"]

    assert set(statuses) == {302}
    assert (lcs.calls, Session.objects.count(), client.get("/admin/").status_code) == ([], 0, 302)


@pytest.mark.parametrize("token", [None, "wrong", "of another site"])
def test_a_form_without_the_csrf_token_is_refused_at_every_path(sign_in, rows, token):
    browser = sign_in(Client(enforce_csrf_checks=True))
    secret = _get_new_csrf_string()
    browser.cookies["csrftoken"] = secret
    sent = {} if token is None else {"csrfmiddlewaretoken": secret if token != "wrong" else _get_new_csrf_string()}
    headers = {"Origin": "https://evil.example"} if token == "of another site" else {}
    form = {
        **sent, "action": "deactivate", "_selected_action": rows["user"], "status": "OPEN", "title": "Mine",
        "_move": f"cancel|{rows['ticket']}|CLAIMED|mia@example.edu",
    }  # fmt: skip
    before = state()

    answers = [browser.post(path, form, headers=headers) for path in desk_paths(**rows)]

    assert [answer.status_code for answer in answers] == [403] * len(answers)
    assert [b"This form was too old, or came from another site." in answer.content for answer in answers] == [True] * len(
        answers
    )
    assert state() == before
    assert browser.get("/admin/").status_code == 200  # not even signed out


def test_a_form_with_its_token_is_taken(sign_in, rows):
    browser = sign_in(Client(enforce_csrf_checks=True))
    token = browser.get("/admin/mentorq_users/user/").context["csrf_token"]
    form = {"csrfmiddlewaretoken": str(token), "action": "deactivate", "_selected_action": rows["user"]}

    response = browser.post("/admin/mentorq_users/user/", form)

    assert (response.status_code, User.objects.get(pk=rows["user"]).is_active) == (302, False)


def test_no_path_changes_anything_when_it_is_only_looked_at(client, sign_in, rows):
    browser = sign_in(client)
    query = {
        "action": "deactivate", "_selected_action": rows["user"], "is_active": "",
        "_move": f"cancel|{rows['ticket']}|CLAIMED|mia@example.edu", "post": "yes", "_save": "1",
    }  # fmt: skip
    before = state()

    for path in desk_paths(**rows):
        browser.get(path, query)
        browser.head(path, query)

    assert state() == before
    assert browser.get("/admin/").status_code == 200  # a link to /admin/logout/ signs nobody out


def test_no_page_of_the_desk_is_kept_by_any_cache(client, sign_in, rows):
    browser = sign_in(client)

    kept = {path: browser.get(path).headers["Cache-Control"] for path in desk_paths(**rows)}

    assert {path for path, said in kept.items() if "no-store" not in said} == set()
