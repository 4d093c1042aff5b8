"""Which webhook is told of what, and what the notice says."""

import re
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from mentorq_backend.exceptions import MoveNotAllowed, TicketConflict
from mentorq_backend.models import Event, Feedback, Notice, Ticket, Webhook
from mentorq_backend.notices import outbox

MINUTE = timedelta(minutes=1)


def open_(owner, title="My build loops", comment="", **columns):
    return Ticket.objects.open(
        by=owner, owner_email=owner.email, title=title, comment=comment, location="Table 12", **columns
    )


@pytest.fixture
def moves(ada, mia, max_, olga):
    """Each happening of a ticket: what leads to it, and the move."""
    claimed, closed = [("claim", mia)], [("claim", mia), ("close", mia)]
    return {
        "opened": ([], None),
        "claimed": ([], lambda ticket: ticket.claim(by=mia)),
        "claimed by another": (claimed, lambda ticket: ticket.hand_over(by=olga, mentor_email=max_.email)),
        "released": (claimed, lambda ticket: ticket.release(by=mia)),
        "closed": (claimed, lambda ticket: ticket.close(by=mia)),
        "closed at once": ([], lambda ticket: ticket.close(by=mia)),
        "cancelled": ([], lambda ticket: ticket.cancel(by=ada)),
        "struck out": (closed, lambda ticket: ticket.cancel(by=olga)),
        "reopened": ([("cancel", ada)], lambda ticket: ticket.reopen(by=ada)),
        "reopened after a close": (closed, lambda ticket: ticket.reopen(by=mia)),
        "rated": (closed, lambda ticket: Feedback.objects.give(ticket, rating=4)),
        "renamed": (claimed, lambda ticket: ticket.rename_mentor("Mia from iOS", by=mia)),
        "corrected": ([], lambda ticket: ticket.correct(by=olga, title="Other words")),
        "marked": ([], lambda ticket: ticket.mark_active(False, by=mia)),
    }


TOLD = {
    "opened": "opened", "claimed": "claimed", "claimed by another": "claimed", "released": "released", "closed": "closed",
    "closed at once": "closed", "cancelled": "cancelled", "struck out": "cancelled", "reopened": "reopened",
    "reopened after a close": "reopened", "rated": "rated", "renamed": None, "corrected": None, "marked": None,
}  # fmt: skip


@pytest.mark.parametrize("what", TOLD)
def test_each_move_is_told_once_to_those_who_want_to_know(what, moves, ada, make_webhook, told):
    before, move = moves[what]
    all_, others, off = (
        make_webhook(name="all"),
        make_webhook(name="others", tells={"opened", "claimed", "released", "closed", "cancelled", "rated"} - {TOLD[what]}),
        make_webhook(name="off", is_on=False),
    )
    ticket = open_(ada)
    for verb, person in before:
        getattr(ticket, verb)(by=person)
    if move:
        Notice.objects.all().delete()
        move(ticket)

    expected = [(TOLD[what], ticket.pk)] if TOLD[what] else []
    assert (told(all_), told(others), told(off)) == (expected, [], [])


