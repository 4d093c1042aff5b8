"""`manage.py importtickets` of a file in which something is wrong: every row is looked at, and nothing is imported."""

import itertools
import re

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, IntegrityError, transaction

from mentorq.db.bulk import load
from mentorq_backend.exchange import exports, writing
from mentorq_backend.exchange.cells import LARGEST_ID
from mentorq_backend.live.revisions import Revision
from mentorq_backend.models import Feedback, Ticket, TicketEvent
from mentorq_backend.tests.exchange.files import CLOSED, MENTORED, ROW, exported, jsonl, table

COLUMNS = ", ".join(exports.columns(history=True, feedback=True))
NO_INSTANT = "is no instant in ISO 8601 with an offset, such as 2026-02-14T23:05:00Z."
NO_OFFSET = "has no offset from UTC: end it with Z or +01:00, or say --time-zone America/New_York."
NO_YEAR = "is not in the years 1970 to 2200."
NO_RATING = "is no rating: those go from 0.5 to 5, in halves."
NO_ID = f"is no id: those go from 1 to {LARGEST_ID}."
NO_WAIT = "Only a ticket with `{}_datetime` that was not recorded has one."
HALF_A_PAIR = b'{"title":"\\ud83e"}\n'
ENTRY = {"at": ROW["created"], "by": "ada@example.edu", "to": "OPEN"}


@pytest.fixture
def complaints(import_, ada, make_ticket):
    """Import a file into a queue of one ticket, in vain: return what is wrong with it."""

    def run(content, *arguments, name="tickets.jsonl"):
        make_ticket(ada)
        before = exported(), Revision.objects.total()

        with pytest.raises(CommandError) as error:
            import_(content, *arguments, name=name)

        assert (exported(), Revision.objects.total()) == before
        head, *rows = str(error.value).splitlines()
        assert head == f"Nothing was imported. Complaints: {len(rows)}."
        return rows

    return run


def test_every_row_that_is_wrong_is_named_with_its_column(complaints):
    rows = [ROW, {**ROW, "created": "2026-13-01"}, ROW, {**ROW, "status": "LATE", "owner_email": "nobody"}]

    assert complaints(table(ROW, *(row.values() for row in rows)), name="tickets.csv") == [
        f"Row 3, column created: '2026-13-01' {NO_INSTANT}",
        "Row 5, column owner_email: 'nobody': Enter a valid email address.",
        "Row 5, column status: 'LATE': Value 'LATE' is not a valid choice.",
    ]


def test_rows_are_counted_as_a_spreadsheet_shows_them(complaints):
    content = table(ROW, {**ROW, "title": "two\r\nlines"}.values(), [], [""] * 5, {**ROW, "status": ""}.values())

    assert complaints(content, name="tickets.csv") == ["Row 5, column status: A value is needed here."]


def test_lines_of_json_are_counted_as_an_editor_shows_them(complaints):
    assert complaints(jsonl(ROW) + b"\n" + jsonl({**ROW, "status": ""})) == [
        "Row 3, column status: A value is needed here."
    ]


