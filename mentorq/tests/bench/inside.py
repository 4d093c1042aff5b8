"""What needs Django: `python -m mentorq.tests.bench.inside COMMAND …` works on DATABASE_URL and prints JSON.

`prepare`, `claims`, `crowd`, `event` and `large` add what the measurements over HTTP need. `list` and `stats` measure here.
`audit` looks whether the database is sound, `accounts` who has an account, `written` what somebody did.
"""

import json
import os
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice
from random import Random
from typing import Any

import django
import orjson

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mentorq.settings")
django.setup()

from django.db import connection  # noqa: E402 - models exist after setup
from django.test import Client, override_settings  # noqa: E402
from django.utils import timezone  # noqa: E402
from rest_framework_simplejwt.tokens import AccessToken  # noqa: E402

from mentorq.tests.bench.audit import audit  # noqa: E402
from mentorq.tests.bench.load import HOST  # noqa: E402
from mentorq_backend.columns import ROW  # noqa: E402
from mentorq_backend.management import seeding  # noqa: E402
from mentorq_backend.management.seeding import next_ticket_id  # noqa: E402
from mentorq_backend.models import Event, Notice, Ticket, TicketEvent, Webhook  # noqa: E402
from mentorq_users.models import User  # noqa: E402
from mentorq_users.tokens import issue  # noqa: E402

Pair = tuple[Callable[[], Any], Callable[[], Any]]  # floor and work
LARGE_OWNERS = 500
# The two averages and the counts of the contract.
STATISTICS = """
    SELECT AVG(time_to_claim), AVG(CASE WHEN status = 'CLOSED' AND active THEN time_to_close END), COUNT(*),
           SUM(CASE WHEN status = 'OPEN' THEN 1 ELSE 0 END), SUM(CASE WHEN status = 'CLAIMED' THEN 1 ELSE 0 END),
           SUM(CASE WHEN status = 'CLOSED' THEN 1 ELSE 0 END), SUM(CASE WHEN status = 'CANCELLED' THEN 1 ELSE 0 END),
           COUNT(DISTINCT NULLIF(mentor_email, '')), COUNT(DISTINCT owner_email)
    FROM mentorq_backend_ticket
"""


def prepare(live: str) -> dict[str, str]:
    """Return tokens of a mentor and a hacker; so many tickets are open then, the newest, five of them the hacker's."""
    Ticket.objects.filter(status="OPEN").update(status="CANCELLED")
    run = time.time_ns()  # people whom no earlier call gave tickets
    hackers = [f"live{number // 5}@{run}.example.edu" for number in range(int(live))]
    add_open(hackers)
    return {"mentor": mentor(1), "hacker": token(hackers[0])}


def event() -> dict[str, str]:
    """Return tokens of a mentor and a director. An event is on then, with 500 tickets."""
    day = datetime.now(UTC).replace(tzinfo=None) - timedelta(hours=48)  # it begins at noon of that day
    first = next_ticket_id()
    seeding.write([seeding.hackathon(day, range(first, first + 500), Random(1))])
    Ticket.objects.filter(status__in=["OPEN", "CLAIMED"], queued__lt=day.replace(tzinfo=UTC)).update(status="CANCELLED")
    if connection.vendor == "postgresql":
        connection.cursor().execute("ANALYZE")  # as PostgreSQL does by itself within a minute
    Event.objects.create(name="measured", opens=timezone.now() - timedelta(hours=36))
    return {"mentor": mentor(1), "director": token("director@example.edu", is_director=True)}


def claims(mentors: str, tickets: str) -> dict[str, Any]:
    """Return tokens of so many mentors, and the ids of so many new open tickets."""
    tokens = [mentor(number) for number in range(1, int(mentors) + 1)]
    return {"mentors": tokens, "tickets": add_open(["somebody@example.edu"] * int(tickets))}


def crowd(hackers: str, mentors: str) -> dict[str, Any]:
    """Return tokens of so many hackers and mentors."""
    emails = [f"crowd{number}@example.edu" for number in range(int(hackers))]
    people = User.objects.bulk_create([User(email=email) for email in emails])
    return {"hackers": [str(issue(AccessToken, user)) for user in people], **claims(mentors, "0")}


def accounts(prefix: str) -> dict[str, int]:
    """Return the addresses that begin so and have an account, with how many roles they hold."""
    people = User.objects.filter(email__startswith=prefix)
    return {user.email: user.is_mentor + user.is_organizer + user.is_director + user.is_superuser for user in people}


def written(email: str) -> dict[str, int]:
    """Return how many tickets that person has, and how many moves they made."""
    moves = TicketEvent.objects.filter(by=email).exclude(from_status="")
    return {"tickets": Ticket.objects.filter(owner_email=email).count(), "moves": moves.count()}


def large(tickets: str, mentors: str) -> dict[str, Any]:
    """Return tokens of so many mentors and of LARGE_OWNERS hackers, who then have so many of the largest tickets."""
    owners = [f"large{number}@example.edu" for number in range(LARGE_OWNERS)]
    for batch in batched(islice(cycle(owners), int(tickets)), 1000):
        add_open(batch, "😀" * 2000)
    return {**claims(mentors, "0"), "hackers": [token(owner) for owner in owners]}


def batched(items: Iterable[str], size: int) -> Iterator[list[str]]:
    """Yield the items in lists of that size; itertools has it from Python 3.12 on."""
    rest = iter(items)
    return iter(lambda: list(islice(rest, size)), [])