# Who is told of which ticket: what the webhook tells, its words, whether somebody waits, title, comment.
SWIFT = "swift, x-code, C++"
CASES = {
    "every ticket": (["opened"], "", True, "Stuck", "", "opened"),
    "first alone": (["first"], "", False, "Stuck", "", "opened"),
    "first while somebody waits": (["first"], "", True, "Stuck", "", None),
    "both, alone": (["opened", "first"], "", False, "Stuck", "", "opened"),
    "a word in the title": (["opened"], SWIFT, True, "SWIFT does not build", "", "opened"),
    "a word in the comment": (["opened"], SWIFT, True, "Stuck", "It is\nSwift.", "opened"),
    "a part of a word": (["opened"], SWIFT, True, "Swiftly stuck", "", None),
    "a word with signs": (["opened"], SWIFT, True, "My c++: help", "", "opened"),
    "half a word with signs": (["opened"], SWIFT, True, "My code", "", None),
    "another word": (["opened"], SWIFT, True, "Kotlin", "", None),
    "a word in capitals": (["opened"], "STRASSE", True, "straße", "", "opened"),
    "a composed letter": (["opened"], "café", True, "Cafe\u0301 page", "", "opened"),
    "only commas": (["opened"], " , ,", True, "x", "y", "opened"),
    "a letter with a vowel sign": (["opened"], "क", True, "कि", "", None),
    "the same letter alone": (["opened"], "क", True, "a क b", "", "opened"),
    "a part and then the word": (["opened"], "swift", True, "swiftly, swift", "", "opened"),
    "a dotted capital": (["opened"], "izmir", True, "İZMİR", "", "opened"),
    "first with a word": (["first"], "swift", False, "Swift", "", "opened"),
    "first without the word": (["first"], "swift", False, "Kotlin", "", None),
    "something else": (["claimed", "waiting"], "", True, "Stuck", "", None),
}


@pytest.mark.parametrize("case", CASES)
def test_a_new_ticket_is_told_by_happening_words_and_who_waits(case, ada, grace, make_webhook, told):
    tells, words, others, title, comment, expected = CASES[case]
    webhook = make_webhook(tells=tells, words=words, minutes=10)
    if others:
        open_(grace, "Kernel")
        Notice.objects.all().delete()

    ticket = open_(ada, title, comment)

    assert told(webhook) == ([(expected, ticket.pk)] if expected else [])


@pytest.mark.parametrize(("status", "told_as"), [("CLOSED", "closed"), ("CANCELLED", "cancelled"), ("CLAIMED", "claimed")])
def test_recorded_help_is_told_as_what_it_is(status, told_as, ada, olga, mia, make_webhook, told):
    webhook = make_webhook()

    ticket = Ticket.objects.open(
        by=olga, owner_email=ada.email, title="x", location="y", status=status, mentor_email=mia.email
    )

    assert told(webhook) == [(told_as, ticket.pk)]


def test_a_refused_move_is_not_told(ada, grace, mia, max_, make_ticket, make_webhook, told, settings):
    ticket = make_ticket(ada, "CLAIMED", mentor=mia)
    make_webhook()

    with pytest.raises(MoveNotAllowed):
        ticket.cancel(by=grace)
    with pytest.raises(TicketConflict):
        ticket.claim(by=max_)
    settings.TICKETS_MAX_OPEN = 0
    with pytest.raises(Exception, match="open tickets"):
        open_(grace)

    assert told() == []


def test_what_is_rolled_back_is_not_told(ada, make_webhook, told):
    make_webhook()

    def fail():
        with transaction.atomic():
            open_(ada)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()

    assert told() == []


def test_an_import_tells_nobody(ada, mia, make_ticket, make_webhook, told, tmp_path):
    make_ticket(ada, "CLOSED", mentor=mia)
    file = str(tmp_path / "tickets.csv")
    call_command("exporttickets", file, stderr=StringIO())
    make_webhook()

    lines = Path(file).read_text().replace("My build loops", "Another ticket")
    Path(file).write_text(re.sub(r"(?m)^\d+,", ",", lines))
    call_command("importtickets", file, stderr=StringIO(), stdout=StringIO())

    assert (Ticket.objects.count(), told()) == (2, [])


def test_a_webhook_that_is_deleted_at_the_same_moment_makes_no_move_fail(ada, mia, make_ticket, make_webhook, at_once):
    for number in range(8):
        webhook, ticket = make_webhook(name=f"W{number}"), make_ticket(ada)
        at_once([lambda ticket=ticket: ticket.claim(by=mia), webhook.delete])
        assert ticket.status == "CLAIMED"
        ticket.close(by=mia)

    assert Notice.objects.count() == 0


