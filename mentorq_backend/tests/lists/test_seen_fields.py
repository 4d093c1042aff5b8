"""Who sees which fields of which answer: what the contract allows, written down, and nothing besides."""

import json

import pytest
from django.db import transaction
from rest_framework.test import APIClient

from mentorq.tests.routes import API_ROUTES, ROUTES, path_of
from mentorq_backend.models import Feedback
from mentorq_users.encryption import encrypt
from mentorq_users.models import User
from mentorq_users.tokens import RefreshToken, issue

# The columns of the tables below. The ticket is Ada's, and Mia is its mentor.
WHO = {
    "anonymous": "", "deactivated": "zoe", "its owner": "ada", "a hacker": "grace", "its mentor": "mia",
    "a mentor": "max", "an organizer": "olga", "a local superuser": "root", "a director": "dan",
    "a director and mentor": "dora",
}  # fmt: skip


def keys(text):
    return dict.fromkeys(text.split())


# What a word of the tables stands for: a status, and the keys of the whole body; a list has those of each item.
TICKET = keys(
    "id url owner_email owner title comment contact location status mentor mentor_email active created created_datetime"
    " claimed_datetime closed_datetime feedback"
)
FEEDBACK = keys("ticket ticket_url rating comments")
ERROR = keys("detail code")
FIGURES = {
    **keys("average_claimed_datetime_seconds average_closed_datetime_seconds"),
    **keys("median_claimed_datetime_seconds median_closed_datetime_seconds"),
    **keys("p90_claimed_datetime_seconds p90_closed_datetime_seconds"),
    **dict.fromkeys(["Total tickets", "Open tickets", "Claimed tickets", "Closed Tickets", "Cancelled Tickets"]),
    **dict.fromkeys(["Number of mentors", "Number of users"]),
    **keys("cancelled_by_server returned_by_server"),
    "Average Rating": keys("rating__avg"),
    "per_hour": [keys("hour tickets closed cancelled average_claimed_datetime_seconds")],
    "per_mentor": [
        keys("mentor_email tickets claimed closed average_claimed_datetime_seconds average_closed_datetime_seconds")
    ],
}
TEXT = None
ANSWERS = {
    "401": (401, ERROR),
    "403": (403, ERROR),
    "404": (404, ERROR),
    "409": (409, ERROR),
    "conflict": (409, {**ERROR, "ticket": TICKET}),
    "limit": (400, {"limit": [TEXT]}),
    "status": (400, {"status": [TEXT]}),
    "date": (400, {"created_after": [TEXT]}),
    "again": (400, {"ticket": [TEXT]}),
    "stars": (400, {"rating": [TEXT]}),
    "text": (200, TEXT),
    "text-403": (403, TEXT),
    "text-404": (404, TEXT),
    "tickets": (200, [TICKET]),
    "page": (200, {**keys("count next previous"), "results": [TICKET]}),
    "none": (200, []),
    "nothing": (200, []),
    "ticket": (200, TICKET),
    "moved": (200, TICKET),
    "opened": (201, TICKET),
    "history": (200, [keys("at by from to mentor_email note")]),
    "figures": (200, FIGURES),
    "ratings": (200, [FEEDBACK]),
    "rating": (200, FEEDBACK),
    "rated": (201, FEEDBACK),
    "leaders": (200, [keys("mentor name average_rating ratings")]),
    "tokens": (200, keys("access refresh")),
    "access": (200, keys("access")),
    "bye": (200, {}),
}
QUEUE, ONE, RATINGS, RATING = "/api/tickets/", "/api/tickets/<pk>/", "/api/feedback/", "/api/feedback/<ticket>/"
HISTORY, SLACK, STATS, LEADERS = f"{ONE}history/", f"{ONE}slack-dm/", "/api/tickets/stats/", f"{RATINGS}leaderboard/"
SIGN_IN, REFRESH, SIGN_OUT = "/api/auth/token/", "/api/auth/refresh/", "/api/auth/logout/"
TOKEN_OPTIONAL = {"/api/queue/", "/api/live/"}  # which have tests of their own
NEW = {"title": "x", "location": "x"}
ADAS = {**NEW, "owner_email": "ada@example.edu"}
# Method, route, query string, body, and which of Ada's tickets where a path or a body names one.
REQUESTS = {
    "queue":         ("GET", QUEUE, "", {}, "held"),
    "page":          ("GET", QUEUE, "?limit=1", {}, "held"),
    "no match":      ("GET", QUEUE, "?search=nothing", {}, "held"),
    "bad limit":     ("GET", QUEUE, "?limit=x", {}, "held"),
    "open":          ("POST", QUEUE, "", NEW, "held"),
    "open for Ada":  ("POST", QUEUE, "", ADAS, "held"),
    "one too many":  ("POST", QUEUE, "", ADAS, "full"),
    "record":        ("POST", QUEUE, "", {**NEW, "status": "CANCELLED"}, "held"),
    "ticket":        ("GET", ONE, "", {}, "held"),
    "rated ticket":  ("GET", ONE, "", {}, "rated"),
    "claim":         ("PATCH", ONE, "", {"status": "CLAIMED"}, "held"),
    "mark":          ("PATCH", ONE, "", {"active": False}, "rated"),
    "impossible":    ("PATCH", ONE, "", {"status": "CLAIMED"}, "rated"),
    "bad status":    ("PATCH", ONE, "", {"status": "DONE"}, "held"),
    "history":       ("GET", HISTORY, "", {}, "rated"),
    "Slack":         ("GET", SLACK, "", {}, "held"),
    "figures":       ("GET", STATS, "", {}, "held"),
    "bad figures":   ("GET", STATS, "?created_after=x", {}, "held"),
    "ratings":       ("GET", RATINGS, "", {}, "rated"),
    "rate":          ("POST", RATINGS, "", {"ticket": "<pk>", "rating": 5}, "unrated"),
    "rate again":    ("POST", RATINGS, "", {"ticket": "<pk>", "rating": 5}, "rated"),
    "bad rating":    ("POST", RATINGS, "", {"ticket": "<pk>", "rating": 6}, "unrated"),
    "rating":        ("GET", RATING, "", {}, "rated"),
    "change rating": ("PATCH", RATING, "", {"rating": 1}, "rated"),
    "leaders":       ("GET", LEADERS, "", {}, "held"),
    "bad leaders":   ("GET", LEADERS, "?limit=0", {}, "held"),
    "sign in":       ("POST", SIGN_IN, "", {"email": "ada@example.edu", "lcs_token": "<lcs>"}, "held"),
    "bad sign-in":   ("POST", SIGN_IN, "", {"email": "ada@example.edu", "lcs_token": "guess"}, "held"),
    "refresh":       ("POST", REFRESH, "", {"refresh": "<refresh>"}, "held"),
    "bad refresh":   ("POST", REFRESH, "", {"refresh": "guess"}, "held"),
    "sign out":      ("POST", SIGN_OUT, "", {"refresh": "<refresh>"}, "held"),
    "bad sign-out":  ("POST", SIGN_OUT, "", {"refresh": "guess"}, "held"),
}  # fmt: skip
# What each of WHO gets, in that order; who is anonymous or deactivated gets a 401 before anything else is looked at.
SEEN = {
    #                 owner     hacker    mentor    a mentor  organizer superuser director  both
    "queue":         "tickets   tickets   tickets   tickets   tickets   tickets   tickets   tickets",
    "page":          "page      page      page      page      page      page      page      page",
    "no match":      "none      none      none      none      none      none      none      none",
    "bad limit":     "limit     limit     limit     limit     limit     limit     limit     limit",
    "open":          "opened    opened    opened    opened    opened    opened    opened    opened",
    "open for Ada":  "opened    403       403       403       opened    opened    opened    opened",
    "one too many":  "409       403       403       403       409       409       409       409",
    "record":        "status    status    status    status    opened    opened    opened    opened",
    "ticket":        "ticket    404       ticket    ticket    ticket    ticket    ticket    ticket",
    "rated ticket":  "ticket    404       ticket    ticket    ticket    ticket    ticket    ticket",
    "claim":         "403       404       moved     conflict  conflict  conflict  conflict  conflict",
    "mark":          "403       404       moved     moved     moved     moved     moved     moved",
    "impossible":    "conflict  404       conflict  conflict  conflict  conflict  conflict  conflict",
    "bad status":    "status    404       status    status    status    status    status    status",
    "history":       "403       404       403       403       history   history   history   history",
    "Slack":         "text      text-404  text      text-403  text      text      text      text",
    "figures":       "403       403       403       403       403       403       figures   figures",
    "bad figures":   "403       403       403       403       403       403       date      date",
    "ratings":       "ratings   ratings   nothing   nothing   nothing   nothing   ratings   ratings",
    "rate":          "rated     404       404       404       404       404       404       404",
    "rate again":    "again     404       404       404       404       404       404       404",
    "bad rating":    "stars     404       404       404       404       404       404       404",
    "rating":        "rating    404       404       404       404       404       rating    rating",
    "change rating": "rating    404       404       404       404       404       403       403",
    "leaders":       "leaders   leaders   leaders   leaders   leaders   leaders   leaders   leaders",
    "bad leaders":   "limit     limit     limit     limit     limit     limit     limit     limit",
}  # fmt: skip
# Who asks these is not looked at: the token in the body is Ada's.
ANYBODY = {
    "sign in": "tokens", "bad sign-in": "401", "refresh": "access", "bad refresh": "401", "sign out": "bye",
    "bad sign-out": "401",
}  # fmt: skip
# The same for everybody, byte for byte.
PUBLIC = {"/", "/board/", "/api/", "/api/docs/", "/api/schema/", "/healthz/", "/readyz/", "/metrics/"}
WRITTEN = ["GET", "POST", "PATCH"]  # HEAD and OPTIONS have tests of their own
COMMON = keys(
    "Allow Cache-Control Content-Length Content-Type Content-Security-Policy Cross-Origin-Opener-Policy Referrer-Policy"
    " Vary X-Content-Type-Options X-Frame-Options X-Request-ID"
).keys()
HEADERS = {
    "401": {"WWW-Authenticate"},
    "opened": {"Location"},
    **{word: {"ETag"} for word in ("tickets", "page", "none", "ticket")},
}


