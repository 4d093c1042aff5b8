"""Bodies that are not what they claim, at every operation that writes, from everybody: refused, and nothing changes."""

import codecs
import gzip
import io
import json
import zlib

import pytest

from mentorq.tests.api.test_openapi import OPERATIONS
from mentorq.tests.rows import rows

WRITES = [
    "POST /api/auth/token/",
    "POST /api/auth/refresh/",
    "POST /api/auth/logout/",
    "POST /api/tickets/",
    "PATCH /api/tickets/{id}/",
    "POST /api/feedback/",
    "PATCH /api/feedback/{ticket}/",
]
NAMES = ["", "ada", "mia", "olga", "dan"]
# What goes before the body is looked at: no token; somebody else's feedback, which a director sees.
SOONER = {
    **{(operation, ""): 401 for operation in WRITES if "/auth/" not in operation},
    **{("PATCH /api/feedback/{ticket}/", name): 404 for name in ("mia", "olga")},
    ("PATCH /api/feedback/{ticket}/", "dan"): 403,
}
# Each makes of JSON that would do something bytes that must not.
MANGLED = {
    "a BOM": lambda text: codecs.BOM_UTF8 + text,
    "UTF-16": lambda text: text.decode().encode("utf-16"),
    "UTF-16 without a BOM": lambda text: text.decode().encode("utf-16-le"),
    "UTF-32": lambda text: text.decode().encode("utf-32"),
    "Latin-1": lambda text: text[:-1] + ', "x": "é"}'.encode("latin-1"),
    "overlong UTF-8": lambda text: text[:-1] + b', "x": "\xc0\xaf"}',
    "a surrogate in UTF-8": lambda text: text[:-1] + b', "x": "\xed\xa0\x80"}',
    "half a surrogate pair": lambda text: text[:-1] + rb', "x": "\ud800"}',
    "half a surrogate pair in a key": lambda text: text[:-1] + rb', "\udfff": 1}',
    "a key twice": lambda text: text[:-1] + b", " + text[1:],
    "a key twice, once escaped": lambda text: text[:-1] + rb', "x": 1, "\u0078": 2}',
    "a key twice, deep": lambda text: text[:-1] + b', "x": [{"y": {"z": 1, "z": 1}}]}',
    "deep lists": lambda text: text[:-1] + b', "x": ' + b"[" * 50_000 + b"]" * 50_000 + b"}",
    "deep objects": lambda text: text[:-1] + b', "x": ' + b'{"x": ' * 20_000 + b"1" + b"}" * 20_000 + b"}",
    "NaN": lambda text: text[:-1] + b', "x": NaN}',
    "minus infinity": lambda text: text[:-1] + b', "x": -Infinity}',
    "a number beyond floats": lambda text: text[:-1] + b', "x": -1e400}',
    "a number of 5,000 digits": lambda text: text[:-1] + b', "x": ' + b"7" * 5000 + b"}",
    "NUL": lambda text: text + b"\0",
    "a line break in a text": lambda text: text[:-1] + b', "x": "\n"}',
    "two documents": lambda text: text + text,
    "a list": lambda text: b"[" + text + b"]",
    "a text": lambda text: json.dumps(text.decode()).encode(),
    "null": lambda text: b"null",
    "true": lambda text: b"true",
    "cut short": lambda text: text[:-1],
    "compressed, and not said to be": gzip.compress,
}  # fmt: skip
MEDIA_TYPES = [
    "",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "multipart/form-data; boundary=x",
    "text/plain; charset=utf-8",
    "text/json",
    "application/vnd.api+json",
    "application/json-patch+json",
    "application/jsonp",
    "nonsense",
    "application/json\0",
]


