"""`manage.py event`: it creates and changes events, and refuses what the desk would refuse."""

from datetime import UTC, datetime

import pytest
from django.core.management import CommandError, call_command

from mentorq_backend.models import Event, Revision

OPENS = "2026-10-17T10:00:00-04:00"


@pytest.fixture
def event(db, capsys):
    def run(*arguments):
        call_command("event", *arguments)
        return capsys.readouterr().out

    return run


def test_it_creates_the_event_of_that_name(event):
    said = event(
        "HackRU", f"--opens={OPENS}", "--closes=2026-10-18T16:00:00Z", "--message= Pizza\nat 7 ", "--expire-after=90",
        "--return-claims-after=30", "--cancel-after=60", "--pause",
    )  # fmt: skip

    assert said == "Created: HackRU, Sat 17 Oct 2026, 14:00 (UTC) to Sun 18 Oct 2026, 16:00 (UTC), paused.\n"
    [row] = Event.objects.values()
    assert {**row, "id": 0, "version": 0} == {
        "id": 0,
        "name": "HackRU",
        "opens": datetime(2026, 10, 17, 14, tzinfo=UTC),
        "closes": datetime(2026, 10, 18, 16, tzinfo=UTC),
        "message": "Pizza at 7",
        "paused": True,
        "expire_after": 90,
        "return_claims_after": 30,
        "cancel_after": 60,
        "version": 0,
    }


def test_it_changes_what_is_named_and_nothing_else(event):
    event("HackRU", f"--opens={OPENS}", "--message=Pizza", "--expire-after=90", "--pause")
    before = Event.objects.values().get()

    said = event("HackRU", "--resume", "--expire-after=")

    assert said == "Changed: HackRU, Sat 17 Oct 2026, 14:00 (UTC).\n"
    after = Event.objects.values().get()
    assert after == {**before, "paused": False, "expire_after": None, "version": after["version"]}


def test_an_empty_closing_means_until_the_next_one(event):
    event("HackRU", f"--opens={OPENS}", "--closes=2026-10-18T16:00:00Z")

    event("HackRU", "--closes=", "--message=")

    assert (Event.objects.get().closes, Event.objects.get().message) == (None, "")


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["new"], "--opens: A new event needs an opening, such as 2026-10-17T10:00:00-04:00."),
        (["new", "--opens="], "--opens: A new event needs an opening"),
        (["HackRU", "--opens="], "--opens: This field cannot be null."),
        (["new", "--opens=soon"], "--opens: Give an instant in ISO 8601 with an offset"),
        (["new", "--opens=2026-10-17T10:00:00"], "--opens: Give an instant in ISO 8601 with an offset"),
        (["new", "--opens=0001-01-01T00:00:00Z"], "--opens: Give an instant in ISO 8601 with an offset"),
        (["new", "--opens=2026-10-17T09:00:00Z", "--closes=2026-10-17T15:00:00Z"], "--closes: HackRU opens earlier"),
        (["HackRU", "--closes=2026-10-01T00:00:00Z"], "--closes: It must be after the opening."),
        (["HackRU", "--expire-after=0"], "--expire-after: "),
        (["HackRU", "--expire-after=-5"], "--expire-after: "),
        (["HackRU", "--cancel-after=x"], "--cancel-after: "),
        (["HackRU", "--message=" + "x" * 2001], "--message: "),
        (["  ", f"--opens={OPENS}"], "NAME: This field cannot be blank."),
        (["x" * 201, f"--opens={OPENS}"], "NAME: "),
        (["another", f"--opens={OPENS}"], "--opens: Another event opens at this instant."),
    ],
)
def test_it_names_the_option_that_is_wrong_and_changes_nothing(event, arguments, text):
    event("HackRU", f"--opens={OPENS}")
    before = list(Event.objects.values()), Revision.objects.total()

    with pytest.raises(CommandError, match=text.replace("(", r"\(")):
        event(*arguments)

    assert (list(Event.objects.values()), Revision.objects.total()) == before
