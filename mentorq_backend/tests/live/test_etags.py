"""Polling: ETag and 304 on the list and on a ticket."""

import threading

import pytest
from django.db import connections

from mentorq_backend.models import Feedback, Ticket

FORMS = ["", "?status=OPEN,CLAIMED", "?limit=2", "?limit=1&offset=1", "?search=loops", "?ordering=title", "?active=true"]


def poll(client, url, tag=None, **headers):
    return client.get(url, headers={"If-None-Match": tag, **headers} if tag else headers)


@pytest.mark.parametrize("query", FORMS)
@pytest.mark.parametrize("name", ["ada", "mia", "dan"])
def test_an_unchanged_list_is_not_sent_again(name, query, ada, mia, person, client_of, make_ticket):
    for status in ("OPEN", "CLAIMED", "CLOSED"):
        make_ticket(ada, status, mentor=mia)
    client = client_of(person(name))
    first = poll(client, f"/api/tickets{query}")

    second = poll(client, f"/api/tickets{query}", first["ETag"])

    assert (first.status_code, second.status_code, second.content) == (200, 304, b"")
    assert second["ETag"] == first["ETag"]


def test_the_answers_say_how_they_may_be_kept(ada, client_of, make_ticket):
    make_ticket(ada)
    client = client_of(ada)
    first = poll(client, "/api/tickets/")

    second = poll(client, "/api/tickets/", first["ETag"])

    for response in (first, second):
        assert response["Cache-Control"] == "private, no-cache"
        assert {value.strip().lower() for value in response["Vary"].split(",")} == {"authorization", "origin"}
    assert "Content-Type" not in second


CHANGES = {
    "a new ticket": lambda ticket, people: Ticket.objects.open(
        by=people["ada"], owner_email="ada@example.edu", title="x", location="x"
    ),
    "claim": lambda ticket, people: ticket.claim(by=people["mia"]),
    "cancel": lambda ticket, people: ticket.cancel(by=people["ada"]),
    "mark": lambda ticket, people: ticket.mark_active(False, by=people["mia"]),
    "update": lambda ticket, people: Ticket.objects.filter(pk=ticket.pk).update(title="Other"),
    "bulk update": lambda ticket, people: Ticket.objects.bulk_update([Ticket(pk=ticket.pk, title="Else")], ["title"]),
}


@pytest.mark.parametrize("name", ["ada", "mia", "dan"])
@pytest.mark.parametrize("change", CHANGES)
def test_every_change_is_sent(change, name, ada, mia, person, client_of, make_ticket):
    ticket = make_ticket(ada)
    client = client_of(person(name))
    first = poll(client, "/api/tickets/")

    CHANGES[change](ticket, {"ada": ada, "mia": mia})

    second = poll(client, "/api/tickets/", first["ETag"])
    assert second.status_code == 200
    assert second.json() != first.json()
    assert second["ETag"] != first["ETag"]


@pytest.mark.parametrize(("name", "status"), [("ada", 200), ("dan", 200), ("mia", 304), ("olga", 304)])
@pytest.mark.parametrize("path", ["/api/tickets/", "/api/tickets/{pk}/"])
def test_feedback_changes_what_those_see_who_may_read_it(path, name, status, ada, mia, person, client_of, make_ticket):
    ticket = make_ticket(ada, "CLOSED", mentor=mia)
    client, url = client_of(person(name)), path.format(pk=ticket.pk)
    first = poll(client, url)

    Feedback.objects.give(ticket, rating=5)

    assert poll(client, url, first["ETag"]).status_code == status


def test_a_change_undone_is_not_sent_again_and_soon_not_even_built(
    ada, mia, client_of, make_ticket, django_assert_num_queries
):
    ticket = make_ticket(ada)
    client = client_of(mia)
    first = poll(client, "/api/tickets/")
    ticket.claim(by=mia)
    ticket.release(by=mia)

    second = poll(client, "/api/tickets/", first["ETag"])

    assert (second.status_code, second["ETag"] == first["ETag"]) == (304, False)
    with django_assert_num_queries(2):
        assert poll(client, "/api/tickets/", second["ETag"]).status_code == 304


def test_two_tickets_that_change_places_are_seen_through_a_filter(ada, grace, mia, client_of, make_ticket):
    leaving, coming = make_ticket(ada), make_ticket(grace, "CLAIMED", mentor=mia)
    client = client_of(mia)
    first = poll(client, "/api/tickets?status=OPEN")

    leaving.claim(by=mia)
    coming.release(by=mia)

    second = poll(client, "/api/tickets?status=OPEN", first["ETag"])
    assert [ticket["id"] for ticket in second.json()] == [coming.pk]


def test_a_tag_serves_nobody_else_and_no_other_question(ada, mia, olga, client_of, make_ticket):
    adas, mias = make_ticket(ada), make_ticket(mia)
    tag = poll(client_of(mia), "/api/tickets/")["ETag"]

    others = poll(client_of(ada), "/api/tickets/", tag), poll(client_of(mia), "/api/tickets?limit=1", tag)

    assert [response.status_code for response in others] == [200, 200]
    assert [ticket["id"] for ticket in others[0].json()] == [adas.pk]
    assert [ticket["id"] for ticket in others[1].json()["results"]] == [mias.pk]


