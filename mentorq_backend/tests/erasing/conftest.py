"""Una, who has done everything. Whatever she wrote holds the word "zebra"."""

from io import StringIO

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.backends.db import SessionStore
from django.core.cache import cache
from django.core.management import call_command
from django.utils import timezone
from rest_framework.test import APIClient

from mentorq_backend.models import Feedback, Notice, Ticket, Webhook
from mentorq_users.emails import cache_key
from mentorq_users.encryption import encrypt
from mentorq_users.models import SignInTries, User

EMAIL, NAME = "una@example.edu", "Una Unique"
WORDS = ("zebra", "una@", "unique")
TELLS = ["opened", "claimed", "released", "closed", "cancelled", "reopened", "rated", "waiting"]


@pytest.fixture
def api():
    """A client that sends no token."""
    return APIClient()


@pytest.fixture
def una(db):
    return User.objects.create(
        email=EMAIL,
        first_name="Una",
        last_name="Unique",
        is_mentor=True,
        is_organizer=True,
        is_director=True,
        roles_checked_at=timezone.now(),
        encrypted_lcs_token=encrypt("an LCS token"),
        password="pbkdf2_sha256$1000000$c2FsdA$aGFzaA=",
    )


@pytest.fixture
def webhook(db):
    webhook = Webhook(name="Mentors", kind="standard", tells=TELLS, minutes=1)
    webhook.url = "https://hooks.example/x"
    webhook.make_secret()
    webhook.save()
    return webhook


@pytest.fixture
def zebras(una, mia, olga, make_ticket):
    """Una's own tickets: one in each status. Olga has corrected one."""
    texts = {"title": "My zebra loops", "comment": "Zebra\nlines", "contact": "@zebra", "location": "Zebra hall"}
    tickets = {
        status: make_ticket(una, status, mentor=mia, **texts) for status in ("OPEN", "CLAIMED", "CLOSED", "CANCELLED")
    }
    tickets["OPEN"].correct(by=olga, title="My zebra does not loop", location="Zebra hall 2")
    Feedback.objects.give(tickets["CLOSED"], rating=4.5, comments="Zebras are thankful")
    return tickets


@pytest.fixture
def helped(una, ada, grace, max_, olga, make_ticket):
    """Tickets of others, by what Una did to them."""
    tickets = {
        "released": make_ticket(ada, "CLAIMED", mentor=una),
        "held": make_ticket(ada),
        "handed over": make_ticket(grace, "CLAIMED", mentor=una),
        "rated": make_ticket(grace, "CLOSED", mentor=una),
        "reopened": make_ticket(grace, "CLOSED", mentor=una),
        "by name": Ticket.objects.open(
            by=olga, owner_email="new@example.edu", title="Help", location="1", status="CLOSED", mentor=NAME
        ),
        "opened": Ticket.objects.open(by=una, owner_email="new@example.edu", title="Help", location="1"),
        "nobody's": make_ticket(ada, "CLOSED", mentor=max_),
    }
    tickets["released"].release(by=una)
    tickets["held"].claim(by=olga, mentor_email=EMAIL)
    tickets["handed over"].claim(by=una, mentor_email=max_.email)
    Feedback.objects.give(tickets["rated"], rating=5, comments="Kind")
    Feedback.objects.give(tickets["reopened"], rating=2, comments="It came back")
    tickets["reopened"].reopen(by=una)
    tickets["reopened"].claim(by=max_)
    tickets["opened"].correct(by=una, location="Table 2")
    return tickets


@pytest.fixture
def lived(una, mia, olga, webhook, zebras, helped, client):
    """Una with rows of every kind. Notices are delivered, given up and pending, and receivers repeated them."""
    third = Notice.objects.count() // 3
    places = list(Notice.objects.order_by("pk").values_list("pk", flat=True))
    done = {"next_attempt": None, "status": 200, "attempts": 1}
    Notice.objects.filter(pk__in=places[:third]).update(**done, delivered=timezone.now())
    Notice.objects.filter(pk__in=places[third : 2 * third]).update(**done)
    Notice.objects.filter(payload__ticket__owner_email=EMAIL).update(response="My zebra: got it")
    Webhook.objects.update(last_status=500, last_response="no zebra here", last_attempt=timezone.now())
    for by, changed in ((olga, una), (una, mia), (olga, zebras["OPEN"]), (una, helped["held"])):
        changed_type = ContentType.objects.get_for_model(changed)
        LogEntry.objects.create(
            user=by, content_type=changed_type, object_id=changed.pk, object_repr=str(changed), action_flag=2
        )
    client.force_login(una, backend="mentorq_users.backends.LCSBackend")
    unseen = SessionStore()
    unseen["_messages"] = "#1 My zebra loops: closed."
    unseen.save()
    for pair in ((EMAIL, mia.email), (mia.email, EMAIL), (mia.email, olga.email)):
        link = "https://app.slack.com/client/zebra" if EMAIL in pair else "https://app.slack.com/client/other"
        cache.set(cache_key("slack", *pair), ("link", link))
    SignInTries.objects.count_one("a digest", 60)
    return una


@pytest.fixture
def erase():
    """Erase by the command; return what it says on standard output."""

    def run(email=EMAIL):
        out = StringIO()
        call_command("erase", email, "--no-input", stdout=out, stderr=StringIO())
        return out.getvalue()

    return run
