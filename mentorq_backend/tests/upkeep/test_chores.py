"""What upkeep does to tickets, and what it leaves alone."""

from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.utils import timezone

from mentorq_backend.exceptions import MoveNotAllowed, TicketConflict
from mentorq_backend.models import Notice, Ticket
from mentorq_backend.moves import SERVER
from mentorq_backend.upkeep.chores import delete_expired, tend_tickets
from mentorq_users.models import RevokedToken, SignInTries

MINUTE = timedelta(minutes=1)


def history(ticket):
    return [(event.by, event.from_status, event.to_status, event.note) for event in ticket.events.all()]


@pytest.fixture
def event(make_event):
    """An event that opened ten hours ago, with these minutes."""

    def make(**columns):
        return make_event(-10, **columns)

    return make


@pytest.fixture
def aged(ada, mia, make_ticket):
    """A ticket whose last move was so many minutes ago."""

    def make(minutes, status="OPEN", **columns):
        at = timezone.now() - minutes * MINUTE
        ticket = make_ticket(ada, status, mentor=mia, created=at, **columns)
        Ticket.objects.filter(pk=ticket.pk).update(moved=at)
        ticket.refresh_from_db()
        return ticket

    return make


# What happens: the event's minutes, the ticket's status and age in minutes, what upkeep does.
CASES = {
    "expires": ({"expire_after": 120}, "OPEN", 121, "expired"),
    "is not old enough": ({"expire_after": 120}, "OPEN", 119, None),
    "expires after a minute": ({"expire_after": 1}, "OPEN", 2, "expired"),
    "has no minutes": ({}, "OPEN", 500, None),
    "is claimed": ({"expire_after": 120}, "CLAIMED", 121, None),
    "is closed": ({"expire_after": 120, "return_claims_after": 60}, "CLOSED", 121, None),
    "is cancelled": ({"expire_after": 120, "return_claims_after": 60}, "CANCELLED", 121, None),
    "returns": ({"return_claims_after": 60}, "CLAIMED", 61, "returned"),
    "is claimed not long enough": ({"return_claims_after": 60}, "CLAIMED", 59, None),
    "is open, not claimed": ({"return_claims_after": 60}, "OPEN", 61, None),
    "ends": ({"closes": -1, "cancel_after": 30}, "OPEN", 100, "ended"),
    "ends later": ({"closes": -1, "cancel_after": 90}, "OPEN", 100, None),
    "ends although it was opened after the end": ({"closes": -1, "cancel_after": 30}, "OPEN", 1, "ended"),
    "is claimed at the end": ({"closes": -1, "cancel_after": 30}, "CLAIMED", 100, None),
    "belongs to an event without an end": ({"cancel_after": 1}, "OPEN", 100, None),
    "belongs to no event": ({"expire_after": 1, "closes": -1, "cancel_after": 1}, "OPEN", 700, None),
}
NOTES = {"expired": "expired after {} min", "returned": "returned after {} min", "ended": "ended {} min after HackRU"}
BECOMES = {"expired": "CANCELLED", "returned": "OPEN", "ended": "CANCELLED"}


@pytest.mark.parametrize("case", CASES)
def test_a_ticket_is_looked_after_by_its_events_minutes(case, event, aged):
    columns, status, minutes, what = CASES[case]
    ticket = aged(minutes, status)
    event(**columns)  # now, because nobody opens a ticket after its end
    before = history(ticket)

    counts, again = tend_tickets(), tend_tickets()

    assert (+counts, +again) == ({what: 1} if what else {}, {})
    after = Ticket.objects.get(pk=ticket.pk)
    assert after.status == (BECOMES[what] if what else status)
    made = history(ticket)[len(before) :]
    names = {"expired": "expire_after", "returned": "return_claims_after", "ended": "cancel_after"}
    note = NOTES[what].format(columns[names[what]]) if what else ""
    assert made == ([("", status, BECOMES[what], note)] if what else [])


def test_an_earlier_event_keeps_its_minutes_although_another_is_present(make_event, ada, make_ticket):
    make_event(-10, name="First", expire_after=60)
    make_event(-1, name="Second")
    old, new = (make_ticket(ada, created=timezone.now() - hours * 60 * MINUTE) for hours in (5, 0.5))

    assert +tend_tickets() == {"expired": 1}
    assert [Ticket.objects.get(pk=ticket.pk).status for ticket in (old, new)] == ["CANCELLED", "OPEN"]


def test_an_event_without_a_closing_ends_with_the_next_opening(make_event, ada, make_ticket):
    make_event(-10, name="First", cancel_after=30)
    make_event(-1, name="Second")
    make_ticket(ada, created=timezone.now() - 300 * MINUTE)

    assert +tend_tickets() == {"ended": 1}


