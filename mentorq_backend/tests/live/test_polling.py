"""The unchanged poll, answered before the view: what it says, and what it leaves to the view."""

import pytest
from django.db import OperationalError
from django.utils import timezone
from rest_framework.test import APIClient
from rest_framework_simplejwt.tokens import AccessToken

from mentorq_backend.live import polling
from mentorq_backend.models import Ticket
from mentorq_users.models import User
from mentorq_users.tokens import issue

PATHS = ["/api/tickets/", "/api/tickets"]
ORIGIN = "http://localhost:3000"


@pytest.fixture
def poll(client_of):
    """Ask that person's queue as a browser does that has it with that tag."""

    def poll(user, tag=None, path="/api/tickets/", client=None):
        known = {"If-None-Match": tag} if tag else {}
        return (client or client_of(user)).get(path, headers={"Origin": ORIGIN, **known})

    return poll


@pytest.fixture
def tag(ada, mia, make_ticket, poll):
    """The tag of Mia's queue, which holds a ticket of Ada's and one of her own."""
    make_ticket(ada)
    make_ticket(mia)
    return poll(mia)["ETag"]


@pytest.mark.parametrize("path", PATHS)
def test_an_unchanged_poll_takes_two_queries_and_has_no_body(path, ada, mia, make_ticket, poll, django_assert_num_queries):
    make_ticket(ada)
    tag = poll(mia, path=path)["ETag"]

    with django_assert_num_queries(2):
        response = poll(mia, tag, path)

    assert (response.status_code, response.content, response["ETag"]) == (304, b"", tag)


def test_an_unchanged_poll_has_the_headers_of_the_whole_answer(mia, tag, poll):
    whole, unchanged = poll(mia), poll(mia, tag)

    bodys_own = {
        "Content-Type", "Content-Length", "Allow", "X-Frame-Options", "X-Request-ID", "Content-Security-Policy"
    }  # fmt: skip
    assert unchanged["Cache-Control"] == "private, no-cache"
    assert unchanged["Access-Control-Allow-Origin"] == ORIGIN
    assert {part.strip().lower() for part in unchanged["Vary"].split(",")} == {"authorization", "origin"}
    assert {name: value for name, value in unchanged.items() if name != "X-Request-ID"} == {
        name: value for name, value in whole.items() if name not in bodys_own
    }


def test_another_origin_may_not_read_it(mia, tag, client_of):
    response = client_of(mia).get("/api/tickets/", headers={"If-None-Match": tag, "Origin": "http://else.example"})

    assert (response.status_code, "Access-Control-Allow-Origin" in response) == (304, False)


@pytest.mark.parametrize("token", ["x", "a.b.c", "", "\xff"])
def test_a_bad_token_is_refused_whatever_the_tag(token, tag, poll):
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")

    response = poll(None, tag, client=client)

    assert (response.status_code, response.json()["code"]) == (401, "token_not_valid")


def test_an_expired_token_is_refused_whatever_the_tag(mia, tag, poll):
    token = issue(AccessToken, mia)
    token.payload["exp"] = int(timezone.now().timestamp()) - 1
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")

    response = poll(mia, tag, client=client)

    assert (response.status_code, response.json()["code"]) == (401, "token_not_valid")


def test_no_token_is_refused_whatever_the_tag(tag, poll):
    response = poll(None, tag, client=APIClient())

    assert (response.status_code, response.json()["code"]) == (401, "not_authenticated")


@pytest.mark.parametrize("path", PATHS)
def test_a_token_of_a_deactivated_account_is_refused_whatever_the_tag(path, mia, tag, client_of, poll):
    client = client_of(mia)
    User.objects.filter(pk=mia.pk).update(is_active=False)

    response = poll(mia, tag, path, client)

    assert (response.status_code, response.json()["code"]) == (401, "token_not_valid")


