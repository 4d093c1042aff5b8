"""The desk's pages, all of them: who comes in, and what an organizer does not see that a director does."""

import re
from datetime import timedelta
from urllib.parse import quote

import pytest
from django.contrib import admin
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import transaction
from django.urls import URLResolver
from django.utils import timezone

from mentorq_backend.models import Event, Feedback, Webhook
from mentorq_backend.notices import outbox
from mentorq_users.encryption import encrypt
from mentorq_users.models import User

TICKET, USER, FEEDBACK = "mentorq_backend/ticket", "mentorq_users/user", "mentorq_backend/feedback"
EVENT, WEBHOOK, NOTICE = "mentorq_backend/event", "mentorq_backend/webhook", "mentorq_backend/notice"


def pages_of(model, row):
    """The pages of one row, and of a new one."""
    pages = {
        f"{model}/<path:object_id>/{page}": [f"{model}/{row}/{page}"] for page in ("", "history/", "delete/", "change/")
    }
    return {f"{model}/add/": [f"{model}/add/"], **pages}


# Every path of the admin site, and what a browser may be made to ask there. <ticket>, <user> and <…type> are filled in.
PATHS = {
    "": ["", "?range=all", "?range=dates&since=2020-01-01T00:00"],
    "search/": ["search/?s=ticket", "search/?s=t&extended=1", "search/?s=4.5&extended=1"],
    "login/": [],  # the door itself
    "logout/": [],
    "password_change/": ["password_change/"],
    "password_change/done/": ["password_change/done/"],
    "autocomplete/": [
        f"autocomplete/?{query}"
        for query in (
            "app_label=mentorq_backend&model_name=feedback&field_name=ticket",
            "app_label=mentorq_backend&model_name=ticketevent&field_name=ticket&term=4.5",
            "app_label=mentorq_backend&model_name=ticket&field_name=feedback",
            "app_label=admin&model_name=logentry&field_name=user",
            "app_label=mentorq_users&model_name=user&field_name=password&term=pbkdf2",
        )
    ],
    "jsi18n/": ["jsi18n/"],
    "r/<path:content_type_id>/<path:object_id>/": ["r/<feedback type>/<ticket>/", "r/<user type>/<user>/", "r/0/0/"],
    f"{TICKET}/export/<slug:format>/": [
        f"{TICKET}/export/{kind}/?status=ALL&_history=on&_feedback=on{more}"
        for kind in ("csv", "jsonl")
        for more in ("", "&q=Patient", "&o=-1", "&_facets=1")
    ],
    f"{TICKET}/": [
        f"{TICKET}/{query and '?'}{query}"
        for query in (
            "", "status=ALL", "status=CLOSED&o=-1.2.3.4.5", "status=ALL&o=99", "q=Patient", "q=4.5", "q=Mia", "e=1",
            "status=ALL&_facets=True", "_popup=1&status=ALL", "_to_field=id&status=ALL", "status=ALL&active__exact=1",
        )
    ],
    f"{TICKET}/add/": [f"{TICKET}/add/"],
    f"{TICKET}/people/": [f"{TICKET}/people/?owner_email={typed}" for typed in ("ada", "pbkdf2", "an LCS token")],
    f"{TICKET}/<path:object_id>/history/": [f"{TICKET}/<ticket>/history/"],
    f"{TICKET}/<path:object_id>/delete/": [f"{TICKET}/<ticket>/delete/"],
    f"{TICKET}/<path:object_id>/change/": [f"{TICKET}/<ticket>/change/{query}" for query in ("", "?_popup=1&_to_field=id")],
    f"{TICKET}/<path:object_id>/": [f"{TICKET}/<ticket>/"],
    f"{EVENT}/": [f"{EVENT}/", f"{EVENT}/?q=Hack", f"{EVENT}/?o=-1.2.3.4"],
    f"{EVENT}/cancel-unfinished/": [f"{EVENT}/cancel-unfinished/"],
    **pages_of(EVENT, "<event>"),
    f"{WEBHOOK}/": [f"{WEBHOOK}/", f"{WEBHOOK}/?q=Mentors", f"{WEBHOOK}/?o=-1.2.3.4"],
    **pages_of(WEBHOOK, "<webhook>"),
    f"{NOTICE}/": [f"{NOTICE}/{query}" for query in ("", "?state=pending", "?webhook__id__exact=1", "?o=-1.2.3.4")],
    **pages_of(NOTICE, "<notice>"),
    f"{USER}/": [f"{USER}/{query}" for query in ("", "?q=pbkdf2", "?q=mia", "?o=-1.2.3.4", "?_facets=True", "?_popup=1")],
    f"{USER}/add/": [f"{USER}/add/"],
    f"{USER}/<path:object_id>/history/": [f"{USER}/<user>/history/"],
    f"{USER}/<path:object_id>/delete/": [f"{USER}/<user>/delete/"],
    f"{USER}/<path:object_id>/change/": [f"{USER}/<user>/change/", f"{USER}/<user>/change/?_to_field=id"],
    f"{USER}/<path:object_id>/": [f"{USER}/<user>/"],
    "^(?P<app_label>mentorq_backend|mentorq_users)/$": ["mentorq_backend/", "mentorq_users/"],
    "(?P<url>.*)$": ["nope", f"{FEEDBACK}/", "mentorq_users/revokedtoken/", f"{FEEDBACK}/<ticket>/change/"],
}  # fmt: skip
ASKED = [path for paths in PATHS.values() for path in paths]
# What each request makes anew: a form's token, how long ago something was, and how long a search took.
ANEW = re.compile(
    r'(?<=csrfmiddlewaretoken" value=")\w+|(\d+|an?)\s(s|min|second|minute)s? ago|(?<=>)now(?=<)|[\d.]+ seconds'
)
HASH, LCS_TOKEN = "pbkdf2_sha256$1000000$c2FsdA$aGFzaA=", "an LCS token"