def outcome(answer, operation):
    """The status, or what is wrong with it: one that the document does not have, no JSON."""
    if str(answer.status_code) not in OPERATIONS[operation]["responses"]:
        return f"{answer.status_code} is not documented"
    return answer.status_code if answer.json() else "nothing said"


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("operation", WRITES)
def test_a_body_that_is_not_one_object_in_utf_8_does_nothing(sender, effective, operation, name):
    path, good = effective[operation]
    client, text = sender(name), json.dumps(good).encode()
    before = rows()

    answers = {
        kind: client.generic(operation.split()[0], path, mangle(text), "application/json")
        for kind, mangle in MANGLED.items()
    }

    found = {kind: outcome(answer, operation) for kind, answer in answers.items()}
    assert found == dict.fromkeys(MANGLED, SOONER.get((operation, name), 400))
    assert rows() == before


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("operation", WRITES)
def test_a_good_body_of_another_media_type_does_nothing(sender, effective, operation, name):
    path, good = effective[operation]
    client, text = sender(name), json.dumps(good)
    before = rows()

    answers = {media_type: client.generic(operation.split()[0], path, text, media_type) for media_type in MEDIA_TYPES}

    found = {media_type: outcome(answer, operation) for media_type, answer in answers.items()}
    assert found == dict.fromkeys(MEDIA_TYPES, SOONER.get((operation, name), 415))
    assert rows() == before


CODINGS = {
    "gzip": gzip.compress, "GZIP": gzip.compress, "x-gzip": gzip.compress, "deflate": zlib.compress, "br": bytes,
    "identity, gzip": gzip.compress, "gzip, gzip": bytes, "gzip;q=1": bytes, "aes128gcm": bytes, "x" * 5000: bytes,
}  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("operation", WRITES)
def test_an_encoded_body_is_415_says_so_and_does_nothing(sender, effective, operation, name):
    path, good = effective[operation]
    client, text, method = sender(name), json.dumps(good).encode(), operation.split()[0]
    before = rows()

    answers = {
        coding: client.generic(method, path, encode(text), "application/json", headers={"Content-Encoding": coding})
        for coding, encode in CODINGS.items()
    }

    found = {coding: outcome(answer, operation) for coding, answer in answers.items()}
    assert found == dict.fromkeys(CODINGS, SOONER.get((operation, name), 415))
    assert rows() == before
    if (operation, name) not in SOONER:
        detail = 'The body has the Content-Encoding "gzip": send it without one.'
        assert answers["gzip"].json() == {"detail": detail, "code": "unsupported_media_type"}
        assert max(len(answer.content) for answer in answers.values()) < 300


@pytest.mark.parametrize("coding", ["identity", "Identity", " identity ", ""])
def test_a_body_that_is_said_to_be_as_it_is_does_what_it_says(sender, effective, coding):
    path, good = effective["PATCH /api/tickets/{id}/"]

    answer = sender("ada").generic(
        "PATCH", path, json.dumps(good), "application/json", headers={"Content-Encoding": coding}
    )

    assert (answer.status_code, answer.json()["status"]) == (200, "CANCELLED")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("operation", WRITES)
def test_a_body_that_is_too_large_does_nothing_whatever_its_length_is_said_to_be(sender, effective, operation, name):
    path, good = effective[operation]
    client, method = sender(name), operation.split()[0]
    large = json.dumps({**good, "x": "x" * 300_000})
    before = rows()

    answers = [
        client.generic(method, path, large, "application/json"),
        client.generic(method, path, json.dumps(good), "application/json", CONTENT_LENGTH="300000"),
        client.generic(method, path, json.dumps(good), "application/json", CONTENT_LENGTH=str(10**30)),
        client.generic(method, path, large, "application/json", CONTENT_LENGTH="1000"),  # the rest is the next request
    ]

    expected = SOONER.get((operation, name))
    assert [outcome(answer, operation) for answer in answers] == [expected or status for status in (413, 413, 413, 400)]
    assert rows() == before


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("operation", WRITES)
def test_a_body_without_its_length_is_refused_rather_than_taken_for_an_empty_one(sender, effective, operation, name):
    path, _ = effective[operation]
    client, method = sender(name), operation.split()[0]
    before = rows()

    answers = [
        client.generic(method, path, headers={"Transfer-Encoding": "chunked"}),
        client.generic(method, path, headers={"Transfer-Encoding": "gzip, Chunked", "Content-Length": ""}),
        client.generic(method, path, SERVER_PROTOCOL="HTTP/2.0"),  # which has no chunks, and needs no Content-Length
        client.generic(method, path.removesuffix("/"), SERVER_PROTOCOL="HTTP/3"),
    ]

    expected = {"detail": "Send the body with its Content-Length, not in chunks.", "code": "length_required"}
    assert [(outcome(answer, operation), answer.json()) for answer in answers] == [(411, expected)] * 4
    assert rows() == before


