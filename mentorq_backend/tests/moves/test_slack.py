"""GET /api/tickets/<id>/slack-dm/."""

import json
from functools import partial

import pytest
from django.core.cache import cache

from mentorq_users.encryption import encrypt
from mentorq_users.lcs import transport
from mentorq_users.models import User

ADA_TO_MIA = "https://app.slack.com/client/T0DEV/MIA"
ANYBODY_TO_ADA = "https://app.slack.com/client/T0DEV/ADA"
NO_SLACK = "Slack ID not present within LCS for the given user(s)"
STRANGER = "Other user not found within LCS"


@pytest.fixture
def signed_in(lcs, person):
    """An account as a sign-in leaves it, with an LCS token."""

    def get(name):
        user = person(name)
        User.objects.filter(pk=user.pk).update(encrypted_lcs_token=encrypt(lcs.sign_in(user.email)))
        return User.objects.get(pk=user.pk)

    return get


@pytest.fixture
def ask(client_of):
    """Ask for the link of a ticket as somebody."""

    def get(user, ticket):
        return client_of(user).get(f"/api/tickets/{ticket.pk}/slack-dm")

    return get


@pytest.fixture
def claimed(ada, mia, make_ticket):
    """A ticket of Ada's that Mia has claimed."""
    return make_ticket(ada, "CLAIMED", mentor=mia)


def answer(response):
    assert response["Content-Type"] == "application/json"
    return response.status_code, response.json()


@pytest.mark.parametrize(
    ("name", "link"),
    [("ada", ADA_TO_MIA), ("mia", ANYBODY_TO_ADA), ("olga", ANYBODY_TO_ADA), ("dan", ANYBODY_TO_ADA)],
)
def test_the_owner_gets_the_mentor_and_everyone_else_the_owner(name, link, claimed, signed_in, ask, lcs):
    caller = signed_in(name)

    response = ask(caller, claimed)

    assert answer(response) == (200, link)
    assert [call for call, _ in lcs.calls] == ["slack-dm"]


def test_the_answer_is_remembered(claimed, signed_in, ask, lcs):
    ada = signed_in("ada")

    answers = [answer(ask(ada, claimed)) for _ in range(3)]

    assert answers == [(200, ADA_TO_MIA)] * 3
    assert len(lcs.calls) == 1


def test_another_pair_is_another_question(claimed, signed_in, ask, lcs):
    answers = [answer(ask(signed_in(name), claimed)) for name in ("ada", "mia", "ada")]

    assert answers == [(200, ADA_TO_MIA), (200, ANYBODY_TO_ADA), (200, ADA_TO_MIA)]
    assert len(lcs.calls) == 2


def test_lcss_own_refusals_are_passed_on_word_for_word_and_remembered(claimed, signed_in, ask, lcs):
    ada = signed_in("ada")
    lcs.people["mia@example.edu"]["last_name"] = ""

    answers = [answer(ask(ada, claimed)) for _ in range(2)]

    assert answers == [(403, NO_SLACK)] * 2
    assert len(lcs.calls) == 1


def test_an_older_lcs_encodes_its_refusals_once_more(claimed, signed_in, ask, lcs, monkeypatch):
    ada = signed_in("ada")
    monkeypatch.setattr(lcs, "slack_dm", lambda owner, other: (403, json.dumps(NO_SLACK)))

    assert answer(ask(ada, claimed)) == (403, NO_SLACK)


def test_somebody_whom_lcs_does_not_know_is_said_word_for_word(claimed, signed_in, ask, lcs):
    ada = signed_in("ada")
    del lcs.people["mia@example.edu"]

    assert answer(ask(ada, claimed)) == (403, STRANGER)


def test_a_token_that_lcs_refuses_is_an_error_without_lcss_words(claimed, signed_in, ask, lcs):
    ada = signed_in("ada")
    lcs.owners.clear()

    assert answer(ask(ada, claimed)) == (403, "error: LCS does not accept your sign-in any more: sign in again.")


def test_without_an_lcs_token_there_is_nothing_to_ask(claimed, ada, ask, lcs):
    User.objects.update(encrypted_lcs_token="")

    assert answer(ask(ada, claimed)) == (403, "error: LCS does not accept your sign-in any more: sign in again.")
    assert lcs.calls == []


