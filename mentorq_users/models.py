"""Accounts, refresh tokens that were logged out, and attempts to sign in."""

import logging
import time
from collections.abc import Collection
from datetime import datetime
from functools import cache
from typing import Any

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.hashers import make_password
from django.db import connection, models
from django.utils import timezone
from django.utils.crypto import salted_hmac

from mentorq.api.texts import one_line
from mentorq.db.compiled import CompiledQuery
from mentorq_users.emails import ERASED_DOMAIN, normalize_email
from mentorq_users.encryption import Unreadable, decrypt, encrypt
from mentorq_users.lcs.client import LCSProfile
from mentorq_users.lcs.exceptions import LCSUnavailable

logger = logging.getLogger(__name__)

ERASED_NAME = "Erased person"

COUNT_ONE = """
    INSERT INTO mentorq_users_signintries AS tries (key, count, ends_at) VALUES (%(key)s, 1, %(ends_at)s)
    ON CONFLICT (key) DO UPDATE SET
        count = CASE WHEN tries.ends_at > %(now)s THEN tries.count + 1 ELSE 1 END,
        ends_at = CASE WHEN tries.ends_at > %(now)s THEN tries.ends_at ELSE excluded.ends_at END
    RETURNING count, ends_at
"""


class UserManager(BaseUserManager["User"]):
    """Accounts come from LCS, and from `createsuperuser` for when LCS is down."""

    def from_lcs(self, profile: LCSProfile, lcs_token: str | None = None) -> "User":
        """Create or update the account of this profile, safely under concurrency, and return it.

        `lcs_token` is stored encrypted, to read the roles from LCS later; None keeps the old one.
        """
        columns = columns_of(profile)
        if lcs_token is not None:
            columns["encrypted_lcs_token"] = encrypt(lcs_token)
        if self.filter(email=profile.email).update(**columns):
            return self.behind_token(profile.email)
        return self.get_or_create(email=profile.email, defaults=columns)[0]

    def update_from_lcs(self, profile: LCSProfile) -> "User":
        """Update the account of this profile; raises User.DoesNotExist: only a sign-in creates one.

        While LCS was asked, the person may have been erased.
        """
        self.filter(email=profile.email).update(**columns_of(profile))
        return self.behind_token(profile.email)

    def erase(self, email: str, placeholder: str) -> None:
        """Replace all that identifies the person of this account. What they did at the desk refers to its id."""
        self.filter(email=email).update(
            email=placeholder,
            first_name=ERASED_NAME,
            last_name="",
            password=make_password(None),
            encrypted_lcs_token="",
            roles_checked_at=None,
            is_active=False,
            **dict.fromkeys(("is_mentor", "is_organizer", "is_director", "is_superuser"), False),
        )

    def create_superuser(self, email: str, password: str) -> "User":
        """Create a local account with every right at the desk, for `manage.py createsuperuser`."""
        user = self.model(email=normalize_email(email), is_superuser=True)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def name_of(self, email: str, *, by: Any) -> str:
        """Return the name of the account, or the address if there is none. The account of `by` needs no query."""
        user = by if by.email == email else self.filter(email=email).first()
        return (user and user.name) or email

    def behind_token(self, email: str) -> "User":
        """Return the account with only the columns that requests read; raises User.DoesNotExist."""
        rows = BY_EMAIL(email)
        if not rows:
            raise self.model.DoesNotExist
        return self.of_row(rows[0])

    def behind_streams(self, emails: Collection[str]) -> dict[str, "User"]:
        """Return the active accounts of these addresses, with only the columns that requests read."""
        rows = self.filter(email__in=emails, is_active=True).values_list(*READ_BY_REQUESTS)
        return {user.email: user for user in map(self.of_row, rows)}

    def of_row(self, row: tuple[Any, ...]) -> "User":
        """Return the account with these values of READ_BY_REQUESTS."""
        return self.model.from_db(self.db, READ_BY_REQUESTS, row)

    def get_by_natural_key(self, username: str | None) -> "User":
        """Ignore the case of the e-mail; raises User.DoesNotExist."""
        return self.get(email=normalize_email(username or ""))


