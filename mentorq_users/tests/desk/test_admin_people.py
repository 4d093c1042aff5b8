"""People in the admin site: read-only, but for whether they may come in and for asking LCS again."""

import re
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.messages import get_messages
from django.urls import reverse
from django.utils import timezone

from mentorq_users.models import User

pytestmark = pytest.mark.django_db

LIST = reverse("admin:mentorq_users_user_changelist")


@pytest.fixture(autouse=True)
def quick_hashes(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def page_of(user: User) -> str:
    return reverse("admin:mentorq_users_user_change", args=[user.pk])


@pytest.fixture
def signed_in(client, lcs):
    """An organizer in the admin, with an LCS token."""
    client.post(reverse("admin:login"), {"username": "olga@example.edu", "password": "hackru", "next": LIST})
    lcs.calls.clear()
    return client


@pytest.fixture
def root(client):
    """A local superuser in the admin."""
    user = User.objects.create_superuser("root@example.edu", "only-here")
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return user


@pytest.fixture
def read_roles():
    """Choose the action for these people; return what the page says then."""

    def post(client, *users: User) -> list[str]:
        response = client.post(LIST, {"action": "read_roles", "_selected_action": [user.pk for user in users]})
        assert (response.status_code, response.url) == (302, LIST)
        return [str(message) for message in get_messages(response.wsgi_request)]

    return post


def test_the_list_shows_everybody(signed_in, ada, mia):
    response = signed_in.get(LIST)

    emails = [user.email for user in response.context["cl"].result_list]
    assert emails == ["ada@example.edu", "mia@example.edu", "olga@example.edu"]


@pytest.mark.parametrize(
    ("query", "found"),
    [("q=lovelace", ["ada"]), ("q=MIA@", ["mia"]), ("is_mentor__exact=1", ["mia"]), ("is_active__exact=0", [])],
)
def test_the_list_is_searched_and_filtered(signed_in, ada, mia, query, found):
    response = signed_in.get(f"{LIST}?{query}")

    assert [user.email for user in response.context["cl"].result_list] == [f"{name}@example.edu" for name in found]


def test_a_page_does_not_show_the_lcs_token_not_even_encrypted(signed_in):
    olga = User.objects.get()

    content = signed_in.get(page_of(olga)).content.decode()

    assert "olga@example.edu" in content
    assert olga.encrypted_lcs_token not in content
    assert olga.lcs_token not in content


def test_a_post_changes_nothing_but_whether_they_may_come_in(signed_in, ada):
    before = User.objects.filter(pk=ada.pk).values().get()
    wanted = {"email": "x@example.edu", "is_mentor": "on", "is_organizer": "on", "is_director": "on", "is_superuser": "on"}

    response = signed_in.post(page_of(ada), {**wanted, "first_name": "X", "password": "x", "encrypted_lcs_token": "x"})

    assert (response.status_code, response.url) == (302, LIST)
    assert User.objects.filter(pk=ada.pk).values().get() == {**before, "is_active": False}


def test_deactivating_somebody_stops_their_tokens_at_once(signed_in, ada, client_of, api, refresh_token):
    adas = client_of(ada)
    assert adas.get("/api/tickets/").status_code == 200

    signed_in.post(page_of(ada), {})

    assert adas.get("/api/tickets/").json()["code"] == "token_not_valid"
    assert api.post("/api/auth/refresh/", {"refresh": refresh_token(ada)}).json()["code"] == "token_not_valid"


def test_somebody_deactivated_can_be_activated_again(signed_in, ada):
    User.objects.filter(pk=ada.pk).update(is_active=False)

    signed_in.post(page_of(ada), {"is_active": "on"})

    ada.refresh_from_db()
    assert ada.is_active is True


@pytest.mark.parametrize("method", ["get", "post"])
def test_nobody_is_added(signed_in, method):
    response = getattr(signed_in, method)(reverse("admin:mentorq_users_user_add"))

    assert (response.status_code, User.objects.count()) == (403, 1)


@pytest.mark.parametrize("method", ["get", "post"])
def test_nobody_is_deleted(signed_in, ada, method):
    response = getattr(signed_in, method)(reverse("admin:mentorq_users_user_delete", args=[ada.pk]), {"post": "yes"})

    assert (response.status_code, User.objects.filter(pk=ada.pk).exists()) == (403, True)


def test_deleting_is_no_action_either(signed_in, ada):
    response = signed_in.get(LIST)

    offered = [value for value, _ in response.context["action_form"].fields["action"].choices if value]
    assert offered == ["read_roles", "deactivate", "activate"]


def test_an_organizer_cannot_deactivate_a_local_superuser(signed_in):
    root = User.objects.create_superuser("root@example.edu", "only-here")

    response = signed_in.post(page_of(root), {})

    root.refresh_from_db()
    assert (response.status_code, root.is_active) == (403, True)


def test_a_local_superuser_can_deactivate_another(client, root):
    other = User.objects.create_superuser("other@example.edu", "only-here")

    client.post(page_of(other), {})

    other.refresh_from_db()
    assert other.is_active is False


def test_roles_are_read_again_with_the_organizers_own_token(signed_in, read_roles, lcs, ada):
    olga = User.objects.get(email="olga@example.edu")
    lcs.people["ada@example.edu"]["role"] = {"mentor": True}

    said = read_roles(signed_in, ada)

    ada.refresh_from_db()
    assert (said, ada.is_mentor) == (["Roles read: 1."], True)
    assert lcs.calls == [("read", {"token": olga.lcs_token, "query": {"email": "ada@example.edu"}})]


def test_roles_are_read_for_chosen_people_only(signed_in, read_roles, lcs, ada, mia, grace):
    read_roles(signed_in, ada, mia)

    assert sorted(data["query"]["email"] for _, data in lcs.calls) == ["ada@example.edu", "mia@example.edu"]


def test_somebody_whom_lcs_does_not_know_is_said_and_the_others_are_read(signed_in, read_roles, lcs, ada, mia):
    del lcs.people["ada@example.edu"]
    lcs.people["mia@example.edu"]["role"] = {"director": True}

    said = read_roles(signed_in, ada, mia)

    mia.refresh_from_db()
    assert said == [
        "ada@example.edu: LCS says “ada@example.edu is not known to LCS”.",
        "Roles read: 1.",
    ]
    assert mia.is_director is True


def test_a_failing_lcs_leaves_the_roles_and_is_asked_no_more(signed_in, read_roles, lcs, ada, mia):
    lcs.fault = "crashed"

    said = read_roles(signed_in, ada, mia)

    mia.refresh_from_db()
    assert said == ["LCS does not answer: the last known roles stay.", "Roles read: 0."]
    assert (mia.is_mentor, len(lcs.calls)) == (True, 1)


def test_an_organizer_whose_lcs_token_has_expired_is_told_so(signed_in, read_roles, lcs, ada):
    lcs.owners.clear()

    said = read_roles(signed_in, ada)

    assert said == ["ada@example.edu: LCS says “Token is invalid or expired”.", "Roles read: 0."]


def test_a_local_superuser_without_an_lcs_token_is_told_so(client, root, read_roles, lcs, ada):
    said = read_roles(client, ada)

    assert said == ["Sign in with your LCS account: only LCS accounts may read roles."]
    assert lcs.calls == []


@pytest.mark.parametrize("name", ["ada", "mia"])
def test_hackers_and_mentors_do_not_see_the_list(client, person, name):
    client.force_login(person(name), backend="mentorq_users.backends.LCSBackend")

    response = client.get(LIST)

    assert (response.status_code, response.url) == (302, f"{reverse('admin:login')}?next={LIST}")


def choose(client, action, *users):
    """Choose the action for these people; return what the page says then."""
    response = client.post(LIST, {"action": action, "_selected_action": [user.pk for user in users]}, follow=True)
    return [str(message) for message in response.context["messages"]]


def test_chosen_people_are_deactivated_at_once_and_it_is_noted_who_did_it(signed_in, ada, mia, grace, client_of):
    said = choose(signed_in, "deactivate", ada, mia)

    assert said == ["Deactivated: 2."]
    assert [client_of(user).get("/api/tickets/").status_code for user in (ada, mia, grace)] == [401, 401, 200]
    assert list(LogEntry.objects.values_list("user__email", "object_repr").order_by("object_repr")) == [
        ("olga@example.edu", "ada@example.edu"),
        ("olga@example.edu", "mia@example.edu"),
    ]


def test_deactivated_people_are_activated_again(signed_in, ada, client_of):
    choose(signed_in, "deactivate", ada)

    said = choose(signed_in, "activate", ada)

    assert (said, client_of(ada).get("/api/tickets/").status_code) == (["Activated: 1."], 200)


def test_nobody_deactivates_themselves_or_a_local_superuser(signed_in):
    root, olga = User.objects.create_superuser("root@example.edu", "only-here"), User.objects.get(email="olga@example.edu")

    said = choose(signed_in, "deactivate", root, olga)

    assert (said, User.objects.filter(is_active=False).count()) == (
        [
            "Deactivated: 0.",
            "olga@example.edu was left out: nobody may do this to themselves.",
            "root@example.edu was left out: only another local superuser may do this to a local superuser.",
        ],
        0,
    )


SENIORS = "only directors and local superusers may do this to organizers and directors"
SUPERUSERS = "only another local superuser may do this to a local superuser"
WHOM = {"ada": "", "mia": "", "dora": SENIORS, "dan": SENIORS, "other": SUPERUSERS}
MAY = {
    "olga": {**WHOM, "oscar": SENIORS},
    "dan": {**WHOM, "dora": "", "dan": "nobody may do this to themselves", "oscar": ""},
    "root": {**dict.fromkeys(WHOM, ""), "oscar": ""},
}


@pytest.fixture
def everybody(person):
    """People of each kind, by name."""
    people = {name: person(name) for name in ("ada", "mia", "dora", "dan", "olga")}
    people["oscar"] = User.objects.create(email="oscar@example.edu", is_organizer=True)
    for name in ("root", "other"):
        people[name] = User.objects.create_superuser(f"{name}@example.edu", "only-here")
    return people


@pytest.fixture
def at_the_desk(client, lcs, everybody):
    """The desk of that person."""

    def sign_in(name: str):
        client.force_login(everybody[name], backend="mentorq_users.backends.LCSBackend")
        return client

    return sign_in


@pytest.mark.parametrize(("is_active", "action"), [(False, "deactivate"), (True, "activate")])
@pytest.mark.parametrize("who", MAY)
def test_the_action_leaves_those_out_whom_one_may_not_and_says_why(at_the_desk, everybody, who, is_active, action):
    client, reasons = at_the_desk(who), MAY[who]
    User.objects.filter(email__in=[f"{name}@example.edu" for name in reasons if name != who]).update(
        is_active=not is_active
    )

    said = choose(client, action, *(everybody[name] for name in reasons))

    done = {name for name in reasons if User.objects.get(email=f"{name}@example.edu").is_active is is_active} - {who}
    assert done == {name for name, reason in reasons.items() if not reason}
    left_out = sorted(f"{name}@example.edu was left out: {reason}." for name, reason in reasons.items() if reason)
    assert said == [f"{'Activated' if is_active else 'Deactivated'}: {len(done)}.", *left_out]


@pytest.mark.parametrize("is_active", [False, True])
@pytest.mark.parametrize("who", MAY)
def test_on_their_page_it_is_the_same(at_the_desk, everybody, who, is_active):
    client, reasons = at_the_desk(who), MAY[who]
    others = {name: everybody[name] for name in reasons if name != who}
    User.objects.filter(pk__in=[user.pk for user in others.values()]).update(is_active=not is_active)

    statuses = {
        name: client.post(page_of(user), {"is_active": "on"} if is_active else {}).status_code
        for name, user in others.items()
    }

    assert statuses == {name: 403 if reasons[name] else 302 for name in others}
    assert {name for name, user in others.items() if User.objects.get(pk=user.pk).is_active is is_active} == {
        name for name in others if not reasons[name]
    }


def test_a_local_superuser_who_is_also_an_organizer_is_a_superuser_first():
    both = User(pk=1, is_superuser=True, is_organizer=True)

    assert User(pk=2, is_director=True).why_not_deactivate(both) != ""
    assert User(pk=2, is_superuser=True).why_not_deactivate(both) == ""


@pytest.mark.parametrize("role", ["is_mentor", "is_active"])
def test_nobody_else_may(role):
    assert User(pk=1, **{role: True}).why_not_deactivate(User(pk=2)) == "only organizers and directors may do this"


def test_the_list_says_what_they_are_and_how_old_their_roles_are(signed_in, mia, dora):
    User.objects.filter(pk=mia.pk).update(roles_checked_at=timezone.now() - timedelta(minutes=12, seconds=3))
    User.objects.filter(pk=dora.pk).update(roles_checked_at=None)

    page = signed_in.get(LIST).content.decode()

    assert ["12 min ago" in page, "–" in page, "mentor" in page, "director" in page] == [True] * 4


def test_the_list_says_what_they_have_open_and_claimed(signed_in, ada, grace, mia, make_ticket):
    make_ticket(ada)
    make_ticket(ada, "CLAIMED", mentor=mia)
    make_ticket(grace, "CLOSED", mentor=mia)

    rows = signed_in.get(LIST).context["cl"].result_list

    assert {user.email: (user.waiting, user.claimed) for user in rows} == {
        "ada@example.edu": (1, 0),
        "grace@example.edu": (0, 0),
        "mia@example.edu": (0, 1),
        "olga@example.edu": (0, 0),
    }


def test_their_tickets_are_one_click_away(signed_in, ada, grace, make_ticket):
    ticket = make_ticket(ada)
    make_ticket(grace)
    page = signed_in.get(f"{LIST}?q=ada").content.decode()
    (address,) = re.findall(r'href="(/admin/mentorq_backend/ticket/[^"]+)"', page)[-1:]

    found = signed_in.get(address.replace("&amp;", "&")).context["cl"].result_list

    assert list(found) == [ticket]


def test_the_list_takes_as_many_queries_for_many_as_for_few(signed_in, django_assert_max_num_queries, make_ticket):
    for number in range(60):
        make_ticket(User.objects.create(email=f"p{number}@example.edu"))

    with django_assert_max_num_queries(8):
        assert len(signed_in.get(LIST).context["cl"].result_list) == 50


def test_nobody_deactivates_themselves_on_their_page_either(client, root):
    response = client.post(page_of(root), {})

    root.refresh_from_db()
    assert (response.status_code, root.is_active) == (403, True)