@pytest.mark.parametrize(
    "fault", ["crashed", "html", "empty", "garbage", "status-503", "reset", "body-is-list", "body-is-text", "hanging"]
)
def test_a_failing_lcs_is_an_error_that_is_remembered_briefly(fault, claimed, signed_in, ask, lcs, settings):
    settings.LCS_TIMEOUT = 0.3
    ada = signed_in("ada")
    lcs.fault = fault

    responses = [ask(ada, claimed) for _ in range(2)]

    expected = (503, "error: HackRU's account service does not answer. Please try again in a moment.")
    assert [answer(response) for response in responses] == [expected] * 2
    assert all(int(response["Retry-After"]) > 0 for response in responses)
    assert len(lcs.calls) == 1


@pytest.mark.parametrize("link", ["javascript:alert(1)", "http://app.slack.com/x", "", None, 7])
def test_a_link_that_is_none_is_not_shown(link, claimed, signed_in, ask, lcs, monkeypatch):
    ada = signed_in("ada")
    monkeypatch.setattr(lcs, "slack_dm", lambda owner, other: (200, {"slack_dm_link": link}))

    assert answer(ask(ada, claimed))[0] == 503


def test_an_unclaimed_ticket_has_nobody_to_talk_to(ada, ask, make_ticket):
    assert answer(ask(ada, make_ticket(ada))) == (409, "error: Nobody has claimed it yet.")


def test_an_organizer_talks_to_the_owner_of_an_unclaimed_ticket(ada, signed_in, ask, make_ticket):
    assert answer(ask(signed_in("olga"), make_ticket(ada))) == (200, ANYBODY_TO_ADA)


def test_another_mentor_has_no_part_in_it(claimed, max_, ask):
    expected = "error: Only its owner, its mentor, an organizer or a director may do this."

    assert answer(ask(max_, claimed)) == (403, expected)


def test_a_ticket_that_they_may_not_see_is_not_found(claimed, grace, ask):
    assert answer(ask(grace, claimed)) == (404, "error: No Ticket matches the given query.")


def test_no_ticket_is_not_found(olga, client_of):
    response = client_of(olga).get(f"/api/tickets/{10**25}/slack-dm/")

    assert answer(response) == (404, "error: No Ticket matches the given query.")


def test_another_method_is_a_string_too(claimed, ada, client_of):
    response = client_of(ada).post(f"/api/tickets/{claimed.pk}/slack-dm/")

    assert answer(response) == (405, 'error: Method "POST" not allowed.')


def test_only_without_a_good_token_it_is_an_object(claimed, client):
    response = client.get(f"/api/tickets/{claimed.pk}/slack-dm", headers={"Authorization": "Bearer undefined"})

    assert (response.status_code, response.json()["code"]) == (401, "token_not_valid")


def test_no_token_is_in_a_log(claimed, signed_in, ask, lcs, caplog):
    ada = signed_in("ada")
    lcs.fault = "crashed"

    ask(ada, claimed)

    assert "LCS /slack-dm is unavailable" in caplog.text
    assert ada.lcs_token not in caplog.text


@pytest.mark.usefixtures("committed")
def test_a_pair_that_asks_for_five_tickets_at_once_asks_lcs_once(claimed, signed_in, ask, lcs, at_once):
    ada = signed_in("ada")

    answers = [answer(response) for response in at_once([partial(ask, ada, claimed)] * 5)]

    assert answers == [(200, ADA_TO_MIA)] * 5
    assert len(lcs.calls) == 1


@pytest.mark.usefixtures("committed")
def test_a_pair_has_never_two_calls_in_flight_even_when_lcs_hangs(claimed, signed_in, ask, lcs, settings, at_once):
    settings.LCS_TIMEOUT = 0.5
    ada = signed_in("ada")
    lcs.fault = "hanging"

    answers = [answer(response) for response in at_once([partial(ask, ada, claimed)] * 5)]

    assert {status for status, _ in answers} == {503}
    assert len(lcs.calls) == 1


def test_when_all_places_are_taken_the_answer_comes_at_once(claimed, signed_in, ask, lcs, caplog):
    ada = signed_in("ada")
    for _ in range(transport.MAX_CALLS):
        transport.slots.acquire()
    try:
        response = ask(ada, claimed)
    finally:
        for _ in range(transport.MAX_CALLS):
            transport.slots.release()

    assert response.status_code == 503
    assert lcs.calls == []
    assert "8 calls wait for it already" in caplog.text


def test_every_place_is_given_back(claimed, signed_in, ask, lcs, settings):
    settings.LCS_TIMEOUT = 0.2
    ada = signed_in("ada")
    for fault in ("crashed", "hanging", ""):
        lcs.fault = fault
        cache.clear()
        ask(ada, claimed)

    with transport.slots.changed:
        assert transport.slots.changed.wait_for(lambda: transport.slots.held == [], timeout=2)