class User(AbstractBaseUser):
    """A person, identified by e-mail, with the last known roles from LCS."""

    email = models.EmailField(unique=True)
    first_name = models.CharField(max_length=100, blank=True)
    last_name = models.CharField(max_length=100, blank=True)
    is_mentor = models.BooleanField("mentor", default=False)
    is_organizer = models.BooleanField("organizer", default=False)
    is_director = models.BooleanField("director", default=False)
    roles_checked_at = models.DateTimeField("roles read from LCS", null=True, blank=True)
    encrypted_lcs_token = models.TextField(blank=True, editable=False)
    is_active = models.BooleanField(
        "active", default=True, help_text="Without it the person can no longer sign in, and their tokens stop at once."
    )
    is_superuser = models.BooleanField(
        "local superuser",
        default=False,
        help_text="Made by createsuperuser, not by LCS. May do what directors may at the desk.",
    )
    date_joined = models.DateTimeField("first seen", default=timezone.now, editable=False)

    USERNAME_FIELD = EMAIL_FIELD = "email"

    objects = UserManager()

    _typed = ""

    class Meta:
        verbose_name, verbose_name_plural = "person", "people"

    def __str__(self) -> str:
        return self.email

    def has_usable_password(self) -> bool:
        """Only local superusers have a password here."""
        return bool(self.password) and super().has_usable_password()

    def get_full_name(self) -> str:
        """Templates of Django and unfold call it."""
        return self.name

    @property
    def name(self) -> str:
        """First and last name; "" if LCS knows neither."""
        # The account may be older than the rules that clean texts.
        return one_line(f"{self.first_name} {self.last_name}")

    @property
    def typed(self) -> str:
        """The e-mail as typed at sign-in: the frontend compares it with our responses."""
        return self._typed or self.email

    @typed.setter
    def typed(self, spelling: Any) -> None:
        """Ignore anything but another spelling of the same e-mail."""
        is_theirs = isinstance(spelling, str) and normalize_email(spelling) == self.email
        self._typed = spelling.strip() if is_theirs else ""

    @property
    def is_erased(self) -> bool:
        return self.email.endswith(ERASED_DOMAIN)

    @property
    def erases_people(self) -> bool:
        """Directors and local superusers."""
        return self.sees_statistics

    @property
    def is_staff(self) -> bool:
        """Organizers, directors and local superusers, who may change any ticket and use the desk."""
        return self.is_organizer or self.is_director or self.is_superuser

    @property
    def sees_every_ticket(self) -> bool:
        """Mentors, organizers and directors see the whole queue."""
        return self.is_mentor or self.is_staff

    @property
    def sees_statistics(self) -> bool:
        """Directors and local superusers see waiting times, figures of mentors and feedback at the desk."""
        return self.is_director or self.is_superuser

    @property
    def enters_webhooks(self) -> bool:
        """Directors and local superusers: a webhook sees every ticket's text."""
        return self.sees_statistics

    @property
    def sees_all_feedback(self) -> bool:
        return self.is_director

    def sees_feedback_of(self, owner_email: str) -> bool:
        return self.sees_all_feedback or self.email == owner_email

    @property
    def lcs_token(self) -> str:
        """The LCS token of their last sign-in, "" if there is none.

        Raises LCSUnavailable if no key decrypts it: the right key may be missing, so the token may still be good.
        """
        try:
            return decrypt(self.encrypted_lcs_token)
        except Unreadable as error:
            warn_of_keys(tuple(settings.LCS_TOKEN_KEYS))
            raise LCSUnavailable("no key in LCS_TOKEN_KEYS opens the stored token") from error

    @property
    def roles_are_stale(self) -> bool:
        """Whether LCS must be asked again: it refused the token, or the roles are older than LCS_ROLES_MAX_AGE."""
        if not self.encrypted_lcs_token or self.roles_checked_at is None:
            return True
        return timezone.now() - self.roles_checked_at > settings.LCS_ROLES_MAX_AGE

    @property
    def token_claims(self) -> dict[str, Any]:
        """Claims for the frontend to show. Permissions come from this row, never from a token."""
        return {
            "name": self.name,
            "email": self.email,
            "typed": self.typed,
            "mentor": self.is_mentor,
            "organizer": self.is_organizer,
            "director": self.is_director,
        }

    def why_not_deactivate(self, other: "User") -> str:
        """Return why this person may not deactivate or activate `other`; "" if they may."""
        if other.pk == self.pk:
            return "nobody may do this to themselves"
        if other.is_erased:
            return "they were erased"
        if other.is_superuser and not self.is_superuser:
            return "only another local superuser may do this to a local superuser"
        if (other.is_organizer or other.is_director) and not (self.is_director or self.is_superuser):
            return "only directors and local superusers may do this to organizers and directors"
        return "" if self.is_staff else "only organizers and directors may do this"

    def why_not_erase(self, other: "User") -> str:
        """Return why this person may not erase `other`; "" if they may."""
        if not self.erases_people:
            return "only directors and local superusers may do this"
        return self.why_not_deactivate(other)

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """Bind a session to the e-mail: after a restore the id may be another person's.

        Django's own hash covers only the password, which is empty for LCS accounts.
        """
        salt = "mentorq_users.models.User.get_session_auth_hash"
        return salted_hmac(salt, f"{self.email}\0{self.password}", secret=secret, algorithm="sha256").hexdigest()

    def has_perm(self, perm: str, obj: models.Model | None = None) -> bool:
        """Staff may do everything at the desk that its admin classes allow."""
        return self.is_active and self.is_staff

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_active and self.is_staff


