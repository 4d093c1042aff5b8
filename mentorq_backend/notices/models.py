"""Webhooks that directors enter, and the notices for them: the outbox."""

import base64
import secrets
import unicodedata
import uuid
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import connection, models, transaction
from django.db.models import Exists, OuterRef, Q

from mentorq.db.fields import MinutesField, OneLineField
from mentorq_backend.erasing.person import Person
from mentorq_users.encryption import Unreadable, decrypt, encrypt, newly_encrypted

SECRET_BYTES = 32
LONGEST_URL, LONGEST_HOST = 2000, 253
NO_URL = "A new webhook needs its URL."
LONGEST_RETRY = timedelta(hours=3)
# A clock may step back. Nothing is due later than this, whatever a row says.
HORIZON = LONGEST_RETRY * 1.5
WEBHOOKS = "webhooks"  # what the keys encrypt


class Kind(models.TextChoices):
    """The format of a webhook: a module in `formats/`."""

    SLACK = "slack", "Slack"
    DISCORD = "discord", "Discord"
    STANDARD = "standard", "Standard Webhooks"


class Happening(models.TextChoices):
    """What a webhook can tell."""

    OPENED = "opened", "opened"
    FIRST = "first", "opened while nobody else waits"
    CLAIMED = "claimed", "claimed"
    RELEASED = "released", "released"
    CLOSED = "closed", "closed"
    CANCELLED = "cancelled", "cancelled"
    REOPENED = "reopened", "reopened"
    RATED = "rated", "rated"
    WAITING = "waiting", "waiting for longer than the minutes below"
    MESSAGE = "message", "the event's message changed"


TEST = "test"
NOTICES_AT_ONCE = 200
ENTERED = ["name", "kind", "host", "encrypted_url", "encrypted_secret", "tells", "words", "minutes"]


class WebhookQuerySet(models.QuerySet["Webhook"]):
    """Webhooks by what they want to know, and by whether they have work."""

    def to_tell(self) -> "models.query.RawQuerySet[Webhook]":
        """Read those that are on, for new notices in this transaction.

        On PostgreSQL nobody deletes them before it ends. Otherwise a move would fail because its webhook has gone.
        """
        lock = " FOR KEY SHARE" if connection.vendor == "postgresql" else ""
        return self.raw(f"SELECT * FROM mentorq_backend_webhook WHERE is_on ORDER BY id{lock}")  # noqa: S608

    def delete(self) -> tuple[int, dict[str, int]]:
        """Delete webhooks and their notices, after the moves that are writing some."""
        with transaction.atomic():
            locked = [webhook.pk for webhook in self.order_by("pk").select_for_update()]  # as `to_tell` does
            return super(WebhookQuerySet, self.model.objects.filter(pk__in=locked)).delete()

    def with_due_notices(self, at: datetime) -> "WebhookQuerySet":
        """Return those that have something to deliver now and are not told to wait."""
        due = Notice.objects.due(at).filter(webhook=OuterRef("pk"))
        return self.filter(Exists(due), _has_come("not_before", at) | Q(not_before=None))

    def renew_encryption(self) -> int:
        """Encrypt with the newest key what an older key encrypted, so that older keys can go; return how many."""
        renewed = 0
        for webhook in self:
            columns = {name: getattr(webhook, name) for name in ("encrypted_url", "encrypted_secret")}
            newer = {name: text for name, old in columns.items() if (text := newly_encrypted(old, WEBHOOKS)) is not None}
            renewed += bool(newer) and self.filter(pk=webhook.pk, **columns).update(**newer)
        return renewed


