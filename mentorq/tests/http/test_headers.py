"""What every answer tells a browser not to do."""

import re

import pytest

from mentorq.tests.routes import desk_paths

POLICY = {
    "default-src": "'none'",
    "script-src": "'self' 'unsafe-eval'",  # what django-unfold's Alpine needs; no inline script runs
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}
PATHS = ["/api/tickets", "/api/docs/", "/api/nope", "/admin/login/", "/admin/", "/nope", "/healthz"]


@pytest.mark.django_db
@pytest.mark.parametrize("path", PATHS)
def test_an_answer_loads_nothing_from_elsewhere_and_is_framed_by_nobody(client, path):
    response = client.get(path)

    policy = dict(part.strip().split(" ", 1) for part in response["Content-Security-Policy"].split(";") if part.strip())
    assert policy == POLICY
    assert (response["X-Frame-Options"], response["X-Content-Type-Options"]) == ("DENY", "nosniff")
    assert (response["Referrer-Policy"], response["Cross-Origin-Opener-Policy"]) == ("same-origin", "same-origin")


@pytest.mark.django_db
@pytest.mark.parametrize("path", PATHS)
def test_an_answer_does_not_say_what_made_it(client, path):
    response = client.get(path)

    assert [name for name in ("Server", "X-Powered-By", "Via") if name in response] == []
    assert not re.search(r"django(?!-)|python/", str(response.headers).lower())


@pytest.fixture
def pages(client, dan, ada, mia, make_ticket) -> dict[str, str]:
    """Every page that a browser shows: the docs, the door, and the desk's, by path."""
    ticket = make_ticket(ada, "CLAIMED", mentor=mia)
    paths = ["/api/docs/", *desk_paths(ticket=ticket.pk, user=ada.pk)]
    door = client.get("/admin/login/").content.decode()
    client.force_login(dan, backend="mentorq_users.backends.LCSBackend")
    answers = {path: client.get(path) for path in paths}
    html = {path: answer.content.decode() for path, answer in answers.items() if "html" in answer.get("Content-Type", "")}
    return {**{path: page for path, page in html.items() if page}, "/admin/login/": door}


def test_no_page_has_an_inline_script_or_loads_anything_from_elsewhere(pages):
    inline = {
        path: re.findall(r'<script(?![^>]*(?:\bsrc=|type="application/json"))[^>]*>', page) for path, page in pages.items()
    }
    handlers = {path: re.findall(r"<[^>]*\son[a-z]+=", page) for path, page in pages.items()}
    links = {path: re.findall(r"""(?:src|href|action)=["']?(?:https?:|//|javascript:|data:)[^"' >]*""", page)
             for path, page in pages.items()}  # fmt: skip

    assert len(pages) > 15
    assert [(path, found) for said in (inline, handlers, links) for path, found in said.items() if found] == []


def test_every_path_of_the_desk_is_framed_by_nobody_and_runs_our_own_scripts_alone(client, dan, ada, mia, make_ticket):
    ticket = make_ticket(ada, "CLAIMED", mentor=mia)
    client.force_login(dan, backend="mentorq_users.backends.LCSBackend")

    answers = [client.get(path) for path in desk_paths(ticket=ticket.pk, user=ada.pk)]

    assert {answer["X-Frame-Options"] for answer in answers} == {"DENY"}
    policies = {part.strip() for answer in answers for part in answer["Content-Security-Policy"].split(";") if part.strip()}
    assert policies == {f"{name} {value}" for name, value in POLICY.items()}
