"""The Python of docs/frontend.md, on a server, LCS's stand-in and a live stream."""

import re
import signal
import threading

import pytest
import requests
import responses
from django.db import connection

from mentorq.tests.guide import LCS, LIVE, SERVER, blocks, token
from mentorq_backend.models import Ticket
from mentorq_backend.tests.live.process import LiveProcess


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
