"""No refusal is a bare page: each says what happened and what to do, in the desk's clothes, and shows nothing else."""

import re

import pytest
from django.middleware.csrf import _get_new_csrf_string
from django.test import Client

from mentorq import error_pages
from mentorq.tests.routes import database_down, desk_paths
from mentorq_backend.models import Ticket

TICKETS, PEOPLE = "/admin/mentorq_backend/ticket/", "/admin/mentorq_users/user/"
WEBHOOKS, NOTICES = "/admin/mentorq_backend/webhook/", "/admin/mentorq_backend/notice/"
TOO_LARGE = {"title": "x" * 300_000}
# Who asks how for what, what they get, and the page that says so.
REFUSALS = {
    "a webhook, to an organizer": ("olga", "get", WEBHOOKS, {}, 403, "FORBIDDEN"),
    "a new webhook, of an organizer": ("olga", "post", f"{WEBHOOKS}add/", {}, 403, "FORBIDDEN"),
    "notices, to an organizer": ("olga", "get", NOTICES, {}, 403, "FORBIDDEN"),
    "a notice by hand": ("dan", "get", f"{NOTICES}add/", {}, 403, "FORBIDDEN"),
    "a person by hand": ("dan", "post", f"{PEOPLE}add/", {}, 403, "FORBIDDEN"),
    "to delete a person": ("dan", "get", PEOPLE + "{user}/delete/", {}, 403, "FORBIDDEN"),
    "to delete a ticket": ("dan", "post", TICKETS + "{ticket}/delete/", {"post": "yes"}, 403, "FORBIDDEN"),
    "what autocomplete does not offer": ("olga", "get", "/admin/autocomplete/?app_label=x", {}, 403, "FORBIDDEN"),
    "a button that no page has": ("olga", "post", TICKETS, {"_move": "x"}, 400, "BAD_REQUEST"),
    "a selection that no list offers": ("olga", "post", PEOPLE, {"_selected_action": "x"}, 400, "BAD_REQUEST"),
    "a lookup that no filter makes": ("olga", "get", f"{PEOPLE}?password__gte=p", {}, 400, "BAD_REQUEST"),
    "a page of the search that is none": ("olga", "get", "/admin/search/?s=t&page=x", {}, 400, "BAD_REQUEST"),
    "too many fields": ("olga", "post", TICKETS, {f"x{n}": "1" for n in range(1001)}, 400, "BAD_REQUEST"),
    "a form that is too large": ("olga", "post", f"{TICKETS}add/", TOO_LARGE, 413, "TOO_LARGE"),
    "a form that is too large, at the door": (None, "post", "/admin/login/", TOO_LARGE, 413, "TOO_LARGE"),
    "a path that is none": ("olga", "get", "/admin/nope/", {}, 404, "NOT_FOUND"),
    "an export in another format": ("olga", "get", f"{TICKETS}export/xlsx/", {}, 404, "NOT_FOUND"),
    "the way to the site": ("olga", "get", "/admin/r/0/0/", {}, 404, "NOT_FOUND"),
    "a button's address": ("olga", "get", "/admin/mentorq_backend/event/cancel-unfinished/", {}, 405, "NOT_ALLOWED"),
    "to sign out with a link": ("olga", "get", "/admin/logout/", {}, 405, "NOT_ALLOWED"),
    "to delete the door": (None, "delete", "/admin/login/", {}, 405, "NOT_ALLOWED"),
    "a path outside the desk": (None, "get", "/nope/", {}, 404, "NOT_FOUND"),
    "a path outside the desk, of an organizer": ("olga", "get", "/nope/", {}, 404, "NOT_FOUND"),
    "to write on the board": (None, "post", "/board/", {}, 405, "NOT_ALLOWED"),
    "a host that is not ours": (None, "host", "/admin/", {}, 400, "BAD_REQUEST"),
}


@pytest.fixture
def rows(ada, mia, make_ticket):
    return {"ticket": make_ticket(ada, "CLAIMED", mentor=mia).pk, "user": ada.pk}


@pytest.fixture
def ask(person, rows):
    """Ask as that person, nobody for None; a crash is answered as the world would see it."""

    def do(name, method, path, form, **kwargs):
        client = Client(raise_request_exception=False, **kwargs)
        if name:
            client.force_login(person(name), backend="mentorq_users.backends.LCSBackend")
        if method == "host":
            return client.get(path, headers={"Host": "evil.example"})
        return getattr(client, method)(path.format(**rows), form)

    return do


def text_of(response):
    return " ".join(re.sub("<[^>]*>", " ", response.content.decode()).split())


