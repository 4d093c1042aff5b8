"""Query strings that no page sends: each is answered in JSON as the document says, none changes anything."""

import pytest
from django.db import transaction

from mentorq.tests.api.test_openapi import OPERATIONS
from mentorq.tests.rows import rows

READS = {
    "GET /api/tickets/": "/api/tickets/",
    "GET /api/tickets/{id}/": "/api/tickets/{pk}/",
    "GET /api/tickets/{id}/history/": "/api/tickets/{pk}/history/",
    "GET /api/tickets/stats/": "/api/tickets/stats/",
    "GET /api/feedback/": "/api/feedback/",
    "GET /api/feedback/{ticket}/": "/api/feedback/{pk}/",
    "GET /api/feedback/leaderboard/": "/api/feedback/leaderboard/",
}
KNOWN = [
    "status",
    "active",
    "event",
    "search",
    "ordering",
    "limit",
    "offset",
    "mentor_email",
    "owner_email",
    "created_after",
]
ODD = {
    "not UTF-8": "&".join(f"{name}=%ff%fe" for name in KNOWN),
    "a name not UTF-8": "%ff=%ff&%c0%af=1",
    "half a surrogate pair": "&".join(f"{name}=%ed%a0%80" for name in KNOWN),
    "NUL": "&".join(f"{name}=%00" for name in KNOWN),
    "NUL in a name": "%00=1&limit%00=1",
    "bidi and zero width": "&".join(f"{name}=%e2%80%ae%e2%80%8b" for name in KNOWN),
    "long": "&".join(f"{name}={'x' * 100_000}" for name in KNOWN),
    "a long name": "x" * 100_000,
    "repeated": "&".join(f"{name}=1" for name in KNOWN * 5),
    "more than a thousand": "&".join(["status=OPEN"] * 2000),
    "huge numbers": f"limit={10**25}&offset={2**63}&created_after={10**25}",
    "no number": "limit=NaN&offset=Infinity",
    "a boolean": "limit=true&offset=false",
    "digits of other scripts": "limit=%d9%a3&offset=%ef%bc%93",
    "ampersands": "&&&&=&=;;",
    "nested": "status[]=OPEN&status[$ne]=OPEN&limit[0]=1",
    "a plus": "limit=+1&offset=1e1",
    "SQL": "ordering=id;drop%20table&search=%27%20or%201=1--&owner_email=%27%20or%20%27%27=%27",
    "relations": "owner__email=x&ordering=owner__password&search=x&pk=1&id__gt=0",
    "names of arguments": "format=html&page=2&version=1&callback=x&fields=password",
}
REFUSED = dict.fromkeys(
    [
        "not UTF-8", "half a surrogate pair", "NUL", "bidi and zero width", "long", "repeated", "huge numbers",
        "more than a thousand", "no number", "a boolean", "digits of other scripts", "a plus", "SQL", "relations",
    ],
    400,
)  # fmt: skip


@pytest.mark.parametrize("name", ["", "ada", "dan"])
@pytest.mark.parametrize("operation", READS)
def test_an_odd_query_string_is_answered_in_json_and_changes_nothing(sender, rated, operation, name):
    client, path = sender(name), READS[operation].format(pk=rated.pk)
    before = rows()

    answers = {kind: client.get(path, QUERY_STRING=query) for kind, query in ODD.items()}

    plain = client.get(path).status_code
    statuses = {kind: answer.status_code for kind, answer in answers.items()}
    assert set(statuses.values()) <= {plain, 400} & set(map(int, OPERATIONS[operation]["responses"]))
    assert {answer.headers["Content-Type"] for answer in answers.values()} == {"application/json"}
    assert [kind for kind, answer in answers.items() if not isinstance(answer.json(), (dict, list))] == []
    assert rows() == before


def test_the_queue_refuses_what_it_does_not_understand_and_ignores_what_it_does_not_know(sender, rated):
    client = sender("mia")
    plain = client.get("/api/tickets/").json()

    answers = {kind: client.get("/api/tickets/", QUERY_STRING=query) for kind, query in ODD.items()}

    assert {kind: answer.status_code for kind, answer in answers.items()} == {**dict.fromkeys(ODD, 200), **REFUSED}
    assert [answer.json() for answer in answers.values() if answer.status_code == 200] == [plain] * (
        len(ODD) - len(REFUSED)
    )


def test_too_many_parameters_are_refused_without_a_traceback_in_the_log(sender, logged):
    answer = sender("mia").get("/api/tickets/", QUERY_STRING=ODD["more than a thousand"])

    assert (answer.status_code, answer.json()) == (400, {"detail": "Too many parameters.", "code": "parse_error"})
    assert [line for line in logged if "Traceback" in line] == []


def test_bytes_that_are_not_ascii_are_read_as_those_that_are_escaped(sender, rated):
    client = sender("mia")

    raw = client.get("/api/tickets/", QUERY_STRING="search=élan".encode().decode("latin-1"))  # as WSGI has it
    escaped = client.get("/api/tickets/?search=%C3%A9lan")

    assert (raw.status_code, raw.json()) == (escaped.status_code, escaped.json())


@pytest.mark.parametrize("query", ["status=%00", "search=%ff", "limit=x", "x" * 10_000])
@pytest.mark.parametrize("operation", ["POST /api/tickets/", "PATCH /api/tickets/{id}/", "POST /api/feedback/"])
def test_what_writes_does_not_look_at_its_query_string(sender, effective, operation, query):
    path, good = effective[operation]
    client, method = sender("ada"), operation.split()[0].lower()
    with transaction.atomic():
        plain = getattr(client, method)(path, good)
        transaction.set_rollback(True)

    answer = getattr(client, method)(path, good, QUERY_STRING=query)

    kept = good.keys() & answer.json().keys()
    assert answer.status_code == plain.status_code
    assert {key: answer.json()[key] for key in kept} == {key: plain.json()[key] for key in kept}