@pytest.mark.parametrize(
    ("column", "value", "complaint"),
    [
        ("owner_email", "", "A value is needed here."),
        ("title", None, "A value is needed here."),
        ("title", 5, "5 is no text."),
        ("title", ["a"], "['a'] is no text."),
        ("title", "a\0b", "'a\\x00b' holds a NUL, which no database keeps."),
        ("title", "t" * 2001, f"'{'t' * 59}…: Ensure this value has at most 2000 characters (it has 2001)."),
        ("comment", "c" * 2001, f"'{'c' * 59}…: Ensure this value has at most 2000 characters (it has 2001)."),
        ("owner_email", "a" * 250 + "@b.co", f"'{'a' * 59}…: Ensure this value has at most 254 characters (it has 255)."),
        ("mentor_email", "mia", "'mia': Enter a valid email address."),
        ("status", "opened", "'opened': Value 'OPENED' is not a valid choice."),
        ("created", "2026-02-14T12:00:00", f"'2026-02-14T12:00:00' {NO_OFFSET}"),
        ("created", "2026-02-14", f"'2026-02-14' {NO_OFFSET}"),
        ("created", "noon", f"'noon' {NO_INSTANT}"),
        ("created", 1771070400, f"1771070400 {NO_INSTANT}"),
        ("created", "2026-02-30T00:00:00Z", f"'2026-02-30T00:00:00Z' {NO_INSTANT}"),
        ("created", "0001-01-01T00:00:00Z", f"'0001-01-01T00:00:00Z' {NO_YEAR}"),
        ("created", "1969-12-31T23:59:59Z", f"'1969-12-31T23:59:59Z' {NO_YEAR}"),
        ("created", "2201-01-01T00:00:00Z", f"'2201-01-01T00:00:00Z' {NO_YEAR}"),
        ("created", "0001-01-01T00:00:00+14:00", "'0001-01-01T00:00:00+14:00' is outside of the calendar."),
        ("created", "２０２６-02-14T12:00:00Z", f"'２０２６-02-14T12:00:00Z' {NO_INSTANT}"),
        ("closed_datetime", "later", f"'later' {NO_INSTANT}"),
        ("id", 0, f"0 {NO_ID}"),
        ("id", -1, f"-1 {NO_ID}"),
        ("id", LARGEST_ID + 1, f"{LARGEST_ID + 1} {NO_ID}"),
        ("id", 1e20, "1e+20 is no whole number."),
        ("id", 1.0, "1.0 is no whole number."),
        ("id", True, "True is no whole number."),
        ("id", "٣", "'٣' is no whole number."),
        ("id", "1_0", "'1_0' is no whole number."),
        ("id", "9" * 5000, f"'{'9' * 59}… is no whole number."),
        ("active", "perhaps", "'perhaps' is neither true nor false."),
        ("recorded", 1, "1 is neither true nor false."),
        ("time_to_claim", "1.5", "'1.5' is no whole number."),
        ("time_to_close", "soon", "'soon' is no whole number."),
        ("time_to_claim", 2**63, f"{2**63}: Ensure this value is less than or equal to {2**63 - 1}."),
        ("rating", 5.5, f"5.5 {NO_RATING}"),
        ("rating", 0, f"0 {NO_RATING}"),
        ("rating", "4.25", f"'4.25' {NO_RATING}"),
        ("rating", "nan", f"'nan' {NO_RATING}"),
        ("rating", True, f"True {NO_RATING}"),
        ("rated", "2026-02-14", f"'2026-02-14' {NO_OFFSET}"),
        ("rated_mentor_email", "max", "'max': Enter a valid email address."),
        ("history", "{}", "'{}' is no JSON array."),
        ("history", "[", "'[' is no JSON array."),
        ("history", 5, "5 is no JSON array."),
        ("history", [5], "Entry 1 is no JSON object of at, by, from, to, mentor_email, note."),
        ("history", [ENTRY, {"when": ""}], "Entry 2 is no JSON object of at, by, from, to, mentor_email, note."),
        ("history", [ENTRY, {**ENTRY, "at": "noon"}], f"Entry 2, at: 'noon' {NO_INSTANT}"),
        ("history", [{"at": ROW["created"], "by": ""}], "Entry 1, to: A value is needed here."),
        ("history", [{**ENTRY, "from": "LATE"}], "Entry 1, from: 'LATE': Value 'LATE' is not a valid choice."),
        ("history", [{**ENTRY, "note": "\0"}, {}], "Entry 1, note: '\\x00' holds a NUL, which no database keeps."),
    ],
)  # fmt: skip
def test_a_wrong_value_is_shown_with_what_is_wrong_with_it(column, value, complaint, complaints):
    assert complaints(jsonl({**ROW, column: value})) == [f"Row 1, column {column}: {complaint}"]


@pytest.mark.parametrize(
    ("row", "column", "complaint"),
    [
        ({**CLOSED, "closed_datetime": "2026-02-14T11:59:59Z"}, "closed_datetime", "It is before `created`."),
        ({**MENTORED, "claimed_datetime": "2026-02-14T11:59:59Z"}, "claimed_datetime", "It is before `created`."),
        ({**MENTORED, "closed_datetime": "2026-02-14T12:09:59Z"}, "closed_datetime", "It is before `claimed_datetime`."),
        (
            {**MENTORED, "mentor_email": "Ada@Example.edu"},
            "mentor_email",
            "It is `owner_email`: nobody is the mentor of their own ticket.",
        ),
        (
            {**MENTORED, "rating": 5, "rated_mentor_email": ROW["owner_email"]},
            "rated_mentor_email",
            "It is `owner_email`: nobody rates themselves.",
        ),
        ({**ROW, "title": "\u2800 \u3164"}, "title", "A value is needed here."),
        ({**ROW, "location": "\u200b"}, "location", "A value is needed here."),
        ({**ROW, "comments": "Thanks"}, "rating", "It is needed where there is `comments`."),
        ({**CLOSED, "rating": 5}, "rating", "There is no mentor to rate: give `rated_mentor_email`."),
    ],
)
def test_columns_that_contradict_each_other_are_an_error(row, column, complaint, complaints):
    assert complaints(jsonl(row)) == [f"Row 1, column {column}: {complaint}"]


