"""docs/frontend.md: each exchange happens as it is shown, each error comes, and its Python works."""

import json
import re
import signal
import threading
from datetime import timedelta

import jwt
import pytest
import requests
import responses
from django.db import connection
from django.utils import timezone

from mentorq.settings import BASE_DIR
from mentorq_backend.models import Event, Ticket
from mentorq_backend.moves import MOVES, Who
from mentorq_backend.tests.live.process import LiveProcess
from mentorq_users.throttles import TokenThrottle
from mentorq_users.tokens import AccessToken, issue

DOCUMENT = (BASE_DIR / "docs/frontend.md").read_text()
PAGE = (BASE_DIR / "docs/frontend.html").read_text()
SERVER, LIVE, LCS = "http://127.0.0.1:8000", "http://127.0.0.1:8002", "http://127.0.0.1:8001/dev"
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", DOCUMENT, re.DOTALL | re.MULTILINE)


def table_under(title):
    """The cells of each row of the first table under that heading."""
    rows = re.search(rf"^##+ {title}\n.*?\n\| ---.*?\n(.*?)\n\n", DOCUMENT, re.DOTALL | re.MULTILINE)[1].splitlines()
    return [[cell.strip(" `") for cell in row.strip("|").split("|")] for row in rows]


def token(user, **lifetime):
    issued = issue(AccessToken, user)
    if lifetime:
        issued.set_exp(lifetime=timedelta(**lifetime))
    return str(issued)


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


def test_a_ticket_is_opened_whatever_other_fields_are_sent(signed_in):
    ticket = signed_in("ada")["open_ticket"](title="My build loops", location="Table 12", unknown=1)

    assert (ticket["title"], "unknown" in ticket) == ("My build loops", False)


def test_only_a_closed_ticket_with_a_mentor_is_rated_and_only_once(signed_in, ada, mia, make_ticket):
    names, refused = signed_in("ada"), []
    opened, closed = make_ticket(ada), make_ticket(ada, "CLOSED", mentor=mia)

    names["rate"](closed.pk, 4)
    for ticket in (opened, closed):
        with pytest.raises(requests.HTTPError) as error:
            names["rate"](ticket.pk, 4)
        refused.append(error.value.response.status_code)

    assert refused == [403, 400]


def test_the_origins_of_the_table_are_allowed_by_default(settings):
    assert re.findall(r"http://[\w.:]+", str(table_under("Origins"))) == settings.CORS_ALLOWED_ORIGINS


def test_every_piece_of_javascript_is_in_the_page():
    assert [piece for piece in blocks("js") if f"\n{piece}" not in PAGE] == []
    assert len(blocks("js")) == 9


# The Python


@pytest.fixture
def program(committed, live_server, lcs):
    """Run the document's Python without its endless last piece, and return its names."""
    opened = []

    def run(*more, live=LIVE, **names):
        code = "\n".join([*blocks("python")[:-1], *more])
        code = code.replace(SERVER, live_server.url).replace(LCS, lcs.url).replace(LIVE, live)
        opened.append(names)
        exec(code, names)
        return names

    yield run
    for names in opened:
        names["session"].close()  # or the server keeps its connection to the database, which then cannot be dropped


@pytest.fixture
def signed_in(program):
    def get(name):
        names = program()
        names["sign_in"](f"{name}@example.edu", "hackru")
        return names

    return get


def test_from_opening_to_stars(signed_in):
    ada, mia = signed_in("ada"), signed_in("mia")

    ticket = ada["open_ticket"](title="My build loops for ever", location="Table 12")["id"]
    claimed = mia["move"](ticket, "CLAIMED")
    mia["move"](ticket, "CLOSED")
    ada["rate"](ticket, 4.5, "Thanks!")

    found = Ticket.objects.get()
    assert (claimed["status"], found.status, found.mentor_email) == ("CLAIMED", "CLOSED", "mia@example.edu")
    assert (found.feedback.rating, found.feedback.comments) == (4.5, "Thanks!")


def test_a_site_that_has_an_lcs_token_needs_no_password(program, lcs):
    names = program()

    names["sign_in_with"]("ada@example.edu", lcs.sign_in("ada@example.edu"))

    assert names["api"]("GET", "/tickets/").json() == []