def paths_in(patterns, prefix=""):
    for pattern in patterns:
        path = prefix + str(pattern.pattern)
        yield from paths_in(pattern.url_patterns, path) if isinstance(pattern, URLResolver) else [path]


@pytest.fixture
def ticket(ada, mia, make_ticket):
    """A ticket that Mia closed."""
    return make_ticket(ada, "CLOSED", mentor=mia)


@pytest.fixture
def root(db):
    return User.objects.create(email="root@example.edu", is_superuser=True)


@pytest.fixture
def secrets(olga, root, ticket):
    """What everybody's account holds: a password's hash, and an LCS token, as it is and as it is stored."""
    encrypted = encrypt(LCS_TOKEN)
    User.objects.update(password=HASH, encrypted_lcs_token=encrypted)
    return HASH, LCS_TOKEN, encrypted


@pytest.fixture
def event(ticket):
    return Event.objects.create(name="HackRU", opens=timezone.now() + timedelta(days=1))


@pytest.fixture
def webhook(ticket):
    webhook = Webhook(name="Mentors", kind="slack", tells=["opened"], is_on=False)
    webhook.url = "https://hooks.example/only-here"
    webhook.save()
    outbox.tell_test(webhook)
    return webhook


@pytest.fixture
def desk_as(client, ticket, event, webhook, ada):
    """Ask for a path of PATHS as somebody; returns status, where to, and the page without what each request makes anew."""

    def get(user, path):
        client.force_login(User.objects.get(pk=user.pk), backend="mentorq_users.backends.LCSBackend")
        response = client.get(filled(path))
        content = b"".join(response.streaming_content) if response.streaming else response.content
        return response.status_code, response.get("Location"), ANEW.sub("", content.decode())

    def filled(path):
        types = {model: str(ContentType.objects.get(model=model).pk) for model in ("feedback", "user")}
        said = {
            "ticket": str(ticket.pk),
            "event": str(event.pk),
            "webhook": str(webhook.pk),
            "notice": str(webhook.notices.get().pk),
            "user": str(ada.pk),
            **{f"{model} type": pk for model, pk in types.items()},
        }
        return "/admin/" + re.sub("<(.*?)>", lambda match: said[match[1]], path)

    get.filled = filled
    return get


def test_every_path_of_the_admin_site_is_in_the_table():
    assert set(paths_in(admin.site.urls[0])) == set(PATHS)


# Who comes in

DEMOTIONS = {
    "an organizer": ("olga", {"is_organizer": False}),
    "an organizer who is a mentor now": ("olga", {"is_organizer": False, "is_mentor": True}),
    "a director": ("dan", {"is_director": False}),
    "a director and mentor": ("dora", {"is_director": False}),
    "a deactivated director": ("dan", {"is_active": False}),
    "an organizer whom LCS refused": ("olga", {"encrypted_lcs_token": ""}),
    "a hacker": ("ada", {}),
    "a mentor": ("mia", {}),
}