@pytest.mark.parametrize("filled", list(itertools.product([False, True], repeat=3)))
@pytest.mark.parametrize("status", Ticket.Status.values)
def test_a_row_is_refused_exactly_where_the_database_would_refuse_it(status, filled, import_):
    names = ["mentor_email", "claimed_datetime", "closed_datetime"]
    row = {**ROW, "status": status, **{name: MENTORED[name] for name, there in zip(names, filled, strict=True) if there}}

    assert refused(lambda: import_(jsonl(row)), CommandError) == refused(Ticket(**row).save, IntegrityError)


def refused(call, error):
    """Return whether it raises that error."""
    try:
        with transaction.atomic():
            call()
    except error:
        return True
    return False


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ({**MENTORED, "status": "CLAIMED"}, "closed_datetime: A ticket that is CLAIMED has none."),
        ({**ROW, "mentor_email": "mia@example.edu"}, "mentor_email: A ticket that is OPEN has none."),
        ({**ROW, "status": "CLOSED"}, "closed_datetime: A ticket that is CLOSED needs one."),
    ],
)
def test_the_column_at_fault_is_named(row, complaint, complaints):
    assert complaints(jsonl(row)) == [f"Row 1, column {complaint}"]


# The file


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ([*ROW, "colour"], [f"Row 1, column 'colour': There is no such column. There are {COLUMNS}."]),
        ([*ROW, "version"], [f"Row 1, column 'version': There is no such column. There are {COLUMNS}."]),
        ([*ROW, ""], [f"Row 1, column '': There is no such column. There are {COLUMNS}."]),
        (["Titel", *list(ROW)[2:]], [
            f"Row 1, column 'titel': There is no such column. There are {COLUMNS}.",
            "Row 1: These columns are missing: owner_email, title.",
        ]),
        ([*ROW, "comment", "comment"], ["Row 1, column comment: It is there twice."]),
        ([], [f"Row 1: These columns are missing: {', '.join(ROW)}."]),
        (["|".join(ROW)], [f"Row 1: There is one column, {'|'.join(ROW)!r}: separate columns by a comma, ';' or TAB."]),
    ],
    ids=["unknown", "not to be given", "without a name", "misspelt", "twice", "empty file", "another separator"],
)  # fmt: skip
def test_a_header_that_is_wrong_is_the_only_complaint(header, expected, complaints):
    content = table(header, ["x"]) if header else b""

    assert complaints(content, name="tickets.csv") == expected


def test_an_object_with_wrong_keys_is_an_error(complaints):
    assert complaints(jsonl(ROW, {**ROW, "colour": "red"}, {key: ROW[key] for key in list(ROW)[1:]})) == [
        f"Row 2, column 'colour': There is no such column. There are {COLUMNS}.",
        "Row 3: These columns are missing: owner_email.",
    ]


@pytest.mark.parametrize("cells", [["a@b.co"] * 4, ["a@b.co"] * 6])
def test_a_row_with_too_many_or_too_few_cells_is_an_error(cells, complaints):
    assert complaints(table(ROW, ROW.values(), cells), name="tickets.csv") == [
        f"Row 3: It has {len(cells)} cells, the header 5."
    ]


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        (b"[1]\n", "It is no JSON object."),
        (b'"text"\n', "It is no JSON object."),
        (b"null\n", "It is no JSON object."),
        (b"{\n", "It is no JSON: unexpected end of data: line 2 column 1 (char 2)."),
        (b"{}{}\n", "It is no JSON: unexpected content after document: line 1 column 3 (char 2)."),
        (HALF_A_PAIR, "It is no JSON: no low surrogate in string"),
        (b'{"title":"Zo\xeb"}\n', "It is no JSON: str is not valid UTF-8"),
        (b'{"a":' * 2000 + b"\n", "It is no JSON: "),
    ],
    ids=["array", "text", "null", "cut off", "two", "half a surrogate pair", "Latin-1", "nested"],
)
def test_a_line_that_is_no_json_object_is_an_error(line, complaint, complaints):
    [complained] = complaints(jsonl(ROW) + line + jsonl(ROW))

    assert complained.startswith(f"Row 2: {complaint}")


