"""docs/frontend.md: each exchange happens as it is shown, each error comes, and its JavaScript is in the page."""

import json
import re
from datetime import timedelta

import jwt
import pytest
import requests
from django.utils import timezone

from mentorq.tests.guide import LCS, PAGE, SERVER, blocks, table_under, token
from mentorq_backend.models import Event
from mentorq_backend.moves import MOVES, Who
from mentorq_users.throttles import TokenThrottle

INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


# What is sent, and what comes back


def same(documented, real):
    """Whether the names and their order are equal, and what does not change from run to run."""
    match documented:
        case dict():
            return list(documented) == list(real) and all(same(documented[name], real[name]) for name in documented)
        case list():
            return len(documented) == len(real) and all(map(same, documented, real))
        case str() if INSTANT.fullmatch(documented):
            return bool(INSTANT.fullmatch(real))
        case str():
            return bool(re.fullmatch(re.escape(documented).replace("…", ".+"), real))
        case bool() | None:
            return documented is real
        case _:
            return type(documented) is type(real)


def parts(message):
    """The first line of a request or a response, its headers, and its body."""
    first, rest = re.match(r"(.*)\n((?:.|\n)*)", message).groups()
    headers = re.match(r"(?:[\w-]+: .*\n)*", rest)[0]
    body = rest[len(headers) :]
    return first, dict(line.split(": ", 1) for line in headers.splitlines()), json.loads(body) if body.strip() else None


class Conversation:
    """Sends what the document shows. What it has learnt stands for the document's placeholders."""

    def __init__(self, server, lcs, known):
        self.server, self.lcs, self.known = server, lcs, known

    def send(self, request):
        for placeholder, value in self.known.items():
            request = request.replace(placeholder, value)
        line, headers, body = parts(request.replace(LCS, self.lcs))
        method, url = line.split()
        url = url if url.startswith("http") else self.server + url
        response = requests.request(method, url, json=body, headers=headers, timeout=10)
        self.learn(response)
        return response

    def learn(self, response):
        if "ETag" in response.headers:
            self.known["ETAG"] = response.headers["ETag"]
        found = response.json() if response.content else {}
        if "statusCode" in found and "token" in found["body"]:
            self.known["lcs-token-…"] = found["body"]["token"]
        if "refresh" in found:
            self.known |= {"eyJ…": found["refresh"], "ADA": found["access"]}
        if response.status_code == 201 and "id" in found:
            self.known |= {"/7/": f"/{found['id']}/", '"ticket": 7': f'"ticket": {found["id"]}'}

    def body(self, response):
        """The body as it would be at the document's address, with the document's ticket."""
        text = response.text.replace(self.server, SERVER).replace(self.known.get("/7/", "/7/"), "/7/")
        return json.loads(text) if text else None


@pytest.fixture
def event(grace, max_, make_ticket):
    """The event of the document, in which enough people were helped for a forecast."""
    now = timezone.now()
    found = Event.objects.create(
        name="HackRU Fall 2026", opens=now - timedelta(hours=1), closes=now + timedelta(hours=20), message="Pizza at 7"
    )
    for number in range(5):
        make_ticket(grace, "CLOSED", mentor=max_, title=f"Ticket {number}")
    return found


def test_every_exchange_happens_as_it_is_shown(committed, live_server, lcs, event, ada, mia, max_):
    known = {"MIA": token(mia), "MAX": token(max_), "EXPIRED": token(ada, seconds=-1)}
    conversation = Conversation(live_server.url, lcs.url, known)

    wrong = []
    for exchange in blocks("http"):
        request, answer = re.fullmatch(r"((?:.+\n)+)\n((?:.+\n)+)", exchange).groups()
        status, headers, body = parts(answer)
        response = conversation.send(request)
        real = conversation.body(response)
        if (int(status), True) != (response.status_code, same(body, real)) or not headers.keys() <= set(response.headers):
            wrong.append((request, response.status_code, real))

    assert wrong == []
    assert len(blocks("http")) == 16