def shape(body):
    """The keys of a JSON document, without its values."""
    if isinstance(body, dict):
        return {key: shape(value) for key, value in body.items()}
    if isinstance(body, list):
        shapes = [shape(item) for item in body]
        return [each for number, each in enumerate(shapes) if each not in shapes[:number]]
    return None


@pytest.fixture
def tickets(ada, grace, mia, max_, make_ticket):
    """Ada's tickets by what they are, and a rated one of Grace's."""
    made = {
        "held": make_ticket(ada, "CLAIMED", mentor=mia),
        "unrated": make_ticket(ada, "CLOSED", mentor=mia),
        "rated": make_ticket(ada, "CLOSED", mentor=mia),
        "hers": make_ticket(grace, "CLOSED", mentor=max_),
    }
    for name in ("rated", "hers"):
        Feedback.objects.give(made[name], rating=4.5, comments="Patient")
    return made


@pytest.fixture
def clients(tickets, person, client_of, lcs):
    """A client for each of WHO, with an LCS token where they have an account."""
    User.objects.create(email="root@example.edu", is_superuser=True)
    handler = APIClient().handler  # one for all: each would load the middleware anew

    def sign_in(name):
        user = User.objects.get(email="root@example.edu") if name == "root" else person(name)
        token = lcs.sign_in("olga@example.edu" if name == "root" else user.email)
        User.objects.filter(pk=user.pk).update(encrypted_lcs_token=encrypt(token), is_active=name != "zoe")
        return client_of(user)

    made = {who: sign_in(name) if name else APIClient() for who, name in WHO.items()}
    for client in made.values():
        client.handler = handler
    return made


