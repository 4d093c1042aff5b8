"""Accounts and dead refresh tokens as rows."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from mentorq_users.lcs.client import LCSProfile
from mentorq_users.models import READ_BY_REQUESTS, RevokedToken, User, in_the_models_order

pytestmark = pytest.mark.django_db


def profile(*roles: str, **fields: str) -> LCSProfile:
    return LCSProfile(
        **{"email": "ada@example.edu", "first_name": "Ada", "last_name": "L.", "roles": frozenset(roles), **fields}
    )


def roles_of(user: User) -> dict[str, bool]:
    return {role: getattr(user, f"is_{role}") for role in ("mentor", "organizer", "director")}


@pytest.mark.parametrize("role", ["mentor", "organizer", "director"])
def test_a_new_account_has_the_roles_of_its_profile(role):
    user = User.objects.from_lcs(profile(role))

    assert roles_of(user) == {**dict.fromkeys(("mentor", "organizer", "director"), False), role: True}


@pytest.mark.parametrize("roles", [(), ("hacker",), ("volunteer", "judge", "sponsor"), ("admin", "is_superuser")])
def test_whoever_has_none_of_our_roles_is_a_hacker(roles):
    user = User.objects.from_lcs(profile(*roles))

    assert (roles_of(user), user.is_staff, user.is_superuser) == (
        {"mentor": False, "organizer": False, "director": False}, False, False,
    )  # fmt: skip


def test_a_later_profile_brings_name_and_roles_up_to_date():
    first = User.objects.from_lcs(profile("mentor"))

    second = User.objects.from_lcs(profile("director", first_name="Augusta"))

    assert (second.pk, second.name) == (first.pk, "Augusta L.")
    assert roles_of(second) == {"mentor": False, "organizer": False, "director": True}


def test_what_requests_read_is_in_the_models_order():
    assert in_the_models_order(READ_BY_REQUESTS) == READ_BY_REQUESTS
    assert in_the_models_order({"is_superuser", "id", "is_director", "email", "is_mentor"}) == [
        "id", "email", "is_mentor", "is_director", "is_superuser",
    ]  # fmt: skip


def test_a_later_profile_does_not_activate_a_deactivated_account():
    User.objects.from_lcs(profile())
    User.objects.update(is_active=False)

    assert User.objects.from_lcs(profile()).is_active is False


def test_a_profile_says_when_lcs_said_it():
    before = timezone.now()

    user = User.objects.from_lcs(profile())

    assert before <= user.roles_checked_at <= timezone.now()


def test_a_profile_without_a_token_leaves_the_old_token():
    User.objects.from_lcs(profile(), "a-token")

    assert User.objects.from_lcs(profile()).lcs_token == "a-token"


def test_a_stored_lcs_token_is_not_readable_in_the_database():
    User.objects.from_lcs(profile(), "t0ken-in-the-clear")

    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM mentorq_users_user")
        row = repr(cursor.fetchall())

    assert "ada@example.edu" in row
    assert "t0ken-in-the-clear" not in row


def test_the_database_itself_refuses_a_second_account_of_an_address():
    User.objects.from_lcs(profile())

    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create(email="ada@example.edu")


@pytest.mark.parametrize(
    ("first_name", "last_name", "name"),
    [
        ("Ada", "Lovelace", "Ada Lovelace"),
        ("Madonna", "", "Madonna"),
        ("", "Hopper", "Hopper"),
        ("", "", ""),
        ("花", "山田", "花 山田"),
    ],
)
def test_a_name_is_what_there_is_of_it(first_name, last_name, name):
    assert User(first_name=first_name, last_name=last_name).name == name


@pytest.mark.parametrize(("minutes", "stale"), [(0, False), (4, False), (6, True)])
def test_roles_are_stale_after_five_minutes(minutes, stale):
    user = User(encrypted_lcs_token="x", roles_checked_at=timezone.now() - timedelta(minutes=minutes))

    assert user.roles_are_stale is stale


def test_roles_that_lcs_never_said_are_stale():
    assert User().roles_are_stale is True


def test_how_old_roles_may_be_is_a_setting(settings):
    settings.LCS_ROLES_MAX_AGE = timedelta(minutes=10)

    user = User(encrypted_lcs_token="x", roles_checked_at=timezone.now() - timedelta(minutes=6))

    assert user.roles_are_stale is False


def test_createsuperuser_makes_a_local_account(monkeypatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "only-here")

    call_command("createsuperuser", interactive=False, email="Root@Example.EDU", verbosity=0)

    user = User.objects.get()
    assert (user.email, user.is_superuser, user.is_staff, user.check_password("only-here")) == (
        "root@example.edu",
        True,
        True,
        True,
    )


@pytest.mark.parametrize(
    ("fields", "staff"),
    [
        ({}, False),
        ({"is_mentor": True}, False),
        ({"is_organizer": True}, True),
        ({"is_director": True}, True),
        ({"is_superuser": True}, True),
    ],
)
def test_staff_are_organizers_directors_and_local_superusers(fields, staff):
    user = User(**fields)

    assert (user.is_staff, user.has_perm("any"), user.has_module_perms("any")) == (staff, staff, staff)


def test_a_deactivated_organizer_may_nothing():
    user = User(is_organizer=True, is_active=False)

    assert (user.has_perm("any"), user.has_module_perms("any")) == (False, False)


def test_a_token_is_revoked_once():
    tomorrow = timezone.now() + timedelta(days=1)

    assert [RevokedToken.objects.revoke("one", tomorrow) for _ in range(2)] == [True, False]


def test_revoking_forgets_tokens_that_have_expired_by_themselves():
    now = timezone.now()
    RevokedToken.objects.create(jti="past", expires_at=now - timedelta(seconds=1))
    RevokedToken.objects.create(jti="living", expires_at=now + timedelta(hours=1))

    RevokedToken.objects.revoke("new", now + timedelta(days=1))

    assert sorted(RevokedToken.objects.values_list("jti", flat=True)) == ["living", "new"]
