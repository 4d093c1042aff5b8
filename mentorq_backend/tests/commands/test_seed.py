"""`manage.py seed`: as many tickets as asked for, like those of a hackathon, and the same for the same seed."""

import io
import itertools
import math
import random
import statistics
from collections import Counter
from datetime import datetime, timedelta

import pytest
from django.core.management import CommandError, call_command

from mentorq_backend.live.revisions import Revision
from mentorq_backend.management.seeding import PEOPLE_EACH, TICKETS_EACH, hackathons
from mentorq_backend.models import Feedback, Ticket, TicketEvent
from mentorq_users.models import User

MODELS = [Feedback, TicketEvent, Ticket, User]
MICROSECOND, MINUTE = timedelta(microseconds=1), 60_000_000


@pytest.fixture
def seed(db, settings):
    """Run the command as a developer would."""
    settings.DEBUG = True
    return lambda tickets, seed=1: call_command("seed", tickets=tickets, seed=seed, stdout=io.StringIO())


@pytest.fixture(scope="module")
def season():
    """The rows of ten hackathons, in memory alone."""
    return list(hackathons(10 * TICKETS_EACH, 1, random.Random(1)))


@pytest.fixture(scope="module")
def tickets(season):
    """The tickets among them."""
    return [row for rows in season for row in rows[Ticket]]


@pytest.fixture(scope="module")
def waits(tickets):
    """The minutes until each claim, shortest first."""
    return sorted(ticket["time_to_claim"] / MINUTE for ticket in tickets if ticket["time_to_claim"] is not None)


def everything():
    """Return all rows that a seed wrote, without the ids that it leaves to the database."""
    ids = {User: "id", TicketEvent: "id"}
    return {model: [{**row, ids.get(model): None} for row in model.objects.order_by("pk").values()] for model in MODELS}


def empty():
    for model in MODELS:
        model.objects.all().delete()


def near(figure, share):
    return pytest.approx(figure, rel=share)


def microseconds(begin, end):
    return None if end is None else (end - begin) // MICROSECOND


@pytest.mark.parametrize("count", [0, 1, 196, 502, 503, 1100])
def test_seed_adds_as_many_tickets_as_asked_for(count, seed):
    seed(count)

    assert Ticket.objects.count() == count


def test_the_same_seed_gives_the_same_rows(seed):
    seed(600, 7)
    first = everything()
    empty()

    seed(600, 7)

    assert everything() == first


def test_another_seed_gives_other_rows():
    first, second = (list(hackathons(600, 1, random.Random(number))) for number in (7, 8))

    assert first[0][Ticket] != second[0][Ticket]


def test_the_same_chance_gives_the_same_hackathons():
    first, second = (list(hackathons(600, 1, random.Random(7))) for _ in range(2))

    assert first == second


def test_a_second_seed_adds_to_the_first(seed):
    seed(510)

    seed(510)

    assert list(Ticket.objects.order_by("pk").values_list("pk", flat=True)) == list(range(1, 1021))
    assert User.objects.filter(is_mentor=True).count() == 63


def test_seed_adds_to_the_tickets_that_people_opened(seed, ada, make_ticket):
    own = make_ticket(ada)

    seed(10)

    assert list(Ticket.objects.order_by("pk").values_list("pk", flat=True)) == list(range(own.pk, own.pk + 11))


def test_everything_can_be_added_after_it(seed, person, make_ticket):
    seed(600)
    latest = Ticket.objects.latest("pk").pk

    ticket = make_ticket(person("ada"), "CLOSED", mentor=person("mia"))

    Feedback.objects.give(ticket, rating=5)
    assert (ticket.pk, ticket.events.count()) == (latest + 1, 3)


@pytest.mark.django_db
def test_without_debug_it_is_refused_and_adds_nothing(settings):
    settings.DEBUG = False

    with pytest.raises(CommandError, match="DEBUG is off"):
        call_command("seed", tickets=10, seed=1)

    assert [model.objects.count() for model in MODELS] == [0, 0, 0, 0]