@pytest.fixture
def ask(clients, tickets, lcs, ada, settings):
    """Send one of REQUESTS as each of WHO, to the same queue each time; returns their answers."""

    def send(name):
        method, route, query, body, which = REQUESTS[name]
        settings.TICKETS_MAX_OPEN = 0 if which == "full" else 5
        pk = tickets.get(which, tickets["held"]).pk
        said = {"<lcs>": lcs.sign_in(ada.email), "<refresh>": str(issue(RefreshToken, ada)), "<pk>": pk}
        content = json.dumps({key: said.get(value, value) for key, value in body.items()})
        answers = {}
        for who, client in clients.items():
            with transaction.atomic():
                answers[who] = client.generic(method, path_of(route, pk) + query, content, "application/json")
                transaction.set_rollback(True)
        return answers

    return send


def expected_of(name):
    """What the tables say that each of WHO gets for one of REQUESTS."""
    words = [ANYBODY[name]] * len(WHO) if name in ANYBODY else ["401", "401", *SEEN[name].split()]
    return dict(zip(WHO, words, strict=True))


def test_every_route_and_method_is_in_the_tables():
    methods = {(method, route) for route in ROUTES for method in WRITTEN if method in ROUTES[route].split()}

    assert {(method, route) for method, route, *_ in REQUESTS.values()} == {
        (method, route) for method, route in methods if route not in PUBLIC and route not in TOKEN_OPTIONAL
    }
    assert set(REQUESTS) == {*SEEN, *ANYBODY}


