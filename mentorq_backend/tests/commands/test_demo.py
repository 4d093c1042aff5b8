"""`manage.py demo`."""

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Count

from mentorq_backend.models import Ticket
from mentorq_users.lcs.standin import PEOPLE
from mentorq_users.models import User


@pytest.fixture
def laptop(settings, db):
    """Settings as on a laptop with nothing set."""
    settings.DEBUG = True


def test_demo_fills_an_empty_queue_with_people_and_every_kind_of_ticket(laptop, capsys):
    call_command("demo")

    counts = dict(Ticket.objects.values_list("status").annotate(Count("id")))
    assert sum(counts.values()) == 120
    assert set(counts) == {"OPEN", "CLAIMED", "CLOSED", "CANCELLED"}
    assert set(User.objects.values_list("email", flat=True)) == {person["email"] for person in PEOPLE}


def test_each_ticket_has_the_history_that_led_to_it(laptop):
    call_command("demo")

    for ticket in Ticket.objects.all():
        statuses = ["", *ticket.events.values_list("to_status", flat=True)]
        assert list(ticket.events.values_list("from_status", flat=True)) == statuses[:-1]
        assert (statuses[1], statuses[-1]) == ("OPEN", ticket.status)


def test_demo_leaves_a_queue_with_tickets_alone(laptop, ada, make_ticket):
    make_ticket(ada)

    call_command("demo")

    assert Ticket.objects.count() == 1


def test_demo_says_where_to_look(laptop, capsys):
    call_command("demo")

    page = capsys.readouterr().out
    for line in (
        "http://127.0.0.1:8000/api/docs/",
        "http://127.0.0.1:8000/admin/",
        "mia@example.edu",
        "hackru",
        "curl -fsS",
    ):
        assert line in page


def test_demo_says_on_which_port_to_look(laptop, capsys):
    call_command("demo", 8010)

    page = capsys.readouterr().out
    assert ("http://127.0.0.1:8010/api/docs/" in page, ":8000" in page) == (True, False)


def test_demo_refuses_to_fill_a_real_queue(settings, db):
    settings.DEBUG = False

    with pytest.raises(CommandError, match="unset SECRET_KEY"):
        call_command("demo")

    assert not Ticket.objects.exists()