def test_the_claims_are_those_of_an_access_token(ada):
    [documented] = blocks("json")

    claims = jwt.decode(token(ada), options={"verify_signature": False})

    assert claims["user_id"] == str(ada.pk)  # in the document, that of the first person
    assert same(json.loads(documented), {**claims, "user_id": "1"})


def test_every_error_of_the_table_comes(lcs, settings, monkeypatch, client, client_of, ada, grace, mia, max_, make_ticket):
    tickets, door = "/api/tickets/", "/api/auth/token/"
    mine, taken, closed = make_ticket(ada), make_ticket(ada, "CLAIMED", mentor=mia), make_ticket(ada, "CLOSED", mentor=mia)
    question = {"title": "My build loops", "location": "Table 12"}

    def send(user, method, path, body=None):
        sender = client_of(user) if user else client
        response = sender.generic(method, path, json.dumps(body), "application/json")
        return response.status_code, response.json().get("code", "–")

    def claim(user, ticket):
        return send(user, "PATCH", f"{tickets}{ticket.pk}/", {"status": "CLAIMED"})

    def while_closed():
        event = Event.objects.create(name="Paused", opens=timezone.now() - timedelta(hours=1), paused=True)
        answer = send(grace, "POST", tickets, question)
        event.delete()
        return answer

    def one_more_than(limit):
        for number in range(limit):
            make_ticket(grace, title=f"Ticket {number}")
        return send(grace, "POST", tickets, question)

    def again(**attempt):
        monkeypatch.setattr(TokenThrottle, "rate", "1/min", raising=False)
        return [send(None, "POST", door, attempt) for _ in range(2)][1]

    def without_lcs(**attempt):
        lcs.fault = "html"
        return send(None, "POST", door, attempt)

    expired = client.get(tickets, headers={"authorization": f"Bearer {token(ada, seconds=-1)}"})
    real = [
        send(ada, "POST", tickets, {"title": ""}),
        send(None, "POST", door, {"email": "ada@example.edu", "lcs_token": "x"}),
        send(None, "GET", tickets),
        (expired.status_code, expired.json()["code"]),
        send(None, "POST", "/api/auth/refresh/", {"refresh": "dead"}),
        claim(ada, mine),
        claim(grace, mine),
        claim(max_, taken),
        claim(mia, closed),
        while_closed(),
        one_more_than(5),
        again(email="often@example.edu", lcs_token="x"),
        without_lcs(email="mia@example.edu", lcs_token="x"),
    ]

    assert real == [(int(status), code) for status, code, *_ in table_under("Errors")]


PEOPLE = {Who.MENTOR: "a mentor, but not for their own ticket", Who.ITS_MENTOR: "its mentor", Who.OWNER: "its owner"}


def test_the_moves_of_the_table_are_those_that_change_the_status():
    documented = table_under("5. Claim, release, close, cancel")

    real = [
        [
            move.verb,
            str(before),
            str(after),
            ", ".join(PEOPLE[who] for who in Who if who in move.who & PEOPLE.keys()) or "–",
        ]
        for (before, after), move in MOVES.items()
        if before != after
    ]
    assert sorted(documented) == sorted(real)


def test_broken_json_is_a_parse_error(client_of, ada):
    refused = client_of(ada).generic("POST", "/api/tickets/", "{", "application/json")

    assert (refused.status_code, refused.json()["code"]) == (400, "parse_error")


def test_the_origins_of_the_table_are_allowed_by_default(settings):
    assert re.findall(r"http://[\w.:]+", str(table_under("Origins"))) == settings.CORS_ALLOWED_ORIGINS


def test_every_piece_of_javascript_is_in_the_page():
    assert [piece for piece in blocks("js") if f"\n{piece}" not in PAGE] == []
    assert len(blocks("js")) == 9