def test_a_csv_row_that_is_not_utf_8_is_an_error_that_names_it(complaints):
    latin = table(ROW, ROW.values()) + table({**ROW, "title": "Zoë"}.values()).decode().encode("latin-1")

    assert complaints(latin, name="tickets.csv") == ["Row 3: It is not UTF-8: save the file as CSV UTF-8."]


def test_utf_16_is_an_error(complaints):
    utf_16 = table(ROW, ROW.values()).decode().encode("utf-16")

    assert complaints(utf_16, name="tickets.csv") == ["Row 1: It is not UTF-8: save the file as CSV UTF-8."]


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        (b'a,"b', "unexpected end of data"),
        (b'a,"b"c,d,e,f\n', "',' expected after '\"'"),
        (b"a," + b"b" * 10_000_001, "field larger than field limit (10000000)"),
    ],
    ids=["an open quote", "a stray quote", "a huge cell"],
)
def test_what_is_no_csv_is_an_error_of_its_row(row, complaint, complaints):
    assert complaints(table(ROW, ROW.values()) + row, name="tickets.csv") == [f"Row 3: It is no CSV: {complaint}."]


def test_json_lines_under_a_name_of_csv_are_an_error_of_the_first_row(complaints):
    [complained] = complaints(jsonl(ROW), name="tickets.csv")

    assert complained.startswith("Row 1: It is no CSV: ")


# How it is told


def test_of_many_complaints_twenty_are_listed(import_):
    with pytest.raises(CommandError) as error:
        import_(jsonl(*[{**ROW, "status": "LATE"}] * 33))

    head, *rows = str(error.value).splitlines()
    assert head == "Nothing was imported. Complaints: 33, the first 20 of them here."
    assert [row.partition(",")[0] for row in rows] == [f"Row {number}" for number in range(1, 21)]


def test_a_fault_in_the_last_of_many_rows_leaves_everything_as_it_was(import_):
    rows = [{**ROW, "title": str(number)} for number in range(5000)]

    with pytest.raises(CommandError, match="Row 5001, column created"):
        import_(jsonl(*rows, {**ROW, "created": "noon"}))

    counts = [model.objects.count() for model in (Ticket, TicketEvent, Feedback)]
    assert (counts, Revision.objects.total()) == ([0, 0, 0], 0)


def test_an_import_after_a_wrong_one_is_as_if_that_had_not_been(import_):
    with pytest.raises(CommandError):
        import_(jsonl(ROW, {**ROW, "status": "LATE"}))

    assert import_(jsonl(ROW)) == "Tickets added: 1; there already: 0\n"


def test_a_database_that_fails_in_the_middle_has_nothing_of_it(import_, monkeypatch):
    def fail(model, columns, rows):
        if model is Feedback:
            raise DatabaseError("gone away")
        load(model, columns, rows)

    with monkeypatch.context() as broken:
        broken.setattr(writing, "load", fail)
        with pytest.raises(DatabaseError, match="gone away"):
            import_(jsonl(MENTORED))

    assert (Ticket.objects.count(), TicketEvent.objects.count()) == (0, 0)
    assert import_(jsonl(MENTORED)) == "Tickets added: 1; there already: 0\n"


@pytest.mark.parametrize(("name", "reason"), [("missing.csv", "No such file or directory"), (".", "Is a directory")])
def test_a_file_that_cannot_be_read_is_an_error(db, tmp_path, name, reason):
    with pytest.raises(CommandError) as error:
        call_command("importtickets", str(tmp_path / name))

    assert str(error.value) == f"Cannot read {tmp_path / name}: {reason}. Name another FILE."


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        (
            {**ROW, "time_to_claim": 5},
            f"time_to_claim: {NO_WAIT.format('claimed')}",
        ),
        (
            {**CLOSED, "time_to_claim": 5},
            f"time_to_claim: {NO_WAIT.format('claimed')}",
        ),
        (
            {**CLOSED, "recorded": True, "time_to_close": 5},
            f"time_to_close: {NO_WAIT.format('closed')}",
        ),
        ({**ROW, "mentor": "Mia"}, "mentor: A ticket that is OPEN has none."),
    ],
    ids=["open", "never claimed", "recorded", "a mentor's name"],
)
def test_what_a_ticket_cannot_have_is_refused_by_name(row, complaint, import_):
    with pytest.raises(CommandError, match=re.escape(f"Row 1, column {complaint}")):
        import_(jsonl(row))

    assert Ticket.objects.count() == 0