def add_open(owners: list[str], comment: str = "") -> list[int]:
    """Return the ids of new open tickets of these people."""
    now = timezone.now()
    tickets = [
        Ticket(owner_email=owner, owner="Somebody", title="It loops", comment=comment, location="Here", created=now)
        for owner in owners
    ]
    added = Ticket.objects.bulk_create(tickets)
    TicketEvent.objects.bulk_create(
        TicketEvent(ticket=ticket, at=now, by=ticket.owner_email, to_status="OPEN") for ticket in added
    )
    return [ticket.pk for ticket in added]


def token(email: str, **roles: bool) -> str:
    """Return an access token of that person."""
    return str(issue(AccessToken, User.objects.update_or_create(email=email, defaults=roles)[0]))


def mentor(number: int) -> str:
    """Return an access token of one of the mentors who were seeded."""
    return token(f"mentor{number}@example.edu", is_mentor=True)


def client_of(access: str) -> Client:
    """Return a client in this process that is signed in."""
    return Client(HTTP_HOST=HOST, HTTP_X_FORWARDED_PROTO="https", HTTP_AUTHORIZATION=f"Bearer {access}")


def changed_list() -> Pair:
    """Return floor and work of the whole list, as a mentor gets it who has another state of it."""
    client = client_of(mentor(1))
    floor = lambda: orjson.dumps(list(Ticket.objects.newest_first().values(*ROW)))  # noqa: E731
    return floor, lambda: client.get("/api/tickets/", headers={"If-None-Match": '"old.tag"'})


def statistics() -> Pair:
    """Return floor and work of every figure, as a director gets them."""
    client = client_of(token("director@example.edu", is_director=True))

    def floor() -> Any:
        with connection.cursor() as cursor:
            cursor.execute(STATISTICS)
            return cursor.fetchone()

    return floor, lambda: client.get("/api/tickets/stats/")


def touch() -> None:
    """Change a ticket, so that no list from before is good any longer."""
    Ticket.objects.filter(pk=Ticket.objects.newest_first()[0].pk).update()


def timed(rounds: str, pair: Pair, before_each: Callable[[], object] = lambda: None) -> list[list[float]]:
    """Return the seconds of floor and work for each round, after one that is not counted."""

    def pairs() -> Iterator[list[float]]:
        while True:
            before_each()
            yield [seconds(call) for call in pair]

    return list(islice(pairs(), 1, int(rounds) + 1))


def seconds(call: Callable[[], Any]) -> float:
    """Return how long a call takes."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def webhooks(urls: str) -> None:
    """Make a webhook for each name and URL, which tells all moves."""
    Event.objects.filter(name="forgotten").delete()
    Webhook.objects.all().delete()
    for name, url in json.loads(urls).items():
        webhook = Webhook(name=name, kind="standard", tells=["opened", "claimed", "released", "closed", "cancelled"])
        with override_settings(NOTICES_TO_PRIVATE_ADDRESSES=True):
            webhook.url = url
        webhook.make_secret()
        webhook.save()


def told() -> dict[str, Any]:
    """Return the types of each ticket's moves, how many notices are in which state, and which webhooks are on."""
    moves = defaultdict(list)
    for ticket, before, after in TicketEvent.objects.order_by("id").values_list("ticket_id", "from_status", "to_status"):
        kinds = {"CLAIMED": "claimed", "CLOSED": "closed", "CANCELLED": "cancelled"}
        moves[ticket].append(f"ticket.{kinds.get(after, 'released' if before else 'opened')}")
    notices = Notice.objects.filter(webhook__is_on=True)
    return {
        "moves": moves,
        "pending": notices.pending().count(),
        "given up": notices.in_state("given up").count(),
        "on": list(Webhook.objects.filter(is_on=True).values_list("name", flat=True)),
        "by server": TicketEvent.objects.filter(by="").count(),
    }


def forgotten(count: str) -> int:
    """Make so many tickets that are open, and as many that are claimed, for an hour; return how many of both."""
    two_hours_ago = timezone.now() - timedelta(hours=2)
    if not Event.objects.filter(name="forgotten").exists():
        Event.objects.create(name="forgotten", opens=two_hours_ago, expire_after=60, return_claims_after=60)
    add_open([f"forgotten{time.time_ns()}@example.edu"] * int(count) * 2)
    tickets = list(
        Ticket.objects.filter(
            owner_email__startswith="forgotten", status="OPEN", moved__gt=timezone.now() - timedelta(minutes=30)
        )
    )
    for ticket in tickets[: int(count)]:
        ticket.claim(by=User.objects.get(email="mentor1@example.edu"))
    hour_ago = timezone.now() - timedelta(minutes=61)
    return Ticket.objects.filter(pk__in=[ticket.pk for ticket in tickets]).update(moved=hour_ago)


COMMANDS: dict[str, Callable[..., Any]] = {
    "prepare": prepare,
    "claims": claims,
    "audit": audit,
    "event": event,
    "no_event": lambda: Event.objects.all().delete(),
    "crowd": crowd,
    "token": token,
    "accounts": accounts,
    "written": written,
    "large": large,
    "webhooks": webhooks,
    "told": told,
    "forgotten": forgotten,
    "list": lambda rounds: timed(rounds, changed_list(), touch),
    "stats": lambda rounds: timed(rounds, statistics()),
}

if __name__ == "__main__":
    print(json.dumps(COMMANDS[sys.argv[1]](*sys.argv[2:])))  # noqa: T201 - a script