@pytest.mark.parametrize(("minutes", "expected"), [(29, {}), (31, {"ended": 1})])
def test_what_an_organizer_opens_after_the_end_has_its_minutes_from_then(
    minutes, expected, make_event, ada, olga, make_ticket
):
    ticket = make_ticket(ada, created=timezone.now() - 300 * MINUTE)
    make_event(-10, closes=-2, cancel_after=30)
    tend_tickets()
    ticket.refresh_from_db()
    ticket.reopen(by=olga)
    then = timezone.now() - minutes * MINUTE
    Ticket.objects.filter(pk=ticket.pk).update(moved=then, queued=then)
    ticket.events.filter(by=olga.email).update(at=then)

    assert +tend_tickets() == expected


def test_a_returned_ticket_does_not_expire_at_once_and_keeps_its_place(event, aged):
    event(expire_after=30, return_claims_after=60)
    ticket = aged(61, "CLAIMED")

    assert +tend_tickets() == {"returned": 1}
    assert +tend_tickets() == {}
    after = Ticket.objects.get(pk=ticket.pk)
    assert (after.status, after.mentor, after.mentor_email, after.claimed_datetime) == ("OPEN", "", "", None)
    assert (after.queued, after.left_queue) == (ticket.queued, None)


def test_a_hand_over_begins_the_claim_anew(event, aged, olga, max_):
    event(return_claims_after=60)
    ticket = aged(61, "CLAIMED")
    ticket.hand_over(by=olga, mentor_email=max_.email)

    assert +tend_tickets() == {}


def test_a_correction_or_a_mark_does_not(event, aged, olga, mia):
    event(expire_after=60)
    ticket = aged(61)
    ticket.correct(by=olga, title="Other words")
    ticket.mark_active(False, by=mia)

    assert +tend_tickets() == {"expired": 1}


@pytest.mark.parametrize("meanwhile", ["claimed", "claimed and released", "cancelled"])
def test_the_server_gives_way_to_whoever_was_faster(meanwhile, event, aged, ada, mia):
    event(expire_after=60)
    read = Ticket.objects.get(pk=aged(61).pk)
    ticket = Ticket.objects.get(pk=read.pk)
    if meanwhile == "cancelled":
        ticket.cancel(by=ada)
    else:
        ticket.claim(by=mia)
    if meanwhile == "claimed and released":
        ticket.release(by=mia)
    before = history(ticket)

    if meanwhile == "cancelled":
        assert not read.move("CANCELLED", by=SERVER, note="expired after 60 min")
    else:
        with pytest.raises(TicketConflict):
            read.move("CANCELLED", by=SERVER, note="expired after 60 min")

    assert history(ticket) == before


@pytest.mark.parametrize(
    ("status", "to"),
    [("OPEN", "CLOSED"), ("CLAIMED", "CLOSED"), ("CLAIMED", "CANCELLED"), ("CLOSED", "OPEN"), ("CLOSED", "CANCELLED"),
     ("CANCELLED", "OPEN")],
)  # fmt: skip
def test_the_server_makes_no_other_move(status, to, ada, mia, make_ticket):
    ticket = make_ticket(ada, status, mentor=mia)

    with pytest.raises(MoveNotAllowed):
        ticket.move(to, by=SERVER, note="why")

    assert Ticket.objects.get(pk=ticket.pk).status == status


def test_the_server_claims_nothing(ada, make_ticket):
    with pytest.raises(MoveNotAllowed):
        make_ticket(ada).move("CLAIMED", by=SERVER, note="why")


def test_nobody_hears_of_the_server_in_a_refusal(grace, ada, make_ticket):
    with pytest.raises(MoveNotAllowed) as refused:
        make_ticket(ada).cancel(by=grace)

    assert str(refused.value) == "You may not cancel this ticket: only its owner, an organizer or director may."


def test_an_owner_reopens_what_the_server_cancelled(event, aged, ada, client_of):
    event(expire_after=60)
    ticket = aged(61)
    tend_tickets()

    response = client_of(ada).patch(f"/api/tickets/{ticket.pk}/", {"status": "OPEN"})

    assert (response.status_code, response.json()["status"]) == (200, "OPEN")
    assert +tend_tickets() == {}


def test_the_history_says_in_the_api_and_at_the_desk_that_it_was_mentorq(event, aged, olga, client_of, client):
    event(expire_after=60)
    ticket = aged(61)
    tend_tickets()

    rows = client_of(olga).get(f"/api/tickets/{ticket.pk}/history/").json()
    client.force_login(olga, backend="mentorq_users.backends.LCSBackend")
    page = client.get(f"/admin/mentorq_backend/ticket/{ticket.pk}/change/").content.decode()

    assert [(row["by"], row["from"], row["to"], row["note"]) for row in rows][1:] == [
        ("", "OPEN", "CANCELLED", "expired after 60 min")
    ]
    assert "OPEN → CANCELLED by MentorQ: expired after 60 min" in page
    assert "corrected" not in page