def columns_of(profile: LCSProfile) -> dict[str, Any]:
    return {
        "first_name": profile.first_name,
        "last_name": profile.last_name,
        "is_mentor": "mentor" in profile.roles,
        "is_organizer": "organizer" in profile.roles,
        "is_director": "director" in profile.roles,
        "roles_checked_at": timezone.now(),
    }


def in_the_models_order(columns: Collection[str]) -> list[str]:
    """`from_db()` relies on this order: in another one a mentor becomes a director."""
    return [field.attname for field in User._meta.concrete_fields if field.attname in columns]


READ_BY_REQUESTS = in_the_models_order(
    {"id", "email", "first_name", "last_name", "is_mentor", "is_organizer", "is_director", "is_active", "is_superuser"}
)
BY_EMAIL = CompiledQuery(lambda email: User.objects.filter(email=email).values_list(*READ_BY_REQUESTS), 1)


@cache
def warn_of_keys(keys: tuple[str, ...]) -> None:
    """Warn the operator, once in a process for the same keys."""
    logger.warning(
        "No key in LCS_TOKEN_KEYS opens the LCS token of an account. Its last known roles hold until the next sign-in. "
        "Is a key missing or mistyped?"
    )


class RevokedTokenManager(models.Manager["RevokedToken"]):
    """Refresh tokens that were logged out."""

    def revoke(self, jti: str, expires_at: datetime) -> bool:
        """Revoke the refresh token with this id; return False if it was revoked already. Deletes expired rows."""
        self.filter(expires_at__lt=timezone.now()).delete()
        return self.get_or_create(jti=jti, defaults={"expires_at": expires_at})[1]


class RevokedToken(models.Model):
    """The id of a refresh token that was logged out. The id alone signs nobody in."""

    jti = models.CharField(max_length=255, unique=True)
    expires_at = models.DateTimeField(db_index=True)

    objects = RevokedTokenManager()

    def __str__(self) -> str:
        return self.jti


class SignInTriesManager(models.Manager["SignInTries"]):
    """The counters of the rate limit."""

    def count_one(self, key: str, window: float) -> tuple[int, float]:
        """Count an attempt; return the attempts in the current window, and when it ends (seconds since 1970).

        A window starts with an attempt and lasts `window` seconds. Counting is one statement, so concurrent callers get
        different numbers. The first attempt of a window deletes the windows that are over.
        """
        now = time.time()
        with connection.cursor() as cursor:
            cursor.execute(COUNT_ONE, {"key": key, "now": now, "ends_at": now + window})
            count, ends_at = cursor.fetchone()
        if count == 1:
            self.filter(ends_at__lte=now).delete()
        return count, ends_at


class SignInTries(models.Model):
    """Attempts of one client address with one e-mail in a window of time. The row stores only a digest of both."""

    key = models.CharField(max_length=64, primary_key=True)
    count = models.PositiveIntegerField()
    ends_at = models.FloatField("seconds since 1970 at which the window ends", db_index=True)

    objects = SignInTriesManager()

    def __str__(self) -> str:
        return f"{self.count} of {self.key}"
