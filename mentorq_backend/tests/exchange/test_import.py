"""`manage.py importtickets`: what is in the queue after it."""

import io
import sys
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command

from mentorq_backend.models import Feedback, Ticket, TicketEvent
from mentorq_backend.tests.exchange.files import CLOSED, CREATED, MENTORED, ROW, empty, exported, jsonl, table
from mentorq_users.models import User

NOON = datetime(2026, 2, 14, 12, tzinfo=UTC)
MINUTE = 60_000_000


def only(*columns):
    return Ticket.objects.values_list(*columns).get()


def test_a_ticket_needs_five_columns_and_the_others_are_filled_in(import_):
    said = import_(jsonl(ROW))

    assert said == "Tickets added: 1; there already: 0\n"
    assert Ticket.objects.values().get() == {
        "id": Ticket.objects.get().pk,
        "owner_email": "ada@example.edu",
        "owner": "ada@example.edu",
        "title": "My build loops",
        "comment": "",
        "contact": "",
        "location": "Table 12",
        "status": "OPEN",
        "mentor": "",
        "mentor_email": "",
        "active": True,
        "created": NOON,
        "queued": NOON,
        "ahead": 0,
        "left_queue": None,
        "claimed_datetime": None,
        "closed_datetime": None,
        "moved": NOON,
        "time_to_claim": None,
        "time_to_close": None,
        "recorded": False,
        "version": Ticket.objects.get().version,
    }


def test_csv_and_json_lines_say_the_same(import_):
    row = {"id": 7, **MENTORED, "rating": 4.5, "active": False}
    import_(table(row, ["7", *MENTORED.values(), "4.5", "false"]), name="tickets.csv")
    from_csv = exported()
    empty()

    import_(jsonl(row))

    assert exported() == from_csv


def test_columns_come_in_any_order(import_):
    header = ["created", "status", "location", "title", "owner_email"]

    import_(table(header, [CREATED, "OPEN", "l", "t", "a@b.co"]), name="tickets.csv")

    assert only("owner_email", "title", "location") == ("a@b.co", "t", "l")


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "marked"])
@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["LF", "CR LF"])
def test_a_spreadsheets_csv_is_read(mark, end, import_):
    content = mark + table(ROW.keys(), ROW.values(), [""] * len(ROW), {**ROW, "title": "Zoë 🦀"}.values(), end=end)

    import_(content + end.encode(), name="tickets.csv")

    assert set(Ticket.objects.values_list("title", flat=True)) == {"My build loops", "Zoë 🦀"}


@pytest.mark.parametrize("separator", [";", "\t"])
def test_semicolons_and_tabs_separate_columns_and_capitals_do_not_matter(separator, import_):
    text = table(ROW.keys(), {**ROW, "status": "Open"}.values()).decode().replace(",", separator)

    import_(text.replace("owner_email", "Owner_Email ").encode(), name="tickets.csv")

    assert only("owner_email", "status") == (ROW["owner_email"], "OPEN")


@pytest.mark.parametrize(
    ("created", "instant"),
    [
        ("2026-02-14T12:00:00", NOON + timedelta(hours=5)),
        ("2026-07-14 08:00", datetime(2026, 7, 14, 12, tzinfo=UTC)),
        ("2026-02-14T12:00:00Z", NOON),
        ("2026-11-01T01:30:00", datetime(2026, 11, 1, 5, 30, tzinfo=UTC)),
        ("2026-03-08T02:30:00", datetime(2026, 3, 8, 7, 30, tzinfo=UTC)),
    ],
    ids=["winter", "summer", "with an offset", "twice: the first", "skipped: as if the clocks had not changed"],
)
def test_an_instant_without_an_offset_is_one_of_the_named_zone(created, instant, import_):
    import_(jsonl({**ROW, "created": created}), "--time-zone=America/New_York")

    assert only("created") == (instant,)


@pytest.mark.parametrize("zone", ["Nowhere", "", "../etc/passwd", "America"])
def test_an_unknown_zone_is_an_error_that_names_the_option(zone, import_):
    with pytest.raises(CommandError, match=f"argument --time-zone: there is no time zone '{zone}': give one such as"):
        import_(jsonl(ROW), f"--time-zone={zone}")

    assert Ticket.objects.count() == 0