def test_http_2_needs_no_length_where_there_is_no_body(sender, rated):
    answer = sender("ada").get(f"/api/tickets/{rated.pk}", SERVER_PROTOCOL="HTTP/2.0")

    assert (answer.status_code, answer.json()["id"]) == (200, rated.pk)


@pytest.mark.parametrize("operation", WRITES)
def test_a_body_shorter_than_its_length_does_nothing_though_it_is_good(sender, effective, operation):
    path, good = effective[operation]
    client, text = sender("ada"), json.dumps(good).encode()
    before = rows()

    answer = client.generic(
        operation.split()[0],
        path,
        content_type="application/json",
        CONTENT_LENGTH=str(len(text) + 1),
        **{"wsgi.input": io.BytesIO(text)},  # the client left before it sent the rest
    )

    detail = "JSON parse error - the body is shorter than its Content-Length"
    assert (answer.status_code, answer.json()) == (400, {"detail": detail, "code": "parse_error"})
    assert rows() == before


@pytest.mark.parametrize(
    ("body", "key"),
    [
        (b'{"status": "OPEN", "status": "CANCELLED"}', '"status"'),
        (b'{"status": "CANCELLED", "x": 1, "stat\\u0075s": "CANCELLED"}', '"status"'),
        (b'{"\\ud800": 1, "\\ud800": 1}', '"\\ud800"'),
        ('{"é": 1, "é": 1}'.encode(), '"\\u00e9"'),
        (f'{{"{"x" * 1000}": 1, "{"x" * 1000}": 1}}'.encode(), f'"{"x" * 100}"'),
    ],
)
def test_a_key_that_comes_twice_is_named(sender, effective, body, key):
    path, _ = effective["PATCH /api/tickets/{id}/"]

    answer = sender("ada").generic("PATCH", path, body, "application/json")

    detail = f"JSON parse error - the key {key} comes twice"
    assert (answer.status_code, answer.json()) == (400, {"detail": detail, "code": "parse_error"})


@pytest.mark.parametrize("body", [b"", b"{}", b" \t\r\n{ } "])
def test_a_move_of_nothing_shows_the_ticket_as_it_is(sender, effective, body):
    path, _ = effective["PATCH /api/tickets/{id}/"]
    client, before = sender("ada"), rows()

    answer = client.generic("PATCH", path, body, "application/json")

    assert (answer.status_code, answer.json()) == (200, client.get(path).json())
    assert rows() == before


def test_what_these_tests_send_does_something_where_it_is_left_as_it_is(sender, effective):
    client, answers = sender("ada"), {}
    for operation in WRITES:
        path, good = effective[operation]
        before = rows()
        answer = client.generic(operation.split()[0], path, json.dumps(good), "application/json")
        answers[operation] = answer.status_code, rows() != before

    assert answers == {
        "POST /api/auth/token/": (200, True),
        "POST /api/auth/refresh/": (200, False),  # an access token is kept nowhere
        "POST /api/auth/logout/": (200, True),
        "POST /api/tickets/": (201, True),
        "PATCH /api/tickets/{id}/": (200, True),
        "POST /api/feedback/": (201, True),
        "PATCH /api/feedback/{ticket}/": (200, True),
    }
