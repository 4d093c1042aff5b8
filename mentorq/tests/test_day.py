"""A day at a hackathon: the frontend's own conversation, over real HTTP, with a running server and LCS's stand-in."""

from datetime import timedelta

import pytest
from django.conf import settings as django_settings
from django.utils import timezone
from rest_framework_simplejwt.tokens import AccessToken

from mentorq.tests.frontend import Frontend, check_that_it_suits_the_frontend, from_opening_to_stars
from mentorq_users.models import User
from mentorq_users.tokens import issue

pytestmark = pytest.mark.usefixtures("committed")
ORIGIN = "http://localhost:3000"


@pytest.fixture
def answers():
    """Every answer of the day."""
    return []


@pytest.fixture
def at_the_venue(live_server, lcs, answers):
    """Somebody's browser, not signed in."""

    def arrive(name):
        return Frontend(live_server.url, lcs, f"{name}@example.edu", answers, ORIGIN)

    return arrive


@pytest.fixture
def signed_in(at_the_venue):
    """Somebody's browser, signed in."""
    return lambda name: at_the_venue(name).sign_in()


@pytest.fixture(autouse=True)
def every_answer_suits_the_frontend(answers):
    """Whatever happened in the test: no answer was HTML, a redirect, or without CORS headers; lists were arrays."""
    yield
    assert answers
    for answer in answers:
        check_that_it_suits_the_frontend(answer, ORIGIN)


def test_a_ticket_from_its_opening_to_its_stars(signed_in):
    from_opening_to_stars(signed_in)


def test_tickets_that_take_other_ways(signed_in):
    ada, mia = signed_in("ada"), signed_in("mia")
    first, second = ada.open("First"), ada.open("Second")

    statuses = [
        ada.move(first, "CANCELLED", "").json()["status"],
        ada.move(first, "OPEN", "").json()["status"],
        mia.move(first, "CLAIMED", mia.email).json()["status"],
        mia.move(first, "OPEN", "").json()["status"],
        mia.move(second, "CLOSED", mia.email).json()["status"],
        mia.move(second, "OPEN", "").json()["status"],
        ada.move(second, "CLAIMED", ada.email).status_code,
        ada.move(second, "CLOSED", ada.email).status_code,
    ]

    assert statuses == ["CANCELLED", "OPEN", "CLAIMED", "OPEN", "CLOSED", "OPEN", 403, 403]
    assert ada.send("GET", f"/tickets/{first}/slack-dm").json() == "error: Nobody has claimed it yet."


def test_before_signing_in_the_page_hears_that_it_should(at_the_venue):
    ada = at_the_venue("ada")

    response = ada.send("GET", "/tickets/")

    assert (response.status_code, response.json()["code"]) == (401, "token_not_valid")


def test_an_access_token_that_expires_is_renewed_with_the_first_refresh_token(signed_in):
    ada = signed_in("ada")
    first_refresh_token = ada.refresh_token
    for _ in range(2):
        expired = issue(AccessToken, User.objects.get(email=ada.email))
        expired.set_exp(lifetime=-timedelta(seconds=1))
        ada.access = str(expired)

        refused = ada.send("GET", "/tickets/")
        assert (refused.status_code, refused.json()["code"]) == (401, "token_not_valid")

        assert list(ada.refresh().json()) == ["access"]
        assert ada.send("GET", "/tickets/").status_code == 200
    assert ada.refresh_token == first_refresh_token


def age_roles():
    """Let what LCS said be older than MentorQ trusts."""
    old = timezone.now() - 2 * django_settings.LCS_ROLES_MAX_AGE
    User.objects.update(roles_checked_at=old)


def test_a_mentor_who_is_demoted_in_lcs_sees_their_own_tickets_from_then_on(signed_in, lcs):
    ada, max_ = signed_in("ada"), signed_in("max")
    ada.open("Help")
    assert (len(max_.poll()), max_.claims()["mentor"]) == (1, True)
    lcs.people[max_.email]["role"]["mentor"] = False
    age_roles()

    max_.refresh()

    assert (max_.poll(), max_.claims()["mentor"]) == ([], False)


def test_while_lcs_is_down_those_who_are_in_notice_nothing(signed_in, at_the_venue, lcs, settings):
    settings.LCS_TIMEOUT = 0.2
    ada, mia = signed_in("ada"), signed_in("mia")
    age_roles()
    lcs.fault = "hanging"

    ticket = ada.open("Help")
    assert mia.refresh().status_code == 200
    assert mia.move(ticket, "CLAIMED", mia.email).status_code == 200
    slack = ada.send("GET", f"/tickets/{ticket}/slack-dm")
    assert (slack.status_code, slack.json()[:7]) == (503, "error: ")
    late = at_the_venue("grace").send("POST", "/auth/token/", {"email": "grace@example.edu", "lcs_token": "x"})
    assert (late.status_code, "Retry-After" in late.headers) == (503, True)


def test_signing_out_ends_it(signed_in):
    ada = signed_in("ada")

    assert ada.send("POST", "/auth/logout/", {"refresh": ada.refresh_token}).json() == {}
    assert ada.refresh().json()["code"] == "token_not_valid"


@pytest.mark.parametrize("path", ["/tickets/7", "/tickets/", "/feedback/7/", "/auth/token/", "/nope"])
def test_a_browser_may_ask_before_it_sends(path, at_the_venue):
    ada = at_the_venue("ada")
    wanted = {
        "Access-Control-Request-Method": "PATCH",
        "Access-Control-Request-Headers": "authorization,content-type,if-none-match",
    }

    response = ada.send("OPTIONS", path, **wanted)

    allowed = {name.strip() for name in response.headers["Access-Control-Allow-Headers"].split(",")}
    assert response.status_code == 200
    assert {"authorization", "content-type", "if-none-match"} <= allowed
    assert "PATCH" in response.headers["Access-Control-Allow-Methods"]


def test_a_page_may_read_the_etag(signed_in):
    response = signed_in("ada").send("GET", "/tickets/")

    assert "ETag" in response.headers["Access-Control-Expose-Headers"]