@pytest.mark.parametrize(("fault", "reason"), [("", "Wrong Password"), ("crashed", "LCS does not answer.")])
def test_a_sign_in_that_lcs_refuses_says_why(program, lcs, fault, reason):
    lcs.fault = fault
    names = program()

    with pytest.raises(PermissionError, match=reason):
        names["sign_in"]("ada@example.edu", "wrong")

    assert names["tokens"] == {}


def test_an_expired_token_is_refreshed_and_the_request_repeated(signed_in, ada, make_ticket):
    make_ticket(ada)
    names, shown = signed_in("ada"), []
    names["tokens"]["access"] = token(ada, seconds=-1)

    names["look"]("/tickets/", shown.extend)

    assert [ticket["title"] for ticket in shown] == ["My build loops"]


def test_a_dead_refresh_token_signs_out(signed_in, ada):
    names = signed_in("ada")
    names["tokens"] |= {"access": token(ada, seconds=-1), "refresh": "dead"}

    with pytest.raises(requests.HTTPError, match="401"):
        names["look"]("/tickets/", print)

    assert names["tokens"] == {}


def test_who_signs_out_cannot_refresh(signed_in):
    names = signed_in("ada")
    before = dict(names["tokens"])

    names["sign_out"]()
    names["tokens"].update(before)

    with pytest.raises(requests.HTTPError, match="401"):
        names["refresh"]()


@pytest.mark.parametrize("path", ["/tickets/", "/queue/"])
def test_what_has_not_changed_is_not_shown_again(signed_in, path):
    names, shown = signed_in("ada"), []

    for _ in range(2):
        names["look"](path, shown.append)

    assert len(shown) == 1


# The stream


@pytest.fixture
def live(committed):
    process = LiveProcess()
    yield f"http://127.0.0.1:{process.port}"
    process.end(signal.SIGTERM)


class Enough(BaseException):
    """Ends the endless loop of the program."""


def claim_in_a_thread(ticket, mentor):
    ticket.claim(by=mentor)
    connection.close()


def test_the_whole_program_prints_the_queue_each_time_that_it_changes(program, live, ada, mia, make_ticket):
    ticket, printed = make_ticket(ada), []

    def keep(*words):
        printed.append(words)
        if len(printed) == 2:
            threading.Timer(1, claim_in_a_thread, (ticket, mia)).start()
        if len(printed) == 4:
            raise Enough

    with pytest.raises(Enough):
        program(blocks("python")[-1], live=live, print=keep)

    assert printed[:2] == [(ticket.pk, "OPEN", "My build loops"), (1, "waiting")]
    assert set(printed[2:]) == {(ticket.pk, "CLAIMED", "My build loops"), (0, "waiting")}


def test_the_program_waits_as_long_as_the_stream_says(signed_in):
    stream = "retry: 1054\nid: tickets-1\n\nevent: queue\nid: tickets-1\ndata: {}\n\n"
    names, shown = signed_in("ada"), []

    with responses.RequestsMock() as mocked:
        mocked.add_passthru("http://")
        mocked.get(LIVE + "/api/live/", stream)
        pause = names["follow"]({"queue": shown.append})

    assert (pause, len(shown)) == (1.054, 1)


def fields_of(stream):
    return {tuple(re.findall(r"^\w+", block, re.MULTILINE)) for block in stream.strip().split("\n\n")}


def test_the_stream_has_the_fields_that_are_shown(live, ada, make_ticket):
    [documented] = blocks("text")
    headers, heard = {"Authorization": f"Bearer {token(ada)}"}, ""

    with requests.get(f"{live}/api/live/", headers=headers, stream=True, timeout=5) as stream:
        parts = stream.iter_content(chunk_size=None, decode_unicode=True)
        heard += next(parts)
        make_ticket(ada)
        while "event: queue\n" not in heard or not heard.endswith("\n\n"):
            heard += next(parts)

    assert fields_of(heard) == fields_of(documented)
    assert set(re.findall("event: .*", heard)) == set(re.findall("event: .*", documented))
