"""Erases a person from every table, in one transaction."""

import logging
from collections.abc import Iterator
from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.db import transaction
from django.db.models import Q, QuerySet, TextField, Value
from django.db.models.functions import Cast, Concat

from mentorq.db.locks import keep_writers_out
from mentorq_backend.erasing.person import ERASED_TEXT, Person
from mentorq_backend.models import Feedback, Notice, Ticket, TicketEvent
from mentorq_backend.moves import Status
from mentorq_backend.querysets import one_at_a_time
from mentorq_users.emails import ERASED_DOMAIN, cache_key, erased_address, normalize_email
from mentorq_users.lcs.slack import cached_links
from mentorq_users.models import SignInTries, User

logger = logging.getLogger(__name__)


class NobodyToErase(Exception):
    """No row names the person. Nothing was changed."""


class Erasure:
    """What there is of a person, who need not have an account: organizers open tickets for anybody.

    Raises NobodyToErase if there is nothing.
    """

    def __init__(self, email: str) -> None:
        email = normalize_email(email)
        if not email or email.endswith(ERASED_DOMAIN):  # the server, or nobody, stands as "" in many columns
            raise NobodyToErase
        self.account = User.objects.filter(email=email).first()
        names = Ticket.objects.filter(mentor_email=email).order_by().values_list("mentor", flat=True).distinct()
        names_too = {self.account.name} if self.account else set()
        self.person = Person(email, frozenset(filter(None, {*names, *names_too})), erased_address())
        self.sessions, self.links = self._sessions(), cached_links(email, set(_addresses()))
        self.counts = self._counts()
        if not any(self.counts.values()):
            raise NobodyToErase

    def _counts(self) -> dict[str, int]:
        person = self.person
        return {
            "accounts": int(self.account is not None),
            "tickets": Ticket.objects.naming(person).count(),
            "rows of the history": TicketEvent.objects.naming(person).count(),
            "ratings": Feedback.objects.naming(person).count(),
            "notices": Notice.objects.naming(person).count(),
            "entries of the desk's log": self._log_entries().count(),
            "sessions at the desk": len(self.sessions),
            "cached Slack links": len(self.links),
        }

    @property
    def unfinished(self) -> int:
        """The number of tickets that stay in the queue or with their mentor, as the statistics need them."""
        return Ticket.objects.naming(self.person).filter(status__in=[Status.OPEN, Status.CLAIMED]).count()

    @classmethod
    def make(cls, email: str, by: str) -> "Erasure":
        """Erase the person. `by` is for the log; raises NobodyToErase."""
        with transaction.atomic():
            # What the person does now, and what others do to tickets, comes before this or after it.
            one_at_a_time(User(email=normalize_email(email)), normalize_email(email))
            keep_writers_out(Ticket)
            erasure = cls(email)
            erasure._erase()
        logger.info("Erased by %s: %s", by, erasure)
        return erasure

    def __str__(self) -> str:
        """What is said afterwards: nothing of the person."""
        counts = ", ".join(f"{count} {kind}" for kind, count in self.counts.items() if count)
        return f"{self.person.placeholder} ({counts})"

    def _erase(self) -> None:
        person = self.person
        cache.delete_many([*self.links, cache_key("roles", person.email)])
        with_messages = [key for key, session in _decoded_sessions() if "_messages" in session]
        # A message that nobody has seen yet may be about them. Long ones are in the session, others with the browser.
        Session.objects.filter(pk__in=[*self.sessions, *with_messages]).delete()
        self._erase_log()
        for rows in (TicketEvent.objects, Feedback.objects, Ticket.objects, Notice.objects):
            rows.erase(person)
        User.objects.erase(person.email, person.placeholder)
        SignInTries.objects.all().delete()  # everybody's: their rows are digests of address and e-mail

    def _about_account(self) -> Q:
        return Q(content_type=ContentType.objects.get_for_model(User), object_repr=self.person.email[:200])

    def _about_tickets(self) -> Q:
        tickets = Ticket.objects.filter(owner_email=self.person.email).annotate(text=Cast("pk", TextField()))
        return Q(content_type=ContentType.objects.get_for_model(Ticket), object_id__in=tickets.values("text"))

    def _log_entries(self) -> QuerySet[LogEntry]:
        return LogEntry.objects.filter(self._about_account() | self._about_tickets())

    def _erase_log(self) -> None:
        """What they did themselves refers to their account."""
        LogEntry.objects.filter(self._about_account()).update(object_repr=self.person.placeholder)
        title = Concat(Value("#"), "object_id", Value(f" {ERASED_TEXT}"), output_field=TextField())
        LogEntry.objects.filter(self._about_tickets()).update(object_repr=title)

    def _sessions(self) -> list[str]:
        """The keys of their sessions. Whose a session is stands inside."""
        mine = str(self.account.pk) if self.account else None
        return [key for key, session in _decoded_sessions() if mine and session.get("_auth_user_id") == mine]


def _decoded_sessions() -> Iterator[tuple[str, dict[str, Any]]]:
    return ((session.session_key, session.get_decoded()) for session in Session.objects.iterator())


def _addresses() -> Iterator[str]:
    """Yield every address that may have a cached link with somebody."""
    yield from User.objects.values_list("email", flat=True)
    for column in ("owner_email", "mentor_email"):
        yield from Ticket.objects.order_by().values_list(column, flat=True).distinct()