def test_the_waiting_times_are_those_of_the_instants(seed):
    seed(600)

    for ticket in Ticket.objects.all():
        assert ticket.time_to_claim == microseconds(ticket.created, ticket.claimed_datetime)
        assert ticket.time_to_close == microseconds(ticket.created, ticket.closed_datetime)


def test_no_instant_is_before_the_one_that_it_follows(seed):
    seed(600)

    for ticket in Ticket.objects.filter(status="CLOSED"):
        assert ticket.created < ticket.claimed_datetime <= ticket.closed_datetime


def test_every_row_is_one_that_the_models_take(seed):
    seed(60)

    for model in (Ticket, TicketEvent, Feedback):
        for row in model.objects.all():
            row.full_clean(validate_unique=False)


def test_every_history_leads_from_the_creation_to_the_status(seed):
    seed(600)

    for ticket in Ticket.objects.prefetch_related("events"):
        moves = [(event.from_status, event.to_status) for event in ticket.events.all()]
        assert (moves[0], moves[-1][1]) == (("", "OPEN"), ticket.status)
        assert all(before[1] == after[0] for before, after in itertools.pairwise(moves))


def test_feedback_is_of_closed_tickets_and_for_their_mentors(seed):
    seed(600)

    for feedback in Feedback.objects.select_related("ticket"):
        assert (feedback.ticket.status, feedback.ticket.mentor_email) == ("CLOSED", feedback.mentor_email)


def test_seed_raises_the_revision(seed):
    before = Revision.objects.total()

    seed(10)

    assert Revision.objects.total() > before


def test_a_poller_is_sent_what_it_added(seed, mia, client_of, make_ticket):
    make_ticket(mia)
    tag = client_of(mia).get("/api/tickets/")["ETag"]

    seed(10)

    response = client_of(mia).get("/api/tickets/", headers={"If-None-Match": tag})
    assert (response.status_code, len(response.json())) == (200, 11)


def test_nobody_at_an_event_opens_more_than_thirteen_tickets(season):
    for rows in season:
        opened = Counter(row["owner_email"] for row in rows[Ticket])
        assert (len(opened), max(opened.values()) <= 13) == (PEOPLE_EACH, True)


@pytest.mark.parametrize(("status", "percent"), [("CLOSED", 76), ("CANCELLED", 15), ("OPEN", 9)])
def test_as_many_tickets_end_so_as_at_the_hackathon(status, percent, tickets):
    count = sum(ticket["status"] == status for ticket in tickets)

    assert count / len(tickets) * 100 == pytest.approx(percent, abs=2)


@pytest.mark.parametrize(("percent", "minutes"), [(50, 2.7), (75, 9.6), (90, 20.9), (99, 80)])
def test_as_many_are_claimed_within_so_many_minutes_as_at_the_hackathon(percent, minutes, waits):
    assert waits[math.ceil(len(waits) * percent / 100) - 1] == near(minutes, 0.15)


def test_seeded_tickets_wait_as_long_on_average_as_at_the_hackathon(waits):
    assert statistics.mean(waits) == near(9.6, 0.2)


def test_half_of_the_help_takes_ten_minutes(tickets):
    closed = [ticket for ticket in tickets if ticket["status"] == "CLOSED"]

    help_times = [(ticket["time_to_close"] - ticket["time_to_claim"]) / MINUTE for ticket in closed]

    assert statistics.median(help_times) == near(10, 0.15)


def test_the_busiest_of_the_mentors_takes_a_fifth(tickets):
    claims = Counter(ticket["mentor_email"] for ticket in tickets if ticket["mentor_email"])

    assert len(claims) <= 63
    assert max(claims.values()) / claims.total() * 100 == pytest.approx(21, abs=3)


def test_seeded_tickets_are_most_toward_midnight_and_fewest_toward_noon(tickets):
    by_hour = Counter(datetime.fromisoformat(ticket["created"]).hour for ticket in tickets)

    hours = sorted(range(24), key=lambda hour: by_hour[hour])
    assert (hours[-1] in (22, 23, 0), hours[0] in range(10, 14)) == (True, True)
