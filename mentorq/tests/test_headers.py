"""What every answer tells a browser not to do."""

import re

import pytest

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


@pytest.mark.parametrize("path", ["/admin/", "/admin/mentorq_backend/ticket/", "/admin/mentorq_users/user/"])
def test_a_page_of_the_desk_has_no_inline_script(client, dan, path):
    client.force_login(dan, backend="mentorq_users.backends.LCSBackend")

    page = client.get(path).content.decode()

    assert re.findall(r"<script(?![^>]*\bsrc=)[^>]*>", page) == []
    assert re.findall(r"\son[a-z]+=", page) == []
    assert "https://" not in "".join(re.findall(r'(?:src|href)="[^"]*"', page))