def test_json_lines_may_begin_with_a_mark_and_hold_blank_ones(import_):
    said = import_(b"\xef\xbb\xbf" + jsonl(ROW) + b"\r\n \n" + jsonl({**ROW, "title": "b"}).rstrip())

    assert said == "Tickets added: 2; there already: 0\n"


@pytest.mark.parametrize(
    ("cell", "title"),
    [("'=1", "=1"), ("''t", "'t"), ("'", ""), ("a;'=1", "a;=1"), ("a;''b", "a;'b"), ("it's", "it's"), ("=1", "=1")],
)
def test_one_apostrophe_is_taken_off_wherever_a_cell_may_begin(cell, title, import_):
    import_(table([*ROW, "comment"], [*ROW.values(), cell]), name="tickets.csv")

    assert only("comment") == (title,)


def test_an_apostrophe_in_json_is_an_apostrophe(import_):
    import_(jsonl({**ROW, "title": "'=1"}))

    assert only("title") == ("'=1",)


@pytest.mark.parametrize("arguments", [["--format=jsonl"], []])
def test_the_format_is_what_the_option_or_the_files_name_says(arguments, import_):
    import_(jsonl(ROW), *arguments, name="tickets.jsonl" if not arguments else "tickets.csv")

    assert Ticket.objects.count() == 1


def test_standard_input_is_read_for_a_dash(db, monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(jsonl(ROW))))

    call_command("importtickets", "-", "--format=jsonl")

    assert capsys.readouterr().out == "Tickets added: 1; there already: 0\n"
    assert not sys.stdin.closed


@pytest.mark.parametrize("content", [b"", jsonl(), table(ROW.keys())], ids=["an empty file", "no lines", "a header alone"])
def test_a_file_without_tickets_adds_none(content, import_):
    said = import_(content, name="tickets.csv" if content else "tickets.jsonl")

    assert said == "Tickets added: 0; there already: 0\n"


def test_addresses_are_normalized(import_):
    import_(jsonl({**MENTORED, "owner_email": " Ada@EXAMPLE.edu ", "mentor_email": "MIA@example.edu"}))

    assert only("owner_email", "mentor_email") == ("ada@example.edu", "mia@example.edu")


@pytest.mark.parametrize(
    ("created", "instant"),
    [
        ("2026-02-14T13:00:00+01:00", NOON),
        ("2026-02-14 12:00:00.000001Z", NOON + timedelta(microseconds=1)),
        ("2026-02-14T12:00Z", NOON),
        ("20260214T120000Z", NOON),
        ("1970-01-01T00:00:00Z", datetime(1970, 1, 1, tzinfo=UTC)),
        ("2200-12-31T23:59:59.999999Z", datetime(2200, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)),
    ],
)
def test_an_instant_is_the_same_whatever_its_offset(created, instant, import_):
    import_(jsonl({**ROW, "created": created}))

    assert only("created") == (instant,)


@pytest.mark.parametrize(
    ("cell", "active"),
    [("true", True), ("TRUE", True), ("yes", True), ("false", False), ("False", False), ("No", False), ("", True)],
)
def test_a_flag_is_what_it_says_as_spreadsheets_write_it_too(cell, active, import_):
    import_(table([*ROW, "active"], [*ROW.values(), cell]), name="tickets.csv")

    assert only("active") == (active,)


def test_no_account_is_made(import_):
    import_(jsonl(MENTORED))

    assert User.objects.count() == 0


def test_the_limit_of_open_tickets_does_not_hold_for_it(import_, settings):
    settings.TICKETS_MAX_OPEN = 1

    import_(jsonl(*({**ROW, "title": title} for title in "abc")))

    assert Ticket.objects.filter(status="OPEN").count() == 3


