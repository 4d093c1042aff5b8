"""GET /board/: the queue on the big screen, without people."""

import re
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from mentorq_backend.board.views import minutes
from mentorq_backend.models import Event
from mentorq_backend.waits.queue import QUEUE

HOUR = timedelta(hours=1)


@pytest.fixture
def board(client, db):
    """The text of the page, in one line."""

    def get(query=""):
        QUEUE.read = None
        response = client.get(f"/board/{query}")
        assert response.status_code == 200
        return " ".join(re.sub(r"<(?!html)[^>]*>", " ", response.content.decode()).split())

    return get


def test_an_open_queue_without_events(board):
    text = board()

    assert "MentorQ The queue is open" in text
    assert "0 waiting – no forecast yet: it needs five claimed tickets 0 mentors at work" in text
    assert "Nobody is waiting." in text


def test_it_shows_how_many_wait_the_next_numbers_and_mentors_at_work(ada, mia, make_ticket, board):
    first, second = make_ticket(ada), make_ticket(ada)
    make_ticket(ada, "CLAIMED", mentor=mia)

    text = board()

    assert "2 waiting" in text
    assert "1 mentor at work" in text
    assert f"Next #{first.pk} #{second.pk} as of" in text


def test_it_shows_the_events_name_end_and_message_in_the_desks_zone(settings, board):
    settings.DESK_TIME_ZONE = ZoneInfo("America/New_York")
    now = timezone.now()
    event = Event.objects.create(name="HackRU", opens=now - HOUR, closes=now + HOUR, message="Pizza at 7")

    text = board()

    assert f"HackRU The queue is open until {event.closes.astimezone(settings.DESK_TIME_ZONE):%a %H:%M}" in text
    assert "Pizza at 7" in text


@pytest.mark.parametrize(
    ("opens", "closes", "paused", "state", "text"),
    [
        (1, None, False, "closed", "MentorQ The queue is closed. It opens on "),
        (-2, -1, False, "closed", "HackRU The queue is closed: HackRU is over."),
        (-2, None, True, "paused", "HackRU The queue is paused. An organizer will open it again."),
        (-2, -1, True, "closed", "HackRU The queue is closed: HackRU is over."),
    ],
)
def test_a_closed_queue_says_so(opens, closes, paused, state, text, client, board):
    now = timezone.now()
    end = None if closes is None else now + closes * HOUR
    Event.objects.create(name="HackRU", opens=now + opens * HOUR, closes=end, paused=paused)

    assert text in board()
    assert f'<main id="board" class="{state}">' in client.get("/board/").content.decode()


@pytest.mark.parametrize(
    ("query", "theme"), [("", "dark"), ("?theme=light", "light"), ("?theme=dark", "dark"), ("?theme=%22%3E", "dark")]
)
def test_it_is_dark_unless_it_is_asked_to_be_light(query, theme, board):
    assert f'<html lang="en" class="{theme}">' in board(query)


def test_it_shows_no_names_titles_or_places(ada, mia, make_ticket, client):
    make_ticket(ada, title="Secret", location="Somewhere", comment="Private", contact="555")
    make_ticket(ada, "CLAIMED", mentor=mia)

    page = client.get("/board/").content.decode()

    assert [word for word in ("Ada", "ada@", "Mia", "mia@", "Secret", "Somewhere", "Private", "555") if word in page] == []


def test_what_organizers_wrote_is_escaped(client, db):
    Event.objects.create(name="<b>Hack</b>", opens=timezone.now(), message='<script src="x"></script>')

    page = client.get("/board/").content.decode()

    assert "<b>" not in page
    assert '<script src="x">' not in page


@pytest.mark.parametrize("address", ["", "https://hackru.example/live"])
def test_a_qr_code_leads_to_the_frontend_if_there_is_one(address, settings, client, db):
    settings.FRONTEND_URL = address

    page = client.get("/board/").content.decode()

    assert page.count("<svg") == bool(address)


def test_it_is_kept_by_no_cache_and_needs_nothing_from_elsewhere(client, db):
    response = client.get("/board/")

    assert response["Cache-Control"] == "no-store"
    assert re.findall(r'(?:src|href)="(?!/static/)', response.content.decode()) == []


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "1 min"), (60, "1 min"), (61, "2 min"), (3599, "1 h 0 min"), (7500, "2 h 5 min")]
)
def test_minutes_are_rounded_up(seconds, text):
    assert minutes(seconds) == text
