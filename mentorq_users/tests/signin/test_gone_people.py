"""People who were deleted, deactivated or demoted: what their old tokens are still good for, at each path and method."""

import json

import pytest
from django.db import transaction
from rest_framework.test import APIClient
from rest_framework_simplejwt.tokens import AccessToken

from mentorq.tests.routes import API_ROUTES, METHODS, path_of
from mentorq_backend.models import Feedback
from mentorq_users.models import RevokedToken, User
from mentorq_users.tokens import RefreshToken, issue

# These ask for no token.
OPEN = {"/api/"} | {
    f"/api/{path}/" for path in ("auth/logout", "auth/refresh", "auth/token", "docs", "live", "queue", "schema")
}
SECURED = [route for route in API_ROUTES if route not in OPEN]
NOT_VALID = {"detail": "Token is invalid or expired", "code": "token_not_valid"}
GONE = {
    "deleted": lambda user: user.delete(),
    "deactivated": lambda user: User.objects.filter(pk=user.pk).update(is_active=False),
}
BODIES = {
    ("POST", "/api/tickets/"): {"title": "Stuck", "location": "Table 1", "owner_email": "ada@example.edu"},
    ("PATCH", "/api/tickets/<pk>/"): {"active": False},
    ("POST", "/api/feedback/"): {"ticket": 1, "rating": 5, "comments": ""},
    ("PATCH", "/api/feedback/<ticket>/"): {"rating": 1},
}


@pytest.fixture
def ticket(ada, mia, make_ticket):
    rated = make_ticket(ada, "CLOSED", mentor=mia)
    Feedback.objects.give(rated, rating=5)
    return rated


@pytest.fixture
def ask_everything(ticket):
    """Ask every secured path by every method with that access token, each as if it were the first; return the answers."""
    api = APIClient()

    def ask(token: AccessToken) -> dict[str, tuple[int, bytes]]:
        answers = {}
        for route in SECURED:
            for method in METHODS:
                body = json.dumps(BODIES.get((method, route), {}))
                path = path_of(route, ticket.pk)
                with transaction.atomic():
                    response = api.generic(
                        method, path, body, "application/json", headers={"Authorization": f"Bearer {token}"}
                    )
                    transaction.set_rollback(True)
                answers[f"{method} {route}"] = response.status_code, response.content
        return answers

    return ask


def test_the_paths_that_ask_for_no_token_are_these(client, ticket):
    statuses = {route: client.get(path_of(route, ticket.pk)).status_code for route in API_ROUTES}

    assert {route for route, status in statuses.items() if status != 401} == OPEN


@pytest.mark.parametrize("how", GONE)
@pytest.mark.parametrize("name", ["ada", "dan"])
def test_somebody_gone_is_refused_at_every_path_by_every_method(ask_everything, person, name, how):
    user = person(name)
    token = issue(AccessToken, user)
    GONE[how](user)

    answers = ask_everything(token)

    refused = {asked: json.loads(content or "null") for asked, (status, content) in answers.items() if status == 401}
    assert refused == {asked: None if asked.startswith("HEAD") else NOT_VALID for asked in answers}


@pytest.mark.parametrize("how", GONE)
def test_an_unchanged_poll_of_somebody_gone_is_no_304(client_of, mia, how):
    client = client_of(mia)
    tag = client.get("/api/tickets/")["ETag"]
    before = client.get("/api/tickets/", headers={"If-None-Match": tag})
    GONE[how](mia)

    response = client.get("/api/tickets/", headers={"If-None-Match": tag})

    assert (before.status_code, response.status_code, response.json()) == (304, 401, NOT_VALID)


@pytest.mark.parametrize("lie", [{"mentor": True, "organizer": True, "director": True}, {"user_id": "1"}])
def test_what_an_old_token_says_of_them_gets_a_demoted_director_nothing_anywhere(ask_everything, dan, lcs, lie):
    old = issue(AccessToken, dan)
    old.payload.update(lie)
    as_director = ask_everything(old)
    User.objects.filter(pk=dan.pk).update(is_director=False)
    dan.refresh_from_db()

    demoted, hacker = ask_everything(old), ask_everything(issue(AccessToken, dan))

    assert demoted == hacker
    lost = {asked for asked, (status, _) in as_director.items() if status < 300 and demoted[asked][0] in (403, 404)}
    assert lost == {
        "POST /api/tickets/", "GET /api/tickets/<pk>/", "HEAD /api/tickets/<pk>/", "PATCH /api/tickets/<pk>/",
        "GET /api/tickets/<pk>/history/", "HEAD /api/tickets/<pk>/history/", "GET /api/tickets/stats/",
        "HEAD /api/tickets/stats/", "OPTIONS /api/tickets/stats/", "GET /api/feedback/<ticket>/",
        "HEAD /api/feedback/<ticket>/",
    }  # fmt: skip
    assert [demoted[f"GET /api/{path}/"] for path in ("tickets", "feedback")] == [(200, b"[]")] * 2


def test_a_refresh_token_of_somebody_deactivated_can_be_logged_out_and_nothing_else(api, mia, refresh_token, claims_of):
    token = refresh_token(mia)
    GONE["deactivated"](mia)

    refreshed = api.post("/api/auth/refresh/", {"refresh": token})
    logged_out = api.post("/api/auth/logout/", {"refresh": token})

    assert (refreshed.status_code, refreshed.json()["code"]) == (401, "token_not_valid")
    assert (logged_out.status_code, logged_out.json()) == (200, {})
    assert list(RevokedToken.objects.values_list("jti", flat=True)) == [claims_of(token)["jti"]]


def test_the_old_tokens_of_somebody_deleted_are_those_of_their_next_account(api, mia, lcs, refresh_token):
    access, refresh = issue(AccessToken, mia), refresh_token(mia)
    mia.delete()

    def statuses() -> tuple[int, int]:
        asked = api.get("/api/tickets/", headers={"Authorization": f"Bearer {access}"})
        return asked.status_code, api.post("/api/auth/refresh/", {"refresh": refresh}).status_code

    before = statuses()
    api.post("/api/auth/token/", {"email": mia.email, "lcs_token": lcs.sign_in(mia.email)})

    assert (before, statuses()) == ((401, 401), (200, 200))
    assert User.objects.count() == 1


def test_the_old_tokens_of_somebody_deactivated_work_again_once_they_are_let_in_again(api, mia):
    refresh = str(issue(RefreshToken, mia))
    statuses = []

    for is_active in (False, True):
        User.objects.update(is_active=is_active)
        statuses.append(api.post("/api/auth/refresh/", {"refresh": refresh}).status_code)

    assert statuses == [401, 200]