class Webhook(models.Model):
    """A receiver of notices. Its URL is a credential, too, so it is stored encrypted, and only its host is shown."""

    name = OneLineField(max_length=200, unique=True)
    kind = models.CharField(max_length=20)
    host = models.CharField(max_length=300, blank=True, editable=False)
    encrypted_url = models.TextField(blank=True, editable=False)
    encrypted_secret = models.TextField(editable=False, blank=True)
    tells = models.JSONField(default=list, blank=True)
    words = OneLineField(
        blank=True, help_text="Comma-separated. Only tickets whose title or comment contains one of them. Empty: all."
    )
    minutes = MinutesField("waiting means", help_text="Minutes in the queue.")
    is_on = models.BooleanField("on", default=True)
    why_off = models.CharField(max_length=200, blank=True, editable=False)
    given_up = models.PositiveIntegerField(default=0, editable=False, help_text="Notices in a row that were given up.")
    last_status = models.PositiveIntegerField(null=True, editable=False)
    last_response = models.CharField(max_length=300, blank=True, editable=False)
    last_attempt = models.DateTimeField(null=True, editable=False)
    not_before = models.DateTimeField(null=True, editable=False, help_text="The receiver said so, with Retry-After.")
    # Who delivers now. A process that dies leaves them behind, and others take over when the lease ends.
    lease = models.BigIntegerField(null=True, editable=False)
    leased_until = models.DateTimeField(null=True, editable=False)

    objects = WebhookQuerySet.as_manager()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return str(self.name)

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save what people enter. What deliveries record meanwhile stays; `switch` changes `is_on`."""
        if not self._state.adding:
            kwargs.setdefault("update_fields", ENTERED)
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        return Webhook.objects.filter(pk=self.pk).delete()

    @property
    def url(self) -> str:
        """Raises Unreadable if no key opens it."""
        return decrypt(self.encrypted_url, WEBHOOKS)

    @url.setter
    def url(self, url: str) -> None:
        """Raises ValidationError for a URL that is never called."""
        try:
            self.host = host_of(url)
        except ValidationError as error:
            raise ValidationError({"url": error.messages}) from error
        self.encrypted_url = encrypt(url, WEBHOOKS)

    @property
    def secret(self) -> str:
        """The key of the signatures, "" if this kind has none. Raises Unreadable if no key opens it."""
        return decrypt(self.encrypted_secret, WEBHOOKS)

    def make_secret(self) -> str:
        """Give a webhook that signs a new secret if no key opens one; return it, "" if there is nothing to do."""
        if self.kind != Kind.STANDARD or self._has_secret():
            return ""
        secret = f"whsec_{base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()}"
        self.encrypted_secret = encrypt(secret, WEBHOOKS)
        return secret

    def _has_secret(self) -> bool:
        try:
            return bool(self.secret)
        except Unreadable:
            return False

    def clean(self) -> None:
        """Raises ValidationError."""
        if self.kind not in Kind.values:
            raise ValidationError({"kind": f"Choose {', '.join(Kind.values)}."})
        unknown = set(self.tells) - set(Happening.values)
        if unknown or not self.tells:
            raise ValidationError({"tells": f"Choose from {', '.join(Happening.values)}."})
        if Happening.WAITING in self.tells and not self.minutes:
            raise ValidationError({"minutes": "Say after how many minutes in the queue a ticket counts as waiting."})
        self.words = ", ".join(filter(None, (word.strip() for word in self.words.split(","))))

    def switch(self, *, on: bool, why: str = "") -> None:
        """Switch it on, with a clean record, or off."""
        Webhook.objects.filter(pk=self.pk).update(is_on=on, why_off=why, given_up=0, not_before=None)

    def wants(self, happening: str, title: str = "", comment: str = "") -> bool:
        text = folded(f"{title}\n{comment}")
        words = filter(None, self.words.split(", "))
        return happening in self.tells and (not self.words or any(is_word_of(text, folded(word)) for word in words))


def folded(text: str) -> str:
    """Return the text without the difference of case. Turkish "İ" is an "i" here."""
    return unicodedata.normalize("NFC", text.casefold().replace("i\u0307", "i"))


def is_word_of(text: str, word: str) -> bool:
    """Return whether the word stands in the text, and not as a part of another word."""
    start = text.find(word)
    while start >= 0:
        end = start + len(word)
        if not (_belongs_to_a_word(text[:start][-1:]) or _belongs_to_a_word(text[end : end + 1])):
            return True
        start = text.find(word, start + 1)
    return False


def _belongs_to_a_word(character: str) -> bool:
    """Letters, digits and `_`; marks, because several scripts write vowels with them; joiners."""
    if not character:
        return False
    return character.isalnum() or character in "_\u200c\u200d" or unicodedata.category(character).startswith("M")


def host_of(url: str) -> str:
    """Return the host of a webhook's URL; raises ValidationError. Whether its addresses are public, the delivery checks."""
    schemes = ("https", "http") if settings.NOTICES_TO_PRIVATE_ADDRESSES else ("https",)
    try:
        parts = urlsplit(url)
        host, has_port = parts.hostname or "", parts.port is not None
    except ValueError:
        host = ""
    is_whole = 0 < len(host) <= LONGEST_HOST and parts.scheme in schemes
    if not is_whole or len(url) > LONGEST_URL or not url.isprintable() or " " in url:
        raise ValidationError(f"Give the whole URL, such as {schemes[0]}://hooks.slack.com/services/…")
    if "@" in parts.netloc:
        raise ValidationError("Leave out the user name and the password: a webhook needs none.")
    return f"{host}:{parts.port}" if has_port else host