def test_a_broken_database_is_503(mia, tag, poll, monkeypatch):
    def fail(user, request):
        raise OperationalError("no such table")

    monkeypatch.setattr(polling.reads, "fingerprint", fail)

    response = poll(mia, tag)

    assert (response.status_code, response.json()["code"]) == (503, "service_unavailable")


@pytest.mark.parametrize(("method", "times"), [("get", 1), ("head", 0), ("post", 0), ("options", 0)])
def test_only_get_is_answered_early(method, times, mia, tag, client_of, monkeypatch):
    early = []
    monkeypatch.setattr(polling, "unchanged", early.append)

    getattr(client_of(mia), method)("/api/tickets/", headers={"If-None-Match": tag})

    assert len(early) == times


@pytest.mark.parametrize("path", ["/api/tickets/stats/", "/api/feedback/", "/api/tickets/1/", "/api/ticketsx/", "/api/"])
def test_only_the_queue_is_answered_early(path, mia, tag, client_of, monkeypatch):
    early = []
    monkeypatch.setattr(polling, "unchanged", early.append)

    client_of(mia).get(path, headers={"If-None-Match": tag})

    assert early == []


def test_a_post_with_the_tag_opens_a_ticket(mia, tag, client_of):
    body = {"title": "Stuck", "location": "Table 12"}

    response = client_of(mia).post("/api/tickets/", body, headers={"If-None-Match": tag})

    assert (response.status_code, Ticket.objects.filter(title="Stuck").count()) == (201, 1)


def test_head_with_the_tag_is_304_as_get_is(mia, tag, client_of):
    response = client_of(mia).head("/api/tickets/", headers={"If-None-Match": tag})

    assert (response.status_code, response["ETag"]) == (304, tag)


@pytest.mark.parametrize("odd", ["*", "garbage", '"', ",,,", '"".""', "W/" * 500, '"é.ü"', '"a.b.c"'])
def test_a_tag_that_is_none_of_ours_gets_the_whole_queue(odd, mia, tag, poll):
    response = poll(mia, odd)

    assert (response.status_code, response["ETag"], len(response.json())) == (200, tag, 2)


@pytest.mark.parametrize("name", ["ada", "grace"])
def test_the_tag_of_one_who_sees_more_does_not_hold_for_others(name, tag, person, poll):
    response = poll(person(name), tag)

    assert response.status_code == 200
    assert response["ETag"].partition(".")[0] != tag.partition(".")[0]


def test_the_tag_of_another_mentor_is_304_since_the_bytes_are_equal_but_not_the_same_tag(mia, max_, tag, poll):
    response = poll(max_, tag)

    assert (response.status_code, poll(max_).content) == (304, poll(mia).content)
    assert response["ETag"] != tag


def test_somebody_demoted_gets_their_own_queue(mia, tag, client_of, poll):
    client = client_of(mia)
    User.objects.filter(pk=mia.pk).update(is_mentor=False)

    response = poll(mia, tag, client=client)

    assert (response.status_code, [ticket["owner_email"] for ticket in response.json()]) == (200, [mia.email])


def test_somebody_promoted_gets_the_whole_queue(ada, mia, tag, client_of, poll):
    client = client_of(ada)
    own = poll(ada, client=client)["ETag"]
    User.objects.filter(pk=ada.pk).update(is_mentor=True)

    response = poll(ada, own, client=client)

    assert (response.status_code, len(response.json())) == (200, 2)


def test_a_host_that_is_not_ours_is_400_and_not_500(mia, tag, client_of):
    response = client_of(mia).get("/api/tickets/", headers={"If-None-Match": tag, "Host": "else.example"})

    assert (response.status_code, response.json()["code"]) == (400, "bad_request")


def test_a_changed_poll_takes_no_more_queries_than_a_first_one(ada, mia, tag, make_ticket, poll, django_assert_num_queries):
    make_ticket(ada)

    with django_assert_num_queries(4):
        response = poll(mia, tag)

    assert (response.status_code, len(response.json())) == (200, 3)
