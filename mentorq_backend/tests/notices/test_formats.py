"""What each kind of receiver gets."""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
import standardwebhooks
from django.conf import settings as project

from mentorq_backend.models import Notice, Ticket
from mentorq_backend.notices import outbox
from mentorq_backend.notices.delivery import deliver
from mentorq_backend.notices.formats import FORMATS, discord, render, slack
from mentorq_backend.notices.formats.message import characters, fitting, length
from mentorq_backend.notices.models import Happening, Kind

EVIL = "<!channel> @everyone <@U123> <https://evil.example|here> *b* `c` [d](https://e.example) & \\"
FAMILY = "👩\u200d👩\u200d👧"


@pytest.fixture
def notice(ada, mia, make_webhook, settings):
    """A notice of a ticket that Ada opened and Mia claimed."""

    def make(kind, happening="claimed", **columns):
        webhook = make_webhook(kind=kind, tells=[happening], name=kind, minutes=5)
        ticket = Ticket.objects.open(
            by=ada, owner_email=ada.email, **{"title": "My build loops", "location": "Table 12", **columns}
        )
        if happening == "claimed":
            ticket.claim(by=mia)
        return webhook.notices.get()

    return make


def test_every_kind_has_a_format():
    assert set(FORMATS) == set(Kind.values)


def test_standard_webhooks_are_signed_json_of_the_ticket(make_webhook, receiver, ada, make_ticket):
    webhook = make_webhook(receiver.url)
    ticket = make_ticket(ada, title="Ünïcode <b>")

    deliver(webhook)

    request, notice = receiver.received[0], Notice.objects.get()
    verified = standardwebhooks.Webhook(webhook.secret).verify(request.body, request.headers)
    assert verified == {
        "type": "ticket.opened",
        "timestamp": f"{ticket.created.isoformat()[:-6]}Z",
        "data": {"by": ada.email, "ticket": notice.payload["ticket"]},
    }
    assert request.headers["webhook-id"] == f"msg_{notice.uuid.hex}"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["user-agent"] == "MentorQ"


@pytest.mark.parametrize("change", [lambda body: body.replace(b"OPEN", b"CLOSED"), lambda body: body + b" "])
def test_a_changed_body_does_not_fit_its_signature(change, make_webhook, receiver, ada, make_ticket):
    webhook = make_webhook(receiver.url)
    make_ticket(ada)
    deliver(webhook)
    request = receiver.received[0]

    with pytest.raises(standardwebhooks.WebhookVerificationError):
        standardwebhooks.Webhook(webhook.secret).verify(change(request.body), request.headers)


def test_a_second_attempt_has_the_same_id_and_a_new_time(make_webhook, ada, make_ticket, monkeypatch):
    make_webhook()
    make_ticket(ada)
    notice = Notice.objects.get()

    first, later = render(notice), render(notice)

    assert first[1]["webhook-id"] == later[1]["webhook-id"]
    assert abs(int(first[1]["webhook-timestamp"]) - datetime.now(UTC).timestamp()) < 5


@pytest.mark.parametrize(
    ("happening", "type_"),
    [(happening.value, f"ticket.{happening.value}") for happening in Happening if happening not in ("first", "message")]
    + [("message", "event.message"), ("test", "webhook.test")],
)
def test_each_happening_has_its_type(happening, type_, make_webhook, ada, make_ticket):
    webhook = make_webhook(tells=["closed"])
    payload = {"by": "", "ticket": {"id": 1}} if happening not in ("message", "test") else {"by": ""}
    notice = Notice(webhook=webhook, happening=happening, at=datetime.now(UTC), payload=payload)

    assert json.loads(render(notice)[0])["type"] == type_


def test_slack_gets_blocks_with_number_title_place_person_and_queue(notice, settings):
    settings.FRONTEND_URL = "https://hackru.example/live?a=1&b=2"
    told = notice("slack")
    number = told.ticket_id

    def plain(text):
        return {"type": "plain_text", "text": text, "emoji": False}

    assert json.loads(render(told)[0]) == {
        "text": f"#{number} was claimed: My build loops",
        "blocks": [
            {"type": "header", "text": plain(f"#{number} was claimed")},
            {
                "type": "section",
                "text": plain("My build loops"),
                "fields": [
                    plain("Location: Table 12"), plain("Owner: Ada Lovelace"), plain("Mentor: Mia Mentor"),
                    plain("In the queue: 0 tickets"),
                ],
            },
            {
                "type": "context",
                "elements": [{"type": "mrkdwn", "text": "<https://hackru.example/live?a=1&amp;b=2|Open the queue>"}],
            },
        ],
    }  # fmt: skip


def test_discord_gets_an_embed_that_pings_nobody(notice, settings):
    settings.FRONTEND_URL = "https://hackru.example/live"
    told = notice("discord", "opened", location="Table_12", owner="Anonymous")

    assert json.loads(render(told)[0]) == {
        "embeds": [
            {
                "title": f"#{told.ticket_id} is new",
                "description": "My build loops",
                "fields": [
                    {"name": "Location", "value": "Table\\_12", "inline": True},
                    {"name": "Owner", "value": "Anonymous", "inline": True},
                    {"name": "In the queue", "value": "1 ticket", "inline": True},
                ],
                "url": "https://hackru.example/live",
            }
        ],
        "allowed_mentions": {"parse": []},
    }