def test_a_demotion_changes_the_answer(ada, mia, client_of, make_ticket):
    make_ticket(ada)
    tag = poll(client_of(mia), "/api/tickets/")["ETag"]
    mia.is_mentor = False
    mia.save()

    response = poll(client_of(mia), "/api/tickets/", tag)

    assert (response.status_code, response.json()) == (200, [])


def test_another_host_is_another_answer_since_it_holds_urls(ada, client_of, make_ticket, settings):
    settings.ALLOWED_HOSTS = ["*"]
    make_ticket(ada)
    tag = poll(client_of(ada), "/api/tickets/")["ETag"]

    response = poll(client_of(ada), "/api/tickets/", tag, Host="else.example")

    assert response.json()[0]["url"].startswith("http://else.example/")


@pytest.mark.parametrize("form", ["W/{tag}", '"x", {tag}', '{tag} , W/"a.b"', '{tag}, "other.{digest}"', '"x.{digest}"'])
def test_a_tag_is_known_as_proxies_pass_it_on(form, ada, client_of, make_ticket):
    make_ticket(ada)
    tag = poll(client_of(ada), "/api/tickets/")["ETag"]
    digest = tag.strip('"').partition(".")[2]

    response = poll(client_of(ada), "/api/tickets/", form.format(tag=tag, digest=digest))

    assert (response.status_code, response["ETag"], response.content) == (304, tag, b"")


@pytest.mark.parametrize("tag", ['"x"', '"."', '"a.b"', "x", '"', "*", "W/", "\x01"])
def test_any_other_tag_gets_the_whole_list(tag, ada, client_of, make_ticket):
    make_ticket(ada)

    response = poll(client_of(ada), "/api/tickets/", tag)

    assert (response.status_code, len(response.json())) == (200, 1)


@pytest.mark.parametrize("query", ["?status=DONE", "?limit=x"])
def test_a_refusal_has_no_tag(query, ada, client_of):
    response = client_of(ada).get(f"/api/tickets/{query}")

    assert (response.status_code, "ETag" in response) == (400, False)


def test_one_ticket_is_polled_like_the_list(ada, mia, client_of, make_ticket):
    ticket = make_ticket(ada)
    client, url = client_of(ada), f"/api/tickets/{ticket.pk}"
    first = poll(client, url)
    unchanged = poll(client, url, first["ETag"])

    ticket.claim(by=mia)

    changed = poll(client, url, first["ETag"])
    assert (first.status_code, unchanged.status_code, changed.status_code) == (200, 304, 200)


def test_an_unchanged_poll_of_a_thousand_tickets_takes_two_queries_and_a_changed_one_four(
    ada, mia, client_of, django_assert_num_queries
):
    Ticket.objects.bulk_create(Ticket(owner_email=ada.email, owner="Ada", title="x", location="x") for _ in range(1000))
    client = client_of(mia)
    with django_assert_num_queries(4):
        first = poll(client, "/api/tickets/")

    with django_assert_num_queries(2):
        second = poll(client, "/api/tickets/", first["ETag"])

    assert (len(first.json()), second.status_code) == (1000, 304)


def test_head_has_the_tag_of_get(ada, client_of, make_ticket):
    make_ticket(ada)
    client = client_of(ada)

    assert client.head("/api/tickets/")["ETag"] == client.get("/api/tickets/")["ETag"]


@pytest.mark.usefixtures("committed")
def test_after_everything_has_settled_no_poll_is_stale(  # noqa: C901 - two kinds of threads
    ada, grace, mia, max_, client_of, make_ticket
):
    tickets = [make_ticket(owner) for owner in (ada, grace) for _ in range(4)]
    pollers = {user.email: client_of(user) for user in (ada, mia)}
    tags = {email: [] for email in pollers}
    done = threading.Event()

    def move(mentor):
        try:
            for turn in range(250):  # a mentor makes at most 300 moves in an hour
                if turn > 20 and all(len(set(seen)) > 2 for seen in tags.values()):
                    break
                ticket = Ticket.objects.get(pk=tickets[turn // 2 % len(tickets)].pk)
                client_of(mentor).patch(f"/api/tickets/{ticket.pk}/", {"status": ["CLAIMED", "OPEN"][turn % 2]})
        finally:
            connections.close_all()

    def keep_polling(email):
        try:
            while not done.is_set():
                tags[email].append(poll(pollers[email], "/api/tickets/")["ETag"])
        finally:
            connections.close_all()

    movers = [threading.Thread(target=move, args=[mentor]) for mentor in (mia, max_)]
    watchers = [threading.Thread(target=keep_polling, args=[email]) for email in pollers]
    for thread in movers + watchers:
        thread.start()
    for thread in movers:
        thread.join()
    done.set()
    for thread in watchers:
        thread.join()

    for email, client in pollers.items():
        assert len(set(tags[email])) > 2  # it saw the list while it changed
        settled = poll(client, "/api/tickets/")
        digest = settled["ETag"].rpartition(".")[2]
        for tag in set(tags[email]):
            unchanged = poll(client, "/api/tickets/", tag).status_code == 304
            assert unchanged == (tag.rpartition(".")[2] == digest)
