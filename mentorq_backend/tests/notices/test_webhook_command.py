"""`manage.py webhook`."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from mentorq_backend.models import Notice, Webhook
from mentorq_backend.notices import outbox

URL = "https://hooks.slack.example/services/T0/B0/only-here-X"


def run(*arguments):
    out, errors = StringIO(), StringIO()
    call_command("webhook", *arguments, stdout=out, stderr=errors)
    return out.getvalue(), errors.getvalue().partition("\n")[2]


def test_it_creates_a_webhook_and_prints_its_secret_once(db):
    secret, said = run("Programs", URL, "--kind=standard", "--tell=opened, claimed,opened", "--words=swift", "--minutes=5")

    webhook = Webhook.objects.get()
    assert (webhook.kind, webhook.url, webhook.tells) == ("standard", URL, ["opened", "claimed"])
    assert (webhook.words, webhook.minutes, webhook.is_on, webhook.host) == ("swift", 5, True, "hooks.slack.example")
    assert secret == f"{webhook.secret}\n"
    assert secret.startswith("whsec_")
    assert said == (
        "Created: Programs, standard at hooks.slack.example, on, tells opened, claimed.\n"
        "Its secret, which is not shown again:\n"
    )


@pytest.mark.parametrize("kind", ["slack", "discord"])
def test_a_kind_that_does_not_sign_has_no_secret(kind, db):
    secret, said = run("Mentors", URL, f"--kind={kind}", "--tell=opened")

    assert (secret, Webhook.objects.get().secret) == ("", "")
    assert said == f"Created: Mentors, {kind} at hooks.slack.example, on, tells opened.\n"


def test_a_change_keeps_the_secret_and_whatever_is_not_named(db):
    run("Programs", URL, "--kind=standard", "--tell=opened", "--words=swift", "--minutes=5")
    before = Webhook.objects.get()

    secret, said = run("Programs", "https://other.example/x", "--tell=closed", "--words=", "--minutes=", "--off")

    after = Webhook.objects.get()
    assert (after.url, after.tells, after.words, after.minutes, after.is_on) == (
        "https://other.example/x", ["closed"], "", None, False
    )  # fmt: skip
    assert (secret, after.secret) == ("", before.secret)
    assert said == "Changed: Programs, standard at other.example, off, tells closed.\n"


def test_a_webhook_that_becomes_standard_gets_a_secret(db):
    run("Programs", URL, "--kind=slack", "--tell=opened")

    secret, _ = run("Programs", "--kind=standard")

    assert secret == f"{Webhook.objects.get().secret}\n"


def test_switched_on_again_it_begins_anew(db):
    run("Mentors", URL, "--kind=slack", "--tell=opened")
    Webhook.objects.update(is_on=False, why_off="410", given_up=50)

    run("Mentors", "--on")

    webhook = Webhook.objects.get()
    assert (webhook.is_on, webhook.why_off, webhook.given_up) == (True, "", 0)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["", URL, "--kind=slack", "--tell=opened"], "NAME: This field cannot be blank."),
        (["x", "--kind=slack", "--tell=opened"], "URL: A new webhook needs its URL."),
        (["x", "http://a.example", "--kind=slack", "--tell=opened"],
         "URL: Give the whole URL, such as https://hooks.slack.com/services/…"),
        (["x", f"https://{'a.' * 200}example.com/", "--kind=slack", "--tell=opened"],
         "URL: Give the whole URL, such as https://hooks.slack.com/services/…"),
        (["x", URL, "--kind=slack", "--tell=opened", "--words=\udcff"], "Error: argument --words: this is not UTF-8"),
        (["\udcff", URL, "--kind=slack", "--tell=opened"], "Error: argument name: this is not UTF-8"),
        (["x", URL, "--tell=opened"], "--kind: A new webhook needs a kind: slack, discord, standard."),
        (["x", URL, "--kind=slack"],
         "--tell: Choose from opened, first, claimed, released, closed, cancelled, reopened, rated, waiting, message."),
        (["x", URL, "--kind=slack", "--tell=opened,shut"],
         "--tell: Choose from opened, first, claimed, released, closed, cancelled, reopened, rated, waiting, message."),
        (["x", URL, "--kind=slack", "--tell=waiting"],
         "--minutes: Say after how many minutes in the queue a ticket counts as waiting."),
        (["x", URL, "--kind=slack", "--tell=waiting", "--minutes=ten"], "--minutes: “ten” value must be an integer."),
        (["x", URL, "--kind=slack", "--tell=waiting", "--minutes=0"],
         "--minutes: Give 1 to 527040 minutes, or leave it empty."),
    ],
)  # fmt: skip
def test_a_mistake_is_named_and_changes_nothing(arguments, text, db, settings):
    settings.NOTICES_TO_PRIVATE_ADDRESSES = False

    with pytest.raises(CommandError) as refused:
        run(*arguments)

    assert str(refused.value) == text
    assert Webhook.objects.count() == 0


def test_neither_url_nor_secret_is_in_clear_in_a_dump_or_a_log(db, logged, ada, make_ticket):
    secret, _ = run("Programs", URL, "--kind=standard", "--tell=opened")
    make_ticket(ada)
    outbox.tell_test(Webhook.objects.get())
    dump = StringIO()
    call_command("dumpdata", "mentorq_backend.webhook", "mentorq_backend.notice", stdout=dump)

    assert len(json.loads(dump.getvalue())) == 1 + Notice.objects.count() == 3
    for text in (dump.getvalue(), *logged):
        assert [word for word in (secret.strip(), "only-here", "T0/B0") if word in text] == []
