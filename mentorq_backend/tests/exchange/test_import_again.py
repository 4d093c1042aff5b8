"""`manage.py importtickets` into a queue that has tickets already: what it leaves alone, and which ids it gives."""

import pytest

from mentorq_backend.live import revisions
from mentorq_backend.live.revisions import Revision
from mentorq_backend.models import Feedback, Ticket, TicketEvent
from mentorq_backend.tests.exchange.files import CREATED, MENTORED, ROW, exported, jsonl


def titles_by_id():
    return dict(Ticket.objects.values_list("id", "title"))


@pytest.mark.parametrize("extension", ["csv", "jsonl"])
def test_twice_is_once(extension, import_, ada, grace, mia, make_ticket):
    Feedback.objects.give(make_ticket(ada, "CLOSED", mentor=mia), rating=4)
    make_ticket(grace, "CANCELLED")
    make_ticket(grace)
    content = exported(extension)
    revision = Revision.objects.total()

    said = import_(content, name=f"tickets.{extension}")

    assert said == "Tickets added: 0; there already: 3\n"
    assert (exported(extension), Revision.objects.total()) == (content, revision)


def test_another_queues_file_twice_is_once_though_its_ids_are_taken(import_, grace, make_ticket):
    mine = make_ticket(grace, title="mine").pk
    theirs = jsonl({**ROW, "id": mine, "title": "theirs"})
    import_(theirs)

    said = import_(theirs)

    assert said == "Tickets added: 0; there already: 1\n"
    assert titles_by_id() == {mine: "mine", mine + 1: "theirs"}


def test_a_ticket_that_moved_since_its_export_is_not_moved_back(import_, ada, mia, make_ticket):
    ticket = make_ticket(ada, "CLAIMED", mentor=mia)
    content = exported()
    ticket.close(by=mia)

    import_(content)

    assert Ticket.objects.get().status == "CLOSED"


def test_a_ticket_whose_title_was_corrected_since_its_export_is_the_same_ticket(import_, ada, olga, make_ticket):
    ticket = make_ticket(ada, title="Lops")
    content = exported()
    ticket.correct(by=olga, title="Loops")

    said = import_(content)

    assert (said, Ticket.objects.get().title) == ("Tickets added: 0; there already: 1\n", "Loops")


@pytest.mark.parametrize(("there", "rows", "added"), [(0, 3, 3), (1, 3, 2), (2, 2, 0), (3, 1, 0)])
def test_of_tickets_that_are_alike_there_are_as_many_as_in_the_file(there, rows, added, import_):
    import_(jsonl(*[ROW] * there))

    said = import_(jsonl(*[ROW] * rows))

    assert said == f"Tickets added: {added}; there already: {rows - added}\n"
    assert Ticket.objects.count() == max(there, rows)


@pytest.mark.parametrize(
    "other", [{"title": "x"}, {"owner_email": "x@example.edu"}, {"created": "2026-02-14T12:00:00.000001Z"}]
)
@pytest.mark.parametrize("pk", [None, 5], ids=["no ids", "the same id"])
def test_a_ticket_is_another_with_another_title_owner_or_instant(other, pk, import_):
    import_(jsonl({**ROW, "id": pk}))

    assert import_(jsonl({**ROW, "id": pk, **other})) == "Tickets added: 1; there already: 0\n"


def test_a_ticket_there_stands_for_one_row_even_where_another_row_is_like_it(import_):
    import_(jsonl({**ROW, "id": 5}))

    said = import_(jsonl({**ROW, "id": 4}, {**ROW, "id": 5}))

    assert said == "Tickets added: 1; there already: 1\n"
    assert set(titles_by_id()) == {4, 5}


def test_a_lost_ticket_comes_back_among_those_that_are_alike(import_):
    import_(jsonl(*({**ROW, "id": pk} for pk in (1, 2, 3))))
    content = exported()
    TicketEvent.objects.filter(ticket=2).delete()
    Ticket.objects.filter(pk=2).delete()

    import_(content)

    assert exported() == content


def test_an_id_that_is_free_is_kept(import_):
    import_(jsonl({**ROW, "id": 1000}))

    assert set(titles_by_id()) == {1000}


def test_an_id_that_is_taken_in_the_queue_or_the_file_gives_way_to_a_new_one(import_, grace, make_ticket):
    mine = make_ticket(grace, title="mine").pk
    rows = [("a", mine), ("b", mine + 7), ("c", mine + 7), ("d", None), ("e", mine + 1)]

    import_(jsonl(*({**ROW, "title": title, "id": pk} for title, pk in rows)))

    assert titles_by_id() == {
        mine: "mine",
        mine + 1: "e",
        mine + 7: "b",
        mine + 8: "a",
        mine + 9: "c",
        mine + 10: "d",
    }


def test_history_and_feedback_go_with_the_ticket_under_its_new_id(import_, ada, mia, make_ticket):
    make_ticket(ada, "CLOSED", mentor=mia, title="mine")
    mine = Ticket.objects.get()
    Feedback.objects.give(mine, rating=1)

    import_(
        jsonl({**MENTORED, "id": mine.pk, "rating": 5, "history": [{"at": CREATED, "by": "x@example.edu", "to": "OPEN"}]})
    )

    theirs = Ticket.objects.exclude(pk=mine.pk).get()
    assert (theirs.feedback.rating, mine.feedback.rating) == (5, 1)
    assert [event.by for event in theirs.events.all()] == ["x@example.edu"]
    assert mine.events.count() == 3


def test_tickets_opened_later_get_the_ids_that_follow(import_, ada, make_ticket):
    import_(jsonl({**ROW, "id": 1000}))

    assert make_ticket(ada).pk == 1001


def test_an_import_raises_the_revision_once(import_, monkeypatch):
    monkeypatch.setattr(revisions, "step", lambda: 1)
    before = Revision.objects.total()

    import_(jsonl(ROW, {**ROW, "title": "b"}))

    assert Revision.objects.total() == before + 1


def test_a_poller_is_sent_what_it_added(import_, ada, client_of, make_ticket):
    make_ticket(ada)
    client = client_of(ada)
    tag = client.get("/api/tickets/")["ETag"]

    import_(jsonl(ROW))

    response = client.get("/api/tickets/", headers={"If-None-Match": tag})
    assert (response.status_code, len(response.json())) == (200, 2)