def test_the_statistics_count_what_the_server_did(event, aged, dan, client_of):
    event(expire_after=60, return_claims_after=60)
    aged(61, title="first")
    aged(61, "CLAIMED", title="second")
    tend_tickets()

    figures = client_of(dan).get("/api/tickets/stats/").json()

    assert (figures["cancelled_by_server"], figures["returned_by_server"]) == (1, 1)
    assert figures["Cancelled Tickets"] == 1


def test_what_the_server_did_is_exported_and_comes_back(event, aged, tmp_path):
    event(expire_after=60)
    ticket = aged(61)
    tend_tickets()
    before, file = history(ticket), str(tmp_path / "tickets.jsonl")
    call_command("exporttickets", file, "--history", stderr=StringIO())
    ticket.events.all().delete()
    Ticket.objects.filter(pk=ticket.pk).delete()

    call_command("importtickets", file, stdout=StringIO(), stderr=StringIO())

    assert history(Ticket.objects.get()) == before


def test_it_does_not_use_up_anybodys_hour(event, aged, settings):
    settings.MOVES_PER_HOUR = 1
    event(expire_after=60)
    for number in range(4):
        aged(61, title=f"T{number}")

    assert +tend_tickets() == {"expired": 4}


def test_whoever_can_be_told_hears_that_a_ticket_waits_before_it_expires(event, aged, make_webhook, told):
    make_webhook(tells=["waiting", "cancelled"], minutes=60)
    event(expire_after=60)
    ticket = aged(61)
    Notice.objects.all().delete()

    tend_tickets()

    assert told() == [("waiting", ticket.pk), ("cancelled", ticket.pk)]


def test_each_thing_is_logged_once_and_nothing_is_not(event, aged, logged):
    event(expire_after=60)
    ticket = aged(61)
    logged.clear()

    tend_tickets()
    tend_tickets()

    assert [line for line in logged if "expired" in line] == logged
    assert len(logged) == 1
    assert f"Ticket {ticket.pk}: expired after 60 min" in logged[0]


def test_four_upkeeps_at_once_do_each_thing_once(committed, make_event, ada, mia, make_ticket, at_once):
    make_event(-10, expire_after=60, return_claims_after=60)
    tickets = []
    for number in range(6):
        status = "CLAIMED" if number % 2 else "OPEN"
        tickets.append(make_ticket(ada, status, mentor=mia, title=f"T{number}"))
    Ticket.objects.update(moved=timezone.now() - 61 * MINUTE)

    counts = at_once([tend_tickets] * 4)

    assert (sum(count["expired"] for count in counts), sum(count["returned"] for count in counts)) == (3, 3)
    assert [ticket.events.filter(by="").count() for ticket in tickets] == [1] * 6


def test_an_upkeep_and_a_mentor_at_once_leave_one_move(committed, make_event, ada, mia, make_ticket, at_once):
    make_event(-10, expire_after=60)
    for number in range(6):
        ticket = make_ticket(ada, title=f"T{number}")
        Ticket.objects.filter(pk=ticket.pk).update(moved=timezone.now() - 61 * MINUTE)

        def claim(ticket=ticket):
            try:
                Ticket.objects.get(pk=ticket.pk).claim(by=mia)
            except TicketConflict:
                return False
            return True

        claimed, counts = at_once([claim, tend_tickets])
        assert (claimed, counts["expired"]) in ((True, 0), (False, 1))


# What has expired


def test_what_has_expired_is_deleted_and_nothing_else(ada, make_ticket, make_webhook, logged):
    now = timezone.now()
    make_webhook(tells=["opened"])
    for days in (6, 8):
        make_ticket(ada, title=f"T{days}")
        Notice.objects.filter(delivered=None).update(delivered=now - timedelta(days=days), next_attempt=None)
    make_ticket(ada, title="given up")
    Notice.objects.filter(delivered=None).update(next_attempt=None)
    for when, key in ((now - MINUTE, "old"), (now + MINUTE, "new")):
        Session.objects.create(session_key=key, session_data="x", expire_date=when)
        RevokedToken.objects.create(jti=key, expires_at=when)
        SignInTries.objects.create(key=key, count=1, ends_at=when.timestamp())
    logged.clear()

    delete_expired()
    delete_expired()

    kept = [
        *Session.objects.values_list("session_key", flat=True), *RevokedToken.objects.values_list("jti", flat=True),
        *SignInTries.objects.values_list("key", flat=True),
    ]  # fmt: skip
    assert kept == ["new"] * 3
    assert [notice.state for notice in Notice.objects.order_by("pk")] == ["delivered", "given up"]
    assert len(logged) == 4
