"""When a ticket entered the queue, from which its waits count, and instants though a clock steps back."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.migrations.executor import MigrationExecutor

from mentorq_backend import stats
from mentorq_backend.models import Ticket, TicketEvent
from mentorq_backend.tests.exchange.files import ROW, jsonl

NOON = datetime(2026, 2, 14, 12, tzinfo=UTC)
SECOND = 1_000_000  # microseconds
FIVE_MINUTES, TEN_HOURS = timedelta(minutes=5), timedelta(hours=10)


@pytest.fixture
def clock(monkeypatch):
    """Set the clock of the server: `clock(NOON)`."""

    def set_to(instant):
        monkeypatch.setattr("django.utils.timezone.now", lambda: instant)

    set_to(NOON)
    return set_to


@pytest.fixture
def reopened(ada, mia, make_ticket, clock):
    """Closed after five minutes, reopened ten hours later."""
    ticket = make_ticket(ada, created=NOON)
    clock(NOON + FIVE_MINUTES)
    ticket.claim(by=mia)
    ticket.close(by=mia)
    clock(NOON + TEN_HOURS)
    ticket.reopen(by=mia)
    return ticket


def test_a_reopened_ticket_waits_from_its_reopening(reopened, mia, clock):
    clock(NOON + TEN_HOURS + FIVE_MINUTES)
    reopened.claim(by=mia)
    reopened.close(by=mia)

    figures = stats.summary(Ticket.objects.all())

    assert figures["average_claimed_datetime_seconds"] == figures["average_closed_datetime_seconds"] == 300
    assert Ticket.objects.get().queued == NOON + TEN_HOURS


def test_a_release_keeps_the_place(ada, mia, make_ticket, clock):
    ticket = make_ticket(ada, created=NOON)
    ticket.claim(by=mia)
    clock(NOON + FIVE_MINUTES)
    ticket.release(by=mia)
    ticket.claim(by=mia)

    assert (ticket.queued, ticket.time_to_claim) == (NOON, 300 * SECOND)


def test_who_waits_the_longest_is_who_entered_the_queue_first(reopened, grace, make_ticket):
    later = make_ticket(grace, created=NOON + timedelta(hours=9))

    assert stats.now(Ticket.objects.all())["longest_waiting"] == [later, reopened]


@pytest.mark.parametrize("path", ["/admin/", "/admin/mentorq_backend/ticket/"])
def test_the_desk_says_and_orders_so(path, reopened, grace, olga, make_ticket, client, clock):
    clock(NOON + TEN_HOURS + FIVE_MINUTES)
    make_ticket(grace, title="Since nine", created=NOON + timedelta(hours=9))
    client.force_login(olga, "mentorq_users.backends.LCSBackend")

    page = client.get(path).content.decode()

    assert page.index("Since nine") < page.index("My build loops")
    assert ("5 min" in page, "10 h" in page) == (True, False)


def test_a_ticket_from_tomorrow_that_is_claimed_waited_for_nothing(ada, mia, make_ticket, clock):
    tomorrow = NOON + timedelta(days=1)
    ticket = make_ticket(ada, created=tomorrow)

    ticket.claim(by=mia)
    ticket.close(by=mia)

    assert (ticket.claimed_datetime, ticket.closed_datetime) == (tomorrow, tomorrow)
    assert (ticket.time_to_claim, ticket.time_to_close) == (0, 0)


def test_no_move_is_earlier_than_the_one_before_though_the_clock_steps_back_each_time(ada, mia, olga, make_ticket, clock):
    ticket = make_ticket(ada, created=NOON)
    clock(NOON + FIVE_MINUTES)
    ticket.claim(by=mia)
    for step, move in enumerate(["release", "claim", "close", "reopen", "claim", "release", "cancel"], 1):
        clock(NOON + FIVE_MINUTES - timedelta(hours=step))
        getattr(Ticket.objects.get(), move)(by=olga)

    instants = list(TicketEvent.objects.order_by("id").values_list("at", flat=True))
    assert instants == [NOON, *[NOON + FIVE_MINUTES] * 8]


def test_the_database_takes_no_negative_wait(ada, make_ticket):
    make_ticket(ada)

    for column in ("time_to_claim", "time_to_close"):
        with pytest.raises(IntegrityError), transaction.atomic():
            Ticket.objects.update(**{column: -1})


HISTORY = [
    ("", "OPEN", NOON),
    ("OPEN", "CLOSED", NOON + FIVE_MINUTES),
    ("CLOSED", "OPEN", NOON + TEN_HOURS),
    ("OPEN", "CLAIMED", NOON + TEN_HOURS + FIVE_MINUTES),
]


def test_a_file_from_before_gets_its_queue_entry_from_the_history(import_):
    history = [{"at": at.isoformat(), "by": "mia@example.edu", "from": before, "to": to} for before, to, at in HISTORY]
    claimed = {"status": "CLAIMED", "mentor_email": "mia@example.edu", "claimed_datetime": history[-1]["at"]}

    import_(jsonl({**ROW, **claimed, "time_to_claim": 36_300 * SECOND, "history": history}))

    ticket = Ticket.objects.get()
    assert (ticket.queued, ticket.moved, ticket.time_to_claim) == (HISTORY[2][2], HISTORY[3][2], 300 * SECOND)


def test_a_file_with_a_negative_wait_is_refused_by_name(import_):
    claimed = {"status": "CLAIMED", "mentor_email": "mia@example.edu", "claimed_datetime": ROW["created"]}

    with pytest.raises(Exception, match="Row 1, column time_to_claim: It is negative"):
        import_(jsonl({**ROW, **claimed, "time_to_claim": -1}))


@pytest.fixture
def before_queue_entry(transactional_db):
    """The models as they were before `queued`; afterwards the database is as it is now."""
    executor = MigrationExecutor(connection)
    state = executor.migrate([("mentorq_backend", "0006_longer_texts")])
    yield state.apps
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())


def test_the_migration_reads_the_history_and_mends_what_a_clock_had_bent(before_queue_entry):
    tickets = before_queue_entry.get_model("mentorq_backend", "Ticket").objects
    events = before_queue_entry.get_model("mentorq_backend", "TicketEvent").objects
    common = {"owner_email": "ada@example.edu", "owner": "Ada", "title": "x", "location": "x", "created": NOON}
    mentored = {**common, "mentor": "Mia", "mentor_email": "mia@example.edu"}
    rows = {
        "plain": tickets.create(**common),
        "reopened": tickets.create(
            **mentored, status="CLAIMED", claimed_datetime=HISTORY[3][2], time_to_claim=36_300 * SECOND
        ),
        "from tomorrow": tickets.create(
            **mentored, status="CLOSED", claimed_datetime=NOON - TEN_HOURS, closed_datetime=NOON - FIVE_MINUTES,
            time_to_claim=-36_000 * SECOND, time_to_close=-300 * SECOND,
        ),
        "recorded": tickets.create(**common, status="CLOSED", closed_datetime=NOON, recorded=True),
        "released": tickets.create(**common),
    }  # fmt: skip
    for before, to, at in HISTORY:
        events.create(ticket=rows["reopened"], by="mia@example.edu", from_status=before, to_status=to, at=at)
    events.create(
        ticket=rows["released"], by="mia@example.edu", from_status="CLAIMED", to_status="OPEN", at=NOON + TEN_HOURS
    )

    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())

    columns = ("queued", "moved", "claimed_datetime", "closed_datetime", "time_to_claim", "time_to_close")
    assert {name: Ticket.objects.values_list(*columns).get(pk=row.pk) for name, row in rows.items()} == {
        "plain": (NOON, NOON, None, None, None, None),
        "reopened": (HISTORY[2][2], HISTORY[3][2], HISTORY[3][2], None, 300 * SECOND, None),
        "from tomorrow": (NOON, NOON, NOON, NOON, 0, 0),
        "recorded": (NOON, NOON, None, NOON, None, None),
        "released": (NOON, NOON + TEN_HOURS, None, None, None, None),
    }
    stays = {name: Ticket.objects.values_list("ahead", "left_queue").get(pk=row.pk) for name, row in rows.items()}
    assert stays == {
        "plain": (0, None),
        "reopened": (2, HISTORY[3][2]),  # after "plain" and "released"
        "from tomorrow": (0, NOON),
        "recorded": (0, NOON),
        "released": (0, None),
    }