def test_several_webhooks_that_are_deleted_at_once_make_no_move_fail(ada, mia, make_ticket, make_webhook, at_once):
    for _ in range(8):
        for name in ("b", "c", "a"):
            make_webhook(name=name)
        ticket = make_ticket(ada)
        at_once([lambda ticket=ticket: ticket.claim(by=mia), Webhook.objects.all().delete])
        ticket.close(by=mia)

    assert (Webhook.objects.count(), Notice.objects.count()) == (0, 0)


def test_moves_and_deletions_lock_webhooks_in_the_same_order(make_webhook):
    """In different orders PostgreSQL finds a deadlock, and a move fails."""
    make_webhook()
    with CaptureQueriesContext(connection) as queries, transaction.atomic():
        list(Webhook.objects.to_tell())
        Webhook.objects.all().delete()

    reads = [query["sql"].replace('"', "") for query in queries if "FROM" in query["sql"] and "ORDER BY" in query["sql"]]
    orders = [re.search(r"ORDER BY (?:\w+\.)?(\w+(?: DESC)?)", read)[1] for read in reads]
    assert orders == ["id", "id"]


def test_a_double_click_is_told_once(ada, mia, make_ticket, make_webhook, told):
    ticket = make_ticket(ada)
    make_webhook()
    again = Ticket.objects.get(pk=ticket.pk)

    ticket.claim(by=mia)
    again.claim(by=mia)

    assert told() == [("claimed", ticket.pk)]


def test_changed_feedback_is_not_told_again(ada, mia, make_ticket, make_webhook, client_of, told):
    make_webhook(tells=["rated"])
    ticket = make_ticket(ada, "CLOSED", mentor=mia)
    client = client_of(ada)

    client.post("/api/feedback/", {"ticket": ticket.pk, "rating": 2})
    client.patch(f"/api/feedback/{ticket.pk}/", {"rating": 5})

    assert told() == [("rated", ticket.pk)]


def test_a_notice_shows_the_ticket_as_of_the_move_and_as_mentors_see_it(ada, mia, make_ticket, make_webhook, client_of):
    make_webhook(tells=["claimed", "rated"])
    ticket = make_ticket(ada)
    ticket.claim(by=mia)
    seen = client_of(mia).get(f"/api/tickets/{ticket.pk}/").json()
    ticket.close(by=mia)
    Feedback.objects.give(ticket, rating=1, comments="late")

    claimed, rated = (notice.payload for notice in Notice.objects.order_by("pk"))

    assert claimed == {"by": mia.email, "ticket": {**seen, "url": f"/api/tickets/{ticket.pk}/"}, "waiting": 0}
    assert (rated["by"], rated["ticket"]["status"], rated["ticket"]["feedback"]) == (ada.email, "CLOSED", "")


def test_a_notice_counts_who_waits_after_the_move(ada, grace, mia, make_webhook):
    make_webhook(tells=["opened", "claimed"])
    open_(ada)
    second = open_(grace)
    second.claim(by=mia)

    assert [notice.payload["waiting"] for notice in Notice.objects.order_by("pk")] == [1, 2, 1]


# Waiting


@pytest.fixture
def aged(ada, grace, mia, make_ticket):
    """A ticket that became open so many minutes ago."""

    def make(minutes, owner=ada, **columns):
        at = timezone.now() - minutes * MINUTE
        return make_ticket(owner, **{"created": at, **columns})

    return make


def tell_waiting():
    return outbox.tell_waiting(Ticket.objects.all())


@pytest.mark.parametrize(("minutes", "expected"), [(9, 0), (11, 1)])
def test_a_ticket_waits_if_it_was_open_for_longer_than_the_minutes(minutes, expected, aged, make_webhook, told):
    webhook = make_webhook(tells=["waiting"], minutes=10)
    ticket = aged(minutes)

    assert tell_waiting() == expected
    assert told(webhook) == [("waiting", ticket.pk)] * expected