class NoticeQuerySet(models.QuerySet["Notice"]):
    """Notices by their state."""

    def pending(self) -> "NoticeQuerySet":
        return self.filter(next_attempt__isnull=False)

    def wanted(self) -> "NoticeQuerySet":
        """What is pending, but not for a webhook that is off."""
        return self.pending().filter(Q(webhook__is_on=True) | Q(happening=TEST))

    def in_state(self, state: str) -> "NoticeQuerySet":
        """Return those with that `Notice.state`, all for any other text."""
        if state == "delivered":
            return self.filter(next_attempt=None, delivered__isnull=False)
        if state == "given up":
            return self.filter(next_attempt=None, delivered=None)
        return self.pending() if state == "pending" else self

    def due(self, at: datetime) -> "NoticeQuerySet":
        """Return what can be delivered now, in order. A notice waits for the earlier ones of its ticket."""
        earlier = self.model.objects.pending().filter(
            webhook=OuterRef("webhook"), ticket=OuterRef("ticket"), pk__lt=OuterRef("pk")
        )
        return self.wanted().filter(_has_come("next_attempt", at), ~Exists(earlier)).order_by("pk")

    def naming(self, person: Person) -> "NoticeQuerySet":
        ticket = {key: f"payload__ticket__{key}" for key in ("owner_email", "mentor_email", "mentor")}
        roles = Q(payload__by=person.email, ticket__isnull=False)
        roles |= Q(**{ticket["owner_email"]: person.email}) | Q(**{ticket["mentor_email"]: person.email})
        return self.filter(roles | Q(**{ticket["mentor_email"]: "", f"{ticket['mentor']}__in": person.names}))

    def erase(self, person: Person) -> None:
        """Replace the person in what was told and in what is still to be told. A response may repeat it, so it goes."""
        Webhook.objects.exclude(last_response="").update(last_response="")
        notices = list(self.naming(person))
        for notice in notices:
            notice.payload, notice.response = person.erased_from(notice.payload), ""
        self.bulk_update(notices, ["payload", "response"], batch_size=NOTICES_AT_ONCE)

    def send_again(self, at: datetime) -> int:
        """Deliver these once more, whatever became of them."""
        return self.update(next_attempt=at, attempts=0, delivered=None, status=None, response="")

    def forget(self, before: datetime) -> int:
        """Delete what was delivered earlier. A `waiting` of an open ticket stays, so that it is told once."""
        return self.filter(delivered__lt=before).exclude(since__isnull=False, ticket__status="OPEN").delete()[0]


class Notice(models.Model):
    """One happening for one webhook, written in the transaction of the happening."""

    id: int
    uuid = models.UUIDField(default=uuid.uuid4, editable=False, help_text="A restored database repeats ids.")
    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="notices")
    ticket = models.ForeignKey("mentorq_backend.Ticket", null=True, on_delete=models.CASCADE, related_name="notices")
    happening = models.CharField(max_length=9)
    at = models.DateTimeField()
    payload = models.JSONField(help_text="As of the happening: who made it, and the ticket or the event.")
    since = models.DateTimeField(null=True, help_text="Of `waiting`: when the ticket became open.")
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt = models.DateTimeField(null=True, help_text="Empty if it was delivered or given up.")
    delivered = models.DateTimeField(null=True)
    status = models.PositiveIntegerField(null=True)
    response = models.CharField(max_length=300, blank=True)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(
                fields=["webhook", "ticket", "id"], condition=Q(next_attempt__isnull=False), name="notice_pending"
            ),
            models.Index(fields=["delivered"], condition=Q(delivered__isnull=False), name="notice_delivered"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["webhook", "ticket", "since"], name="notice_waiting_is_told_once"),
        ]

    def __str__(self) -> str:
        return f"{self.happening} #{self.ticket_id}" if self.ticket_id else self.happening

    @property
    def state(self) -> str:
        """Return pending, delivered or given up."""
        return "pending" if self.next_attempt else "delivered" if self.delivered else "given up"


def _has_come(column: str, at: datetime) -> Q:
    return Q(**{f"{column}__lte": at}) | Q(**{f"{column}__gt": at + HORIZON})
