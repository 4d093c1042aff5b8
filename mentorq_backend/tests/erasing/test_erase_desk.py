"""Erasing at the desk: directors and local superusers, on the people's pages."""

import re

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse

from mentorq_backend.tests.erasing.conftest import EMAIL, WORDS
from mentorq_backend.tests.erasing.everything import everything, naming
from mentorq_users.models import User

LIST = reverse("admin:mentorq_users_user_changelist")


@pytest.fixture
def desk_of(client, person):
    """The desk of that person; of a local superuser for "root"."""

    def sign_in(name):
        user = User.objects.create_superuser("root@example.edu", "only-here") if name == "root" else person(name)
        client.force_login(user, backend="mentorq_users.backends.LCSBackend")
        return client

    return sign_in


def choose(desk, *users, **more):
    """Choose the action, with the button of its page if it is in `more`."""
    return desk.post(LIST, {"action": "erase", "_selected_action": [user.pk for user in users], **more}, follow=True)


def said(response):
    return [str(message) for message in response.context["messages"]]


@pytest.mark.parametrize("name", ["dan", "root"])
def test_the_action_shows_first_what_there_is_and_changes_nothing(lived, desk_of, name):
    desk = desk_of(name)
    choose(desk, lived)  # whatever is only read may warm something up
    before = everything()

    page = choose(desk, lived).content.decode()

    assert everything() == before
    assert re.findall(r"<li>(\d+ [^<]*)</li>", page[page.index("desk-box") :]) == [
        "1 accounts", "7 tickets", "18 rows of the history", "3 ratings", "23 notices",
        "2 entries of the desk&#x27;s log", "0 sessions at the desk", "2 cached Slack links",
    ]  # fmt: skip
    assert "Open or claimed tickets: 3. They stay so" in page


@pytest.mark.parametrize("name", ["dan", "root"])
def test_the_button_of_that_page_erases_and_says_what_was_replaced(lived, desk_of, name):
    desk = desk_of(name)

    response = choose(desk, lived, _erase="yes")

    lived.refresh_from_db()
    assert said(response)[0].startswith(f"Erased: {lived.email} (1 accounts, 7 tickets, ")
    assert naming(*WORDS) == []
    entry = LogEntry.objects.latest("pk")
    assert (entry.user.email, entry.object_repr) == (f"{name}@example.edu", lived.email)
    assert entry.get_change_message() == "Erased."


def test_the_log_says_who_by_the_number_of_the_account(lived, desk_of, logged):
    desk = desk_of("dan")

    choose(desk, lived, _erase="yes")

    (line,) = [line for line in logged if "Erased by" in line]
    assert f"Erased by account {User.objects.get(email='dan@example.edu').pk}: erased-" in line
    assert "dan@" not in line


def test_an_organizer_is_not_offered_it_and_cannot_do_it(lived, desk_of):
    desk = desk_of("olga")
    before = naming(*WORDS)

    response = choose(desk, lived, _erase="yes")

    offered = [value for value, _ in response.context["action_form"].fields["action"].choices if value]
    assert offered == ["read_roles", "deactivate", "activate"]
    assert naming(*WORDS) == before


@pytest.mark.parametrize("more", [{}, {"_erase": "yes"}])
def test_nobody_erases_themselves_and_a_director_no_local_superuser(desk_of, more):
    root = User.objects.create_superuser("root@example.edu", "only-here")
    desk = desk_of("dan")
    dan = User.objects.get(email="dan@example.edu")

    response = choose(desk, root, dan, **more)

    assert said(response) == [
        "dan@example.edu was left out: nobody may do this to themselves.",
        "root@example.edu was left out: only another local superuser may do this to a local superuser.",
    ]
    assert set(User.objects.values_list("email", flat=True)) == {root.email, dan.email}


def test_several_people_are_erased_each_by_themselves(desk_of, ada, grace, olga):
    response = choose(desk_of("dan"), ada, grace, _erase="yes")

    assert [message.partition(" ")[0] for message in said(response)] == ["Erased:", "Erased:"]
    assert [User.objects.get(pk=user.pk).is_erased for user in (ada, grace, olga)] == [True, True, False]


def test_whoever_was_erased_is_neither_erased_again_nor_let_in(desk_of, ada, erase):
    erase(ada.email)
    desk = desk_of("dan")
    placeholder = User.objects.get(pk=ada.pk).email

    messages = said(choose(desk, ada, _erase="yes"))
    activated = desk.post(LIST, {"action": "activate", "_selected_action": [ada.pk]}, follow=True)

    assert messages == [f"{placeholder} was left out: they were erased."]
    assert said(activated) == ["Activated: 0.", f"{placeholder} was left out: they were erased."]
    assert desk.post(reverse("admin:mentorq_users_user_change", args=[ada.pk]), {"is_active": "on"}).status_code == 403
    assert User.objects.get(pk=ada.pk).is_active is False


@pytest.mark.parametrize("name", [None, "ada", "mia"])
def test_nobody_else_gets_there(client, person, grace, name):
    if name:
        client.force_login(person(name), backend="mentorq_users.backends.LCSBackend")

    response = client.post(LIST, {"action": "erase", "_selected_action": [grace.pk], "_erase": "yes"})

    assert (response.status_code, User.objects.get(pk=grace.pk).email) == (302, grace.email)
    assert EMAIL not in response.url