@pytest.mark.parametrize("kind", ["slack", "discord"])
def test_without_a_frontend_there_is_no_link(kind, notice):
    body = render(notice(kind))[0].decode()

    assert "http" not in body
    assert '"url"' not in body


def test_what_people_write_cannot_ping_or_link_in_slack(notice):
    body = render(notice("slack", title=EVIL, location=EVIL, owner=EVIL))[0].decode()

    assert (body.count("<"), body.count(">"), body.count("&lt;!channel&gt;")) == (0, 0, 4)


def test_what_people_write_cannot_ping_or_link_in_discord(notice):
    content = json.loads(render(notice("discord", title=EVIL))[0])

    assert content["embeds"][0]["description"] == (
        r"\<\!channel\>".replace(r"\!", "!") + r" \@everyone \<\@U123\> \<https\://evil.example\|here\> \*b\* \`c\`"
        r" \[d\]\(https\://e.example\) & \\"
    )
    assert content["allowed_mentions"] == {"parse": []}


@pytest.mark.parametrize("text", ["x" * 2000, "<" * 2000, "*" * 2000, FAMILY * 400, "🇩🇪" * 500, "é" * 2000])
def test_the_longest_texts_fit_into_every_format(text, notice):
    content = json.loads(render(notice("slack", title=text, location=text, owner=text))[0])
    texts = [content["blocks"][1]["text"], *content["blocks"][1]["fields"]]
    embed = json.loads(render(notice("discord", title=text, location=text, owner=text))[0])["embeds"][0]
    told = [embed["title"], embed["description"], *(field["value"] for field in embed["fields"])]

    assert max(length(part["text"]) for part in texts) <= 3000
    assert max(length(part["text"]) for part in texts[1:]) <= 2000
    assert length(content["text"]) <= 300
    assert (length(embed["description"]) <= 4096, max(map(length, told[2:])) <= 1024, sum(map(length, told)) <= 5500) == (
        True, True, True
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "most", "cut"),
    [
        ("abcdef", 6, "abcdef"),
        ("abcdef", 5, "abcd…"),
        ("a<b<c", 7, "a&lt;b…"),
        ("<<<", 6, "&lt;…"),
        (FAMILY * 2, 9, f"{FAMILY}…"),
        (FAMILY, 4, "…"),
        ("e\u0301e\u0301", 3, "e\u0301…"),
        ("🇩🇪🇫🇷🇮🇹", 9, "🇩🇪🇫🇷…"),
        ("👍🏽👍🏽", 5, "👍🏽…"),
    ],
)
def test_a_text_is_cut_at_a_character_and_never_in_an_escape(text, most, cut):
    assert fitting(text, most, slack.escaped) == cut


def test_characters_are_what_people_see():
    assert list(characters(f"a{FAMILY}e\u0301🇩🇪🇫🇷")) == ["a", FAMILY, "e\u0301", "🇩🇪", "🇫🇷"]


def test_a_waiting_ticket_says_for_how_long(ada, make_ticket, make_webhook):
    webhook = make_webhook(kind="slack", tells=["waiting"], minutes=10)
    ticket = make_ticket(ada, created=datetime.now(UTC) - timedelta(minutes=12, seconds=5))
    outbox.tell_waiting(type(ticket).objects.all())

    content = json.loads(render(webhook.notices.get())[0])

    assert content["blocks"][0]["text"]["text"] == f"#{ticket.pk} has been waiting for 12 min"


@pytest.mark.parametrize(
    ("payload", "text"),
    [("Pizza at 7 <!here>", "Pizza at 7 &lt;!here&gt;"), ("", "There is no message any more.")],
)
def test_a_message_is_told_with_its_event(payload, text, make_webhook):
    webhook = make_webhook(kind="slack", tells=["message"])
    notice = Notice(
        webhook=webhook, happening="message", at=datetime.now(UTC),
        payload={"by": "", "event": {"id": 1, "name": "HackRU", "message": payload}},
    )  # fmt: skip

    blocks = json.loads(render(notice)[0])["blocks"]

    assert (blocks[1]["text"]["text"], blocks[1]["fields"][0]["text"]) == (text, "Event: HackRU")


@pytest.mark.parametrize("kind", Kind.values)
def test_a_test_says_that_it_is_one(kind, make_webhook):
    webhook = make_webhook(kind=kind)
    outbox.tell_test(webhook)

    assert "test" in render(webhook.notices.get())[0].decode()


def test_discord_escapes_what_markdown_is_written_with():
    assert discord.escaped("_a_ #b") == r"\_a\_ \#b"


def test_the_documented_receiver_in_python_knows_what_is_from_mentorq(make_webhook, receiver, ada, make_ticket):
    snippet = re.search(r"```python\n(.*?)```", (project.BASE_DIR / "docs/notices.md").read_text(), re.DOTALL)[1]
    names = {}
    exec(snippet, names)
    webhook = make_webhook(receiver.url)
    make_ticket(ada)
    deliver(webhook)
    request = receiver.received[0]

    assert names["happened"](webhook.secret, request.headers, request.body)["type"] == "ticket.opened"
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        names["happened"](webhook.secret, request.headers, request.body + b" ")