@pytest.mark.parametrize(
    ("row", "waits"),
    [
        (MENTORED, (10 * MINUTE, 30 * MINUTE)),
        (CLOSED, (None, 30 * MINUTE)),
        ({**MENTORED, "recorded": True}, (None, None)),
        ({**MENTORED, "time_to_claim": None, "time_to_close": None}, (None, None)),
        ({**MENTORED, "time_to_claim": 5}, (5, 30 * MINUTE)),
        ({**MENTORED, "queued": "2026-02-14T12:05:00Z"}, (5 * MINUTE, 25 * MINUTE)),
        ({**MENTORED, "status": "CANCELLED", "closed_datetime": None}, (10 * MINUTE, None)),
        (ROW, (None, None)),
    ],
    ids=["claimed", "never claimed", "recorded", "empty", "one given", "reopened", "cancelled", "open"],
)
def test_waiting_times_that_are_not_given_come_from_the_instants(row, waits, import_):
    import_(jsonl(row))

    assert only("time_to_claim", "time_to_close") == waits


@pytest.mark.parametrize("history", [{}, {"history": None}, {"history": ""}])
def test_without_a_history_there_is_the_creation(history, import_):
    import_(jsonl({**MENTORED, **history}))

    events = TicketEvent.objects.values_list("ticket", "at", "by", "from_status", "to_status", "mentor_email", "note")
    assert list(events) == [(Ticket.objects.get().pk, NOON, "ada@example.edu", "", "CLOSED", "mia@example.edu", "")]


@pytest.mark.parametrize("as_text", [True, False], ids=["CSV", "JSON"])
def test_a_given_history_is_kept_in_its_order(as_text, import_):
    history = [
        {"at": CREATED, "by": "ada@example.edu", "from": "", "to": "OPEN", "mentor_email": "", "note": ""},
        {
            "at": CREATED,
            "by": "olga@example.edu",
            "from": "OPEN",
            "to": "OPEN",
            "mentor_email": "",
            "note": "=title: a → b",
        },
    ]
    if as_text:
        import_(table([*ROW, "history"], [*ROW.values(), jsonl(history).decode()]), name="tickets.csv")
    else:
        import_(jsonl({**ROW, "history": history}))

    events = TicketEvent.objects.values("at", "by", "from_status", "to_status", "mentor_email", "note")
    assert [{"from": event.pop("from_status"), "to": event.pop("to_status"), **event} for event in events] == [
        {**entry, "at": NOON} for entry in history
    ]


def test_what_an_entry_of_the_history_leaves_out_is_empty(import_):
    import_(jsonl({**ROW, "history": [{"at": CREATED, "by": "Ada@example.edu", "to": "OPEN"}]}))

    assert TicketEvent.objects.values_list("by", "from_status", "mentor_email", "note").get() == (
        "ada@example.edu",
        "",
        "",
        "",
    )


@pytest.mark.parametrize(("history", "count"), [([], 0), (None, 1), ("", 1), ("[]", 0)])
def test_an_empty_history_is_kept_but_none_is_the_creation(history, count, import_):
    import_(jsonl({**ROW, "history": history}))

    assert TicketEvent.objects.count() == count


@pytest.mark.parametrize("rating", [4, 4.0, "4", "4.0"])
def test_feedback_is_by_default_for_the_tickets_mentor_at_its_end(rating, import_):
    import_(jsonl({**MENTORED, "rating": rating}))

    assert Feedback.objects.values().get() == {
        "ticket_id": Ticket.objects.get().pk,
        "rating": 4.0,
        "comments": "",
        "mentor": "Mia Mentor",
        "mentor_email": "mia@example.edu",
        "created": NOON + timedelta(minutes=30),
    }


def test_feedback_stays_with_the_mentor_of_that_time(import_):
    given = {"rating": 0.5, "comments": "=rude", "rated_mentor_email": "MAX@example.edu", "rated": "2026-02-15T00:00:00Z"}

    import_(jsonl({**ROW, **given}))

    assert Feedback.objects.values_list("rating", "comments", "mentor", "mentor_email", "created").get() == (
        0.5,
        "=rude",
        "max@example.edu",
        "max@example.edu",
        NOON + timedelta(hours=12),
    )
