"""Values that a schema does not think of: texts are kept as far as one sees them, ids and numbers mean the same everywhere.

What becomes of what one does not see is in mentorq_backend/tests/test_texts.py.
"""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase
from rest_framework.test import APIRequestFactory

from mentorq.tests.rows import rows
from mentorq_backend.models import Ticket
from mentorq_backend.serializers import TicketCreateSerializer, TicketSerializer
from mentorq_users.lcs.client import LCSProfile
from mentorq_users.models import User

IDS = [0, 2**31 - 1, 2**31, 2**32, 2**63 - 1, 2**63, 2**64, 10**25, int("7" * 1000)]
ODD_TEXTS = [
    "e\u0301 is not é", "👩‍👩‍👧‍👦🏳️‍🌈", "\ufffe\uffff\U0010ffff", "K is not K", "<script>alert(1)</script>",
    "{{ 7 * 7 }} %s %(x)s ${x}", "' OR 1=1 --", "=cmd|' /C calc'!A0", "ﷺ" * 50, "\u00a0no-break\u3000and wide",
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

    @given(text=st.text(st.characters(exclude_categories=["Cc", "Cf", "Cs", "Zl", "Zp"]), min_size=1, max_size=255))
    @example(text="\u2800 \u3164")
    def test_any_text_that_one_sees_is_kept_but_for_the_blanks_around_it(self, text):
        request = APIRequestFactory().get("/")
        request.user = self.ada
        body = {"title": text, "location": "here", "comment": text}
        serializer = TicketCreateSerializer(data=body, context={"request": request})
        if not "".join(text.split()).strip("\u2800\u3164"):
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


def test_a_mark_is_true_or_false(sender, effective):
    path, _ = effective["PATCH /api/tickets/{id}/"]
    client, marks = sender("mia"), [True, False]

    assert [client.patch(path, {"active": mark}).json()["active"] for mark in marks] == marks


def test_any_other_mark_is_refused(sender, effective):
    path, _ = effective["PATCH /api/tickets/{id}/"]
    client = sender("mia")
    marks = [
        1, 0, 1.0, 0.0, "true", "false", "True", "yes", "no", "on", "1", "0", "t", "null", None,
        2, -1, 0.5, 10**25, "", "2", "wahr", [], {}, [True],
    ]  # fmt: skip
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


NO_TEXTS = [True, False, 0, 7, -1.5, 10**25, [], {}, ["x"], {"x": "x"}, 10**2500, "a\0b", "\0"]


@pytest.mark.parametrize(
    ("operation", "name", "fields"),
    [
        ("POST /api/tickets/", "olga", "title location comment contact owner owner_email mentor mentor_email"),
        ("PATCH /api/tickets/{id}/", "olga", "mentor mentor_email"),
        ("POST /api/feedback/", "ada", "comments"),
        ("PATCH /api/feedback/{ticket}/", "ada", "comments"),
        ("POST /api/auth/token/", "", "email lcs_token"),
        ("POST /api/auth/refresh/", "", "refresh"),
        ("POST /api/auth/logout/", "", "refresh"),
    ],
)
def test_only_a_string_is_a_text(sender, effective, operation, name, fields):
    path, good = effective[operation]
    client, send = sender(name), operation.partition(" ")[0].lower()
    before = rows()

    for field in fields.split():
        found = statuses(lambda value, field=field: getattr(client, send)(path, {**good, field: value}), NO_TEXTS)
        assert found == [(400, [field])] * len(NO_TEXTS)

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