@pytest.mark.parametrize("who", DEMOTIONS)
def test_no_page_opens_for_anyone_else_nor_with_a_session_from_before(who, client, person, desk_as):
    name, changes = DEMOTIONS[who]
    user = person(name)
    client.force_login(user, backend="mentorq_users.backends.LCSBackend")
    before = client.get("/admin/").status_code
    User.objects.filter(pk=user.pk).update(**changes)
    paths = [desk_as.filled(asked[0]) for asked in PATHS.values() if asked]

    answers = {path: [client.get(path), client.post(path)] for path in paths}

    assert before == (302 if name in ("ada", "mia") else 200)
    assert {
        path: [(each.status_code, each["Location"], each.content) for each in both] for path, both in answers.items()
    } == {path: [(302, f"/admin/login/?next={quote(path)}", b"")] * 2 for path in paths}


def test_a_director_who_is_an_organizer_now_sees_what_organizers_see(client, dan):
    client.force_login(dan, backend="mentorq_users.backends.LCSBackend")
    before = "figures" in client.get("/admin/").context

    User.objects.filter(pk=dan.pk).update(is_director=False, is_organizer=True)

    page = client.get("/admin/?range=all")
    assert (before, page.status_code, "figures" in page.context, b"<canvas" in page.content) == (True, 200, False, False)


# What is for directors


def test_every_page_is_the_same_to_an_organizer_whether_a_ticket_was_rated_or_not(olga, ticket, desk_as, secrets):
    with transaction.atomic():
        unrated = {path: desk_as(olga, path) for path in ASKED}
        transaction.set_rollback(True)
    Feedback.objects.give(ticket, rating=4.5, comments="Patient")

    rated = {path: desk_as(olga, path) for path in ASKED}

    assert [path for path in ASKED if rated[path] != unrated[path]] == []
    assert [path for path in ASKED for secret in secrets if secret in rated[path][2]] == []


def test_no_page_has_figures_for_an_organizer(olga, ticket, desk_as):
    paths = ["?range=all", f"{TICKET}/?status=ALL", f"{TICKET}/<ticket>/change/", f"{USER}/"]
    words = ["<canvas", "median", "until they came", " stars", "with feedback"]

    pages = {path: desk_as(olga, path)[2] for path in paths}

    assert [(path, word) for path in paths for word in words if word in pages[path]] == []


@pytest.mark.parametrize(
    "path", ["?range=all", f"{TICKET}/<ticket>/change/", f"{TICKET}/export/csv/?status=ALL&_feedback=on"]
)
def test_to_a_director_these_are_not(path, dan, ticket, desk_as):
    unrated = desk_as(dan, path)
    Feedback.objects.give(ticket, rating=4.5, comments="Patient")

    assert desk_as(dan, path) != unrated


# What is for nobody


def test_no_page_shows_a_hash_or_a_token_even_to_who_sees_everything(root, ticket, desk_as, secrets):
    pages = {path: desk_as(root, path)[2] for path in ASKED}

    assert [path for path in ASKED for secret in secrets if secret in pages[path]] == []


def test_no_file_of_the_command_has_a_hash_or_a_token(ticket, secrets, capsys):
    for kind in ("csv", "jsonl"):
        call_command("exporttickets", "--history", "--feedback", f"--format={kind}")

    written = capsys.readouterr().out
    assert ("ada@example.edu" in written, [secret for secret in secrets if secret in written]) == (True, [])


@pytest.mark.parametrize("path", [f"{TICKET}/", f"{TICKET}/<ticket>/change/", f"{USER}/", f"{USER}/<user>/change/"])
@pytest.mark.parametrize(
    "column", ["password", "encrypted_lcs_token", "email", "feedback", "events", "owner_email", "nope"]
)
def test_a_row_is_named_by_its_id_alone(column, path, dan, desk_as):
    assert desk_as(dan, f"{path}?_to_field={column}")[0] == 400


@pytest.mark.parametrize("page", ["x", "0", "2", "-1", "9" * 5000])
def test_a_page_of_the_search_that_is_none_is_a_bad_request(page, olga, desk_as):
    assert desk_as(olga, f"search/?s=t&page={page}")[0] == 400


@pytest.mark.parametrize("model", ["ticket", "user", "feedback", "ticketevent", "session", "logentry"])
def test_the_way_from_the_desk_to_the_site_tells_not_what_there_is(model, olga, ticket, desk_as):
    Feedback.objects.give(ticket, rating=4.5)
    number = ContentType.objects.get(model=model).pk

    assert desk_as(olga, f"r/{number}/<ticket>/") == desk_as(olga, f"r/{number}/987654/")
