"""Events do not overlap, and every change of one raises its version and the revision."""

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from mentorq_backend.models import Event, Revision


@pytest.mark.parametrize(
    ("opens", "closes", "field"),
    [
        (-2, 1, "closes"),  # it ends in the other one
        (-2, 30, "closes"),
        (5, None, "opens"),  # it begins in the other one
        (5, 6, "opens"),
    ],
)
def test_events_that_overlap_are_refused_by_field(make_event, opens, closes, field):
    make_event(0, 10)

    with pytest.raises(ValidationError) as refusal:
        make_event(opens, closes, name="another")

    assert (list(refusal.value.message_dict), Event.objects.count()) == ([field], 1)


@pytest.mark.parametrize(("opens", "closes"), [(-3, -1), (-3, None), (11, None), (11, 12)])
def test_events_one_after_the_other_are_fine(make_event, opens, closes):
    make_event(0, 10)

    make_event(opens, closes, name="another")

    assert Event.objects.count() == 2


def test_an_event_may_close_when_the_next_one_opens(make_event):
    first = make_event(0, 10)

    Event.objects.create(name="another", opens=first.closes)

    assert Event.objects.count() == 2


def test_an_event_closes_after_it_opens(make_event):
    with pytest.raises(ValidationError) as refusal:
        make_event(2, 1)

    assert refusal.value.message_dict == {"closes": ["It must be after the opening."]}


def test_every_change_raises_the_version_and_the_revision(make_event):
    revisions, versions = [Revision.objects.total()], []
    event = make_event(1)
    for change in (event.start, event.pause, event.resume, event.close):
        versions.append(event.version)
        revisions.append(Revision.objects.total())
        change()
    revisions.append(Revision.objects.total())
    event.delete()

    assert revisions == sorted(set(revisions))
    assert versions == sorted(set(versions))
    assert Revision.objects.total() > revisions[-1]


def test_changing_several_raises_the_versions_and_the_revision(make_event):
    event = make_event(1)
    before = Revision.objects.total()

    Event.objects.update(message="Pizza")

    assert Event.objects.get().version > event.version
    assert Revision.objects.total() > before


def test_deleting_several_raises_the_revision(make_event):
    make_event(1)
    before = Revision.objects.total()

    Event.objects.all().delete()

    assert Revision.objects.total() > before


def test_an_event_is_started_paused_resumed_and_closed_at_once(make_event):
    event = make_event(1)
    before = timezone.now()

    event.start()
    event.pause()
    paused = event.paused
    event.resume()
    event.close()

    assert (paused, event.paused) == (True, False)
    assert before <= event.opens < event.closes <= timezone.now()


@pytest.mark.parametrize(
    ("opens", "closes", "verb", "texts"),
    [(-1, None, "start", ["It has opened already."]), (-2, -1, "close", ["It is closed already."])],
)
def test_what_has_happened_is_not_done_again(make_event, opens, closes, verb, texts):
    event = make_event(opens, closes)

    with pytest.raises(ValidationError) as refusal:
        getattr(event, verb)()

    assert refusal.value.messages == texts


def test_an_event_is_not_started_while_another_one_lasts(make_event):
    make_event(-1, 2)
    event = make_event(3, name="another")

    with pytest.raises(ValidationError) as refusal:
        event.start()

    event.refresh_from_db()
    assert list(refusal.value.message_dict) == ["opens"]
    assert event.opens > timezone.now()