def test_each_webhook_tells_of_a_waiting_ticket_once(aged, grace, make_webhook, told):
    ios = make_webhook(name="ios", tells=["waiting"], minutes=10, words="swift")
    wide = make_webhook(name="wide", tells=["waiting"], minutes=30)
    swift, other = aged(20, title="Swift"), aged(40, owner=grace, title="Kotlin")

    assert [tell_waiting() for _ in range(3)] == [2, 0, 0]
    assert (told(ios), told(wide)) == ([("waiting", swift.pk)], [("waiting", other.pk)])


def test_a_ticket_that_returned_waits_anew(ada, mia, aged, make_webhook, told):
    make_webhook(tells=["waiting"], minutes=10)
    ticket = aged(20)
    tell_waiting()
    ticket.claim(by=mia)
    ticket.release(by=mia)

    assert tell_waiting() == 0  # it has been open for a moment only
    Ticket.objects.filter(pk=ticket.pk).update(moved=timezone.now() - 11 * MINUTE)
    assert [tell_waiting(), tell_waiting()] == [1, 0]
    assert told() == [("waiting", ticket.pk)] * 2


@pytest.mark.parametrize("status", ["CLAIMED", "CLOSED", "CANCELLED"])
def test_a_ticket_that_is_not_open_does_not_wait(status, ada, mia, make_ticket, make_webhook):
    make_webhook(tells=["waiting"], minutes=10)
    ticket = make_ticket(ada, status, mentor=mia)
    Ticket.objects.filter(pk=ticket.pk).update(moved=timezone.now() - 20 * MINUTE)

    assert tell_waiting() == 0


def test_a_week_later_an_open_ticket_is_not_told_again(aged, make_webhook):
    make_webhook(tells=["waiting"], minutes=10)
    aged(20)
    tell_waiting()
    week_ago = timezone.now() - timedelta(days=8)
    Notice.objects.update(delivered=week_ago, next_attempt=None)

    assert Notice.objects.forget(timezone.now() - timedelta(days=7)) == 0
    assert tell_waiting() == 0


def test_two_processes_tell_of_a_waiting_ticket_once(ada, make_ticket, make_webhook, at_once, told):
    make_webhook(tells=["waiting"], minutes=1)
    tickets = [make_ticket(ada, created=timezone.now() - 5 * MINUTE, title=f"T{number}") for number in range(4)]

    at_once([tell_waiting] * 4)

    assert sorted(told()) == sorted(("waiting", ticket.pk) for ticket in tickets)


def test_a_claim_at_the_same_moment_is_never_followed_by_waiting(ada, mia, make_ticket, make_webhook, at_once):
    webhook = make_webhook(tells=["waiting", "claimed"], minutes=1)
    for _ in range(8):
        ticket = make_ticket(ada, created=timezone.now() - 5 * MINUTE)
        at_once([tell_waiting, lambda ticket=ticket: ticket.claim(by=mia)])
        happened = [notice.happening for notice in webhook.notices.filter(ticket=ticket).order_by("pk")]
        assert happened in (["waiting", "claimed"], ["claimed"])
        ticket.close(by=mia)


# The event's message


@pytest.fixture
def event(db):
    return Event.objects.create(name="HackRU", opens=timezone.now() - 60 * MINUTE, message="Hello")


def test_a_changed_message_is_told_whatever_the_words(event, make_webhook, told):
    webhook = make_webhook(tells=["message"], words="swift")

    event.message = "Pizza at 7"
    event.save()
    event.save()

    assert told(webhook) == [("message", None)]
    assert webhook.notices.get().payload == {
        "by": "", "event": {"id": event.pk, "name": "HackRU", "message": "Pizza at 7"}
    }  # fmt: skip


def test_a_message_that_is_taken_away_is_told(event, make_webhook, told):
    make_webhook(tells=["message"])

    event.message = ""
    event.save()

    assert told() == [("message", None)]


def test_other_changes_of_an_event_and_other_events_tell_nothing(event, make_webhook, told):
    make_webhook(tells=["message"])
    make_webhook(name="Others")

    event.pause()
    planned = Event.objects.create(name="Next", opens=timezone.now() + 60 * MINUTE, message="Soon")
    planned.message = "Later"
    planned.save()

    assert told() == []