def assert_is_page(response, page, start):
    text, content = text_of(response), response.content.decode()
    assert [said for said in page if said not in text] == []
    assert re.search(r"<h1[^>]*>\s*(?:<span[^>]*>)?\s*([^<]*?)\s*<", content)[1] == page.title
    assert f'<a href="{start}">' in content
    assert '<meta name="viewport"' in content
    assert response["Content-Type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize("what", REFUSALS)
def test_a_refusal_says_what_happened_and_what_to_do(what, ask):
    name, method, path, form, status, page = REFUSALS[what]

    response = ask(name, method, path, form)

    assert response.status_code == status
    assert_is_page(response, getattr(error_pages, page), "/admin/" if path.startswith("/admin/") else "/")


@pytest.mark.parametrize("what", REFUSALS)
def test_a_refusal_is_kept_by_no_cache_framed_by_nobody_and_loads_nothing_from_elsewhere(what, ask):
    response = ask(*REFUSALS[what][:4])

    assert "no-store" in response["Cache-Control"]
    assert response["X-Frame-Options"] == "DENY"
    assert "default-src 'none'" in response["Content-Security-Policy"]


@pytest.mark.parametrize("what", REFUSALS)
def test_a_refusal_changes_nothing_and_shows_nothing_of_what_there_is(what, ask, rows):
    response = ask(*REFUSALS[what][:4])

    content = response.content.decode()
    assert [word for word in ("ada@", "My build loops", "Traceback", "mentorq_backend.models") if word in content] == []
    assert Ticket.objects.values_list("status", flat=True).get() == "CLAIMED"


@pytest.mark.parametrize("what", [what for what, refusal in REFUSALS.items() if refusal[0] in ("olga", "dan")])
def test_whom_the_desk_let_in_keeps_its_menu(what, ask):
    name, method, path, form, *_ = REFUSALS[what]

    content = ask(name, method, path, form).content.decode()

    assert (f'href="{TICKETS}"' in content) == path.startswith("/admin/")


@pytest.mark.parametrize("name", [None, "ada", "mia"])
def test_whom_the_desk_does_not_let_in_sees_no_menu(name, ask):
    content = ask(name, "delete", "/admin/login/", {}).content.decode()

    assert (f'href="{TICKETS}"' in content, error_pages.NOT_ALLOWED.title in content) == (False, True)


def test_a_405_says_what_is_allowed(ask):
    response = ask("olga", "get", "/admin/mentorq_backend/event/cancel-unfinished/", {})

    assert response["Allow"] == "POST"


@pytest.mark.parametrize("name", [None, "ada", "olga"])
def test_a_form_without_its_token_says_so_at_every_path(name, ask, rows):
    pages = [
        ask(name, "post", path, {"csrfmiddlewaretoken": _get_new_csrf_string()}, enforce_csrf_checks=True)
        for path in desk_paths(**rows)
    ]

    assert [page.status_code for page in pages] == [403] * len(pages)
    for page in pages:
        assert_is_page(page, error_pages.OLD_FORM, "/admin/")


def test_while_the_database_does_not_answer_the_page_says_so(ask):
    with database_down():
        response = ask(None, "get", "/board/", {})

    assert (response.status_code, response["Retry-After"]) == (503, "5")
    assert_is_page(response, error_pages.NO_DATABASE, "/")


def test_while_the_database_does_not_answer_a_session_gets_the_same_page_with_every_header(person):
    client = Client(raise_request_exception=False)
    client.force_login(person("olga"), backend="mentorq_users.backends.LCSBackend")

    with database_down():
        response = client.get("/admin/")

    assert_is_page(response, error_pages.NO_DATABASE, "/admin/")
    assert (response.status_code, "no-store" in response["Cache-Control"]) == (503, True)
    assert (response["X-Frame-Options"], response["X-Content-Type-Options"]) == ("DENY", "nosniff")
    assert "default-src 'none'" in response["Content-Security-Policy"]


def test_a_crash_says_what_to_do_and_nothing_of_itself(ask, monkeypatch):
    def crash():
        raise RuntimeError("a secret of the code")

    monkeypatch.setattr("mentorq_backend.desk.dashboard.current", crash)

    response = ask("olga", "get", "/admin/", {})

    assert response.status_code == 500
    assert_is_page(response, error_pages.CRASHED, "/admin/")
    assert "secret" not in response.content.decode()


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("get", "/api/nope/", 404), ("delete", "/api/tickets/", 401), ("put", "/api/queue/", 405)],
)
def test_under_the_api_errors_stay_json(client, db, method, path, status):
    response = getattr(client, method)(path)

    assert (response.status_code, response["Content-Type"]) == (status, "application/json")
    assert set(response.json()) == {"detail", "code"}