@pytest.mark.parametrize("name", REQUESTS)
def test_each_sees_the_keys_and_headers_that_the_tables_say(name, ask):
    expected = expected_of(name)

    answers = ask(name)

    seen = {who: (answer.status_code, shape(answer.json())) for who, answer in answers.items()}
    assert seen == {who: ANSWERS[word] for who, word in expected.items()}
    headers = {who: set(answer.headers) for who, answer in answers.items()}
    assert headers == {who: COMMON | HEADERS.get(word, set()) for who, word in expected.items()}


# The rest of the methods, and what is everybody's


def test_head_says_what_get_says_without_a_body(ask, monkeypatch):
    reads = [name for name, (method, *_) in REQUESTS.items() if method == "GET"]
    for name in reads:
        monkeypatch.setitem(REQUESTS, name, ("HEAD", *REQUESTS[name][1:]))

    answers = {name: ask(name) for name in reads}

    for name in reads:
        expected = {who: (ANSWERS[word][0], b"") for who, word in expected_of(name).items()}
        assert {who: (answer.status_code, answer.content) for who, answer in answers[name].items()} == expected


@pytest.mark.parametrize("route", [route for route in API_ROUTES if "OPTIONS" in ROUTES[route].split()])
def test_options_describe_the_form_to_those_who_may_use_it_and_nobody_else(route, clients, tickets):
    answers = {who: client.options(path_of(route, tickets["rated"].pk)) for who, client in clients.items()}

    refused = dict.fromkeys(["anonymous", "deactivated"], 401) if route not in PUBLIC and "auth" not in route else {}
    refused |= dict.fromkeys(list(WHO)[2:-2], 403) if route == STATS else {}
    refused = {"deactivated": 401} if route in TOKEN_OPTIONAL else refused  # no token is needed, but none may be bad
    assert {who: answer.status_code for who, answer in answers.items()} == {**dict.fromkeys(WHO, 200), **refused}
    assert len({answer.content for answer in answers.values() if answer.status_code == 200}) == 1
    assert b"@" not in answers["a director"].content


@pytest.mark.parametrize("path", sorted(PUBLIC - {"/api/schema/", "/board/"}))
def test_what_is_public_is_the_same_for_everybody(path, clients):
    answers = [client.get(path) for client in clients.values()]

    assert len({(answer.status_code, answer.content, answer.get("Location")) for answer in answers}) == 1


def test_the_document_of_the_api_is_the_same_for_directors_as_for_the_world(clients):
    assert clients["a director"].get("/api/schema/").content == clients["anonymous"].get("/api/schema/").content
