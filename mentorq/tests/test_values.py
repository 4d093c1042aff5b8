"""Values that a schema does not think of: texts are kept as they are, ids and numbers mean the same on both databases."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase
from rest_framework.test import APIRequestFactory

from mentorq.tests.rows import rows
from mentorq_backend.models import Ticket
from mentorq_backend.serializers import TicketCreateSerializer, TicketSerializer
from mentorq_users.lcs import LCSProfile
from mentorq_users.models import User

IDS = [0, 2**31 - 1, 2**31, 2**32, 2**63 - 1, 2**63, 2**64, 10**25, int("7" * 1000)]
ODD_TEXTS = [
    "\u202eright to left\u202c", "\u2066isolated\u2069", "zero\u200bwidth\u200dand\ufeffmarks", "e\u0301 is not é",
    "👩‍👩‍👧‍👦🏳️‍🌈", "\x01\x1b[31m\x7f\x85", "line\u2028and\u2029paragraph", "\ufffe\uffff\U0010ffff", "K is not K",
    "<script>alert(1)</script>", "{{ 7 * 7 }} %s %(x)s ${x}", "' OR 1=1 --", "=cmd|' /C calc'!A0", "a\r\n\tb", "ﷺ" * 50,
]  # fmt: skip


@pytest.mark.parametrize("text", ODD_TEXTS)
def test_a_text_is_kept_and_shown_as_it_was_sent(sender, effective, text):
    client = sender("ada")
    sent = dict.fromkeys(("title", "comment", "contact", "location", "owner"), f"a{text}b")

    made = client.post("/api/tickets/", sent).json()
    listed = client.get("/api/tickets/").json()[0]

    assert {name: made[name] for name in sent} == sent
    assert listed == client.get(made["url"]).json() == made


@pytest.mark.parametrize("text", ODD_TEXTS)
def test_a_mentors_name_and_comments_are_kept_and_shown_as_they_were_sent(sender, effective, text):
    ticket, _ = effective["PATCH /api/tickets/{id}/"]
    feedback, _ = effective["PATCH /api/feedback/{ticket}/"]
    claim = {"status": "CLAIMED", "mentor_email": "mia@example.edu", "mentor": f"a{text}b"}

    claimed = sender("olga").patch(ticket, claim).json()
    rated = sender("ada").patch(feedback, {"comments": f"a{text}b"}).json()

    assert (claimed["mentor"], rated["comments"]) == (f"a{text}b", f"a{text}b")


class Texts(TestCase):
    """Any text at all, on the way from a request to the database and back."""

    def setUp(self):
        body = {"email": "ada@example.edu", "role": {}}
        self.ada = User.objects.from_lcs(LCSProfile.from_body(body), "an LCS token")

    @given(text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=255))
    @example(text="\u200b")
    def test_any_text_is_kept_but_for_the_blanks_around_it(self, text):
        request = APIRequestFactory().get("/")
        request.user = self.ada
        body = {"title": text, "location": "here", "comment": text}
        serializer = TicketCreateSerializer(data=body, context={"request": request})
        if not text.strip():
            assert not serializer.is_valid()
            return

        assert serializer.is_valid(), serializer.errors
        ticket = Ticket.objects.get(pk=serializer.save().pk)

        shown = TicketSerializer(ticket, context={"request": request}).data
        assert (shown["title"], shown["comment"]) == (text.strip(), text.strip())


# Numbers that are none


def statuses(send, values):
    """What each value is answered, and which keys the answer has."""
    answers = [send(value) for value in values]
    return [(answer.status_code, list(answer.json())) for answer in answers]


@pytest.mark.parametrize(
    ("values", "answer"),
    [
        ([True, False, None, "", "x", "²", "1e3", [1], {"id": 1}, 1.5, 1e25, -1, 0], (400, ["ticket"])),
        ([*IDS[1:], 10**2000], (404, ["detail", "code"])),
    ],
)
def test_a_ticket_that_is_no_id_is_400_and_one_that_is_not_there_404(sender, effective, values, answer):
    client = sender("ada")
    before = rows()

    found = statuses(lambda value: client.post("/api/feedback/", {"ticket": value, "rating": 5}), values)

    assert found == [answer] * len(values)
    assert rows() == before


def test_a_mark_may_be_a_number_or_a_word_where_it_is_clear(sender, effective):
    path, _ = effective["PATCH /api/tickets/{id}/"]
    client, marks = sender("mia"), [True, False, 1, 0, "true", "false"]

    shown = [client.patch(path, {"active": mark}).json()["active"] for mark in marks]

    assert shown == [True, False] * 3


def test_any_other_mark_is_refused(sender, effective):
    path, _ = effective["PATCH /api/tickets/{id}/"]
    client, marks = sender("mia"), [2, -1, 0.5, 10**25, "", "2", "wahr", [], {}, [True]]
    before = rows()

    found = statuses(lambda mark: client.patch(path, {"active": mark}), marks)

    assert found == [(400, ["active"])] * len(marks)
    assert rows() == before


def test_a_status_that_is_none_is_refused_by_name(sender, effective):
    path, _ = effective["PATCH /api/tickets/{id}/"]
    client, odd = sender("dora"), [True, False, [], {}, ["OPEN"], {"OPEN": 1}, 1, 10**25, "OPEN\0", "open", "ＯPEN"]
    before = rows()

    moved = statuses(lambda status: client.patch(path, {"status": status}), odd)
    made = statuses(lambda status: client.post("/api/tickets/", {"title": "x", "location": "x", "status": status}), odd)

    assert moved == made == [(400, ["status"])] * len(odd)
    assert rows() == before


@pytest.mark.parametrize("field", ["title", "location", "comment", "contact", "owner"])
def test_a_number_is_a_text_where_a_text_is_meant_and_nothing_else_is(sender, effective, field):
    client, ticket = sender("ada"), {"title": "x", "location": "x"}

    kept = [client.post("/api/tickets/", {**ticket, field: value}).json()[field] for value in (7, -1.5, 10**25)]
    before = rows()
    odd = [True, False, None, [], {}, ["x"], 10**2500, "a\0b"]
    refused = statuses(lambda value: client.post("/api/tickets/", {**ticket, field: value}), odd)

    assert kept == ["7", "-1.5", str(10**25)]
    assert refused == [(400, [field])] * len(odd)
    assert rows() == before


# Ids in paths


@pytest.mark.parametrize("name", ["ada", "mia", "olga", "dan"])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/tickets/{}/"), ("PATCH", "/api/tickets/{}"), ("GET", "/api/tickets/{}/history"),
        ("GET", "/api/tickets/{}/slack-dm"), ("GET", "/api/feedback/{}/"), ("PATCH", "/api/feedback/{}"),
    ],
)  # fmt: skip
def test_nothing_is_found_under_an_id_that_nothing_has(sender, effective, method, path, name):
    client = sender(name)
    before = rows()

    answers = [client.generic(method, path.format(pk), '{"active": true, "rating": 1}', "application/json") for pk in IDS]

    assert [(answer.status_code, answer.headers["Content-Type"]) for answer in answers] == [
        (404, "application/json")
    ] * len(IDS)
    assert rows() == before
