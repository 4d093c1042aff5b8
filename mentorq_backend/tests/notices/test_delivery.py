"""How notices are delivered: in order, again after failures, and given up in the end."""

import re
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from types import SimpleNamespace

import pytest
from django.db import OperationalError
from django.utils import timezone

from mentorq_backend.models import Notice, Webhook
from mentorq_backend.notices import delivery, outbox
from mentorq_backend.notices.delivery import deliver
from mentorq_backend.tests.notices.receiver import answers, breaks_off, drips, hangs, says


def types(receiver):
    return [request.json["type"] for request in receiver.received]


def waits():
    """The seconds until the next attempt of each pending notice."""
    return [(notice.next_attempt - timezone.now()).total_seconds() for notice in Notice.objects.pending().order_by("pk")]


def test_the_moves_of_a_ticket_arrive_in_their_order(webhook, receiver, ada, mia, make_ticket):
    make_ticket(ada, "CLOSED", mentor=mia)

    assert deliver(webhook) == {"delivered": 3}
    assert types(receiver) == ["ticket.opened", "ticket.claimed", "ticket.closed"]
    assert [notice.state for notice in Notice.objects.all()] == ["delivered"] * 3
    assert deliver(webhook) == {}


def test_nothing_is_delivered_for_a_webhook_that_is_off_but_a_test(webhook, receiver, ada, make_ticket):
    make_ticket(ada)
    webhook.switch(on=False)
    outbox.tell_test(webhook)

    assert deliver(webhook) == {"delivered": 1}
    assert types(receiver) == ["webhook.test"]


@pytest.mark.parametrize(
    ("fault", "status", "response"),
    [
        (answers(500, b"<h1>Oops</h1>\r\n\0"), 500, "<h1>Oops</h1>"),
        (answers(404, b""), 404, ""),
        (answers(429), 429, "ok"),
        (answers(302, Location="http://127.0.0.1:9/"), 302, "ok"),
        (breaks_off, None, "It cannot be reached, or it broke off: ChunkedEncodingError."),
        (hangs(1), None, "It did not answer within 0 s."),
        (drips, None, "It did not answer within 0 s."),
    ],
)
def test_a_failure_is_kept_and_tried_again(fault, status, response, webhook, receiver, ada, make_ticket, quick):
    make_ticket(ada)
    receiver.fault = fault

    assert deliver(webhook) == {"failed": 1}

    notice, webhook = Notice.objects.get(), Webhook.objects.get()
    assert (notice.state, notice.attempts, notice.status, notice.response) == ("pending", 1, status, response)
    assert (webhook.last_status, webhook.last_response) == (status, response)
    assert 3.5 < waits()[0] < 6.1
    assert len(receiver.received) == 1


def test_a_receiver_that_is_not_there_is_tried_again(make_webhook, ada, make_ticket):
    webhook = make_webhook("http://127.0.0.1:9/hook")
    make_ticket(ada)

    assert deliver(webhook) == {"failed": 1}
    assert Notice.objects.get().response == "It cannot be reached, or it broke off: ConnectionError."


def test_it_is_tried_seven_times_at_growing_intervals_and_then_given_up(
    webhook, receiver, ada, make_ticket, make_due, monkeypatch
):
    monkeypatch.setattr(delivery, "SPREAD", 0)
    make_ticket(ada)
    receiver.fault = answers(500)

    delays = []
    for _ in range(6):
        deliver(webhook)
        delays += [round(wait) for wait in waits()]
        make_due()
    deliver(webhook)

    assert delays == [5, 30, 120, 600, 3600, 10800]
    assert (Notice.objects.get().state, Notice.objects.get().attempts, Webhook.objects.get().given_up) == ("given up", 7, 1)


def test_delays_vary_by_a_fifth():
    delays = [delivery._spread(timedelta(seconds=100)).total_seconds() for _ in range(1000)]

    assert 80 <= min(delays) < 85
    assert 115 < max(delays) <= 120


def test_a_later_notice_waits_for_the_earlier_one_of_its_ticket_alone(
    webhook, receiver, ada, grace, mia, make_ticket, make_due
):
    receiver.fault = lambda request: answers(500 if len(receiver.received) == 1 else 200)(request)
    first = make_ticket(ada)
    first.claim(by=mia)
    second = make_ticket(grace)

    assert deliver(webhook) == {"failed": 1, "delivered": 1}
    make_due()
    deliver(webhook)

    assert [(request.json["data"]["ticket"]["id"], request.json["type"]) for request in receiver.received] == [
        (first.pk, "ticket.opened"), (second.pk, "ticket.opened"), (first.pk, "ticket.opened"), (first.pk, "ticket.claimed")
    ]  # fmt: skip


def test_a_notice_that_was_given_up_holds_nothing_back(webhook, receiver, ada, mia, make_ticket):
    make_ticket(ada).claim(by=mia)
    Notice.objects.filter(happening="opened").update(attempts=6)
    receiver.fault = lambda request: answers(500 if len(receiver.received) == 1 else 200)(request)

    assert deliver(webhook) == {"failed": 1, "delivered": 1}
    assert types(receiver) == ["ticket.opened", "ticket.claimed"]


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120), ("999999999999", 10800), ("9" * 5000, 10800), ("0", None), ("soon", None), ("-5", None),
        ("1e3", None),
        ("٣٠٠", None), ("Mon, 01 Jan 99999999999999999999 00:00:00 GMT", None),
    ],
)  # fmt: skip
def test_retry_after_is_honoured_up_to_three_hours(header, seconds, webhook, receiver, ada, make_ticket):
    make_ticket(ada, title="first")
    make_ticket(ada, title="second")
    receiver.fault = answers(429, Retry_After=header.encode().decode("latin-1"))

    deliver(webhook)

    not_before = Webhook.objects.get().not_before
    assert len(receiver.received) == (1 if seconds else 2)
    assert (round((not_before - timezone.now()).total_seconds()) if not_before else None) == seconds


def test_retry_after_may_be_a_date(webhook, receiver, ada, make_ticket):
    make_ticket(ada)
    receiver.fault = answers(503, Retry_After=format_datetime(datetime.now(UTC) + timedelta(minutes=5), usegmt=True))

    deliver(webhook)

    assert 297 < (Webhook.objects.get().not_before - timezone.now()).total_seconds() <= 300


def test_a_receiver_that_is_gone_switches_its_webhook_off(webhook, receiver, ada, make_ticket, logged):
    make_ticket(ada)
    receiver.fault = answers(410)

    deliver(webhook)

    off = Webhook.objects.get()
    assert (off.is_on, off.why_off) == (False, "The receiver answered 410: it is gone for good.")
    assert Notice.objects.get().state == "given up"
    assert [line for line in logged if "switched off" in line]


def test_fifty_given_up_in_a_row_switch_a_webhook_off(webhook, receiver, ada, make_ticket):
    make_ticket(ada)
    Notice.objects.update(attempts=6)
    Webhook.objects.update(given_up=48)
    receiver.fault = answers(500)
    deliver(webhook)
    assert Webhook.objects.get().is_on

    make_ticket(ada, title="again")
    Notice.objects.pending().update(attempts=6)
    deliver(webhook)

    off = Webhook.objects.get()
    assert (off.is_on, off.why_off) == (False, "50 notices in a row could not be delivered.")


def test_one_that_arrives_begins_the_count_anew(webhook, ada, make_ticket):
    make_ticket(ada)
    Webhook.objects.update(given_up=49)

    deliver(webhook)

    assert Webhook.objects.get().given_up == 0


def test_a_timeout_ends_the_round(webhook, receiver, ada, make_ticket, quick):
    for number in range(5):
        make_ticket(ada, title=f"T{number}")
    receiver.fault = hangs(2)

    assert deliver(webhook) == {"failed": 1}
    assert len(receiver.received) == 1


def test_a_round_begins_no_attempt_after_its_time(webhook, receiver, ada, make_ticket, monkeypatch):
    for number in range(5):
        make_ticket(ada, title=f"T{number}")
    monkeypatch.setattr(delivery, "ROUND", 1.5)
    # A second for each attempt, however quick the machine is
    monkeypatch.setattr(delivery, "time", SimpleNamespace(monotonic=lambda: float(len(receiver.received))))

    assert deliver(webhook) == {"delivered": 2}


def test_a_round_ends_if_upkeep_is_told_to_end(webhook, receiver, ada, make_ticket):
    make_ticket(ada, title="first")
    make_ticket(ada, title="second")

    assert deliver(webhook, lambda: bool(receiver.received)) == {"delivered": 1}


def test_a_huge_answer_is_not_read_to_its_end(webhook, receiver, ada, make_ticket, monkeypatch):
    sent = []

    def huge(request):
        request.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        try:
            for _ in range(1000):
                request.wfile.write(b"x" * 1_000_000)
                sent.append(1)
        except OSError:
            pass

    make_ticket(ada)
    receiver.fault = huge

    assert deliver(webhook) == {"delivered": 1}
    assert len(sent) < 50
    assert len(Notice.objects.get().response) == 300


def test_an_answer_that_repeats_the_url_does_not_show_it(webhook, receiver, ada, make_ticket, client):
    make_ticket(ada)
    receiver.fault = answers(404, f"Cannot POST {receiver.url} or B0123456: only-here-X".encode())

    deliver(webhook)

    assert Notice.objects.get().response == f"Cannot POST http://127.0.0.1:{receiver.port}… or …: …"


@pytest.mark.parametrize(
    ("path", "echo"),
    [
        ("/hook/sec~ret%7Etoken!", "/hook/sec~ret~token!"),
        ("/hook/café-secret-token", "/hook/caf%C3%A9-secret-token"),
        ("/hook/café-secret-token", "café-secret-token"),
        ("/hook?sig=abc%2Bdefghij%3D%3D", "/hook?sig=abc+defghij=="),
        ("/hook?sig=abcdefghijk", "SIG=ABCDEFGHIJK"),
    ],
)
def test_nor_if_it_repeats_the_url_in_another_spelling(path, echo, receiver, make_webhook, ada, make_ticket):
    webhook = make_webhook(f"http://127.0.0.1:{receiver.port}{path}")
    make_ticket(ada)
    receiver.fault = answers(404, f"There is no {echo} here".encode())

    deliver(webhook)

    assert re.fullmatch(r"There is no (SIG=|/hook\?sig=)?…(/…|\?…|=+)* here", Notice.objects.get().response)


def test_a_malformed_header_puts_no_url_into_the_log(webhook, receiver, ada, make_ticket, logged):
    make_ticket(ada)
    receiver.fault = says(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\ngarbage line\r\nX: y\r\n\r\nok")

    deliver(webhook)

    assert [line for line in logged if "127.0.0.1" in line] == []


LOST = ["another-key-that-opens-nothing-at-all-0123456789"]
NO_KEY = "No key in LCS_TOKEN_KEYS opens it: enter the URL again."


def test_a_webhook_that_no_key_opens_fails_and_says_why(webhook, receiver, ada, make_ticket, settings):
    make_ticket(ada)
    settings.LCS_TOKEN_KEYS = LOST

    assert deliver(webhook) == {"failed": 1}
    assert Notice.objects.get().response == NO_KEY


@pytest.mark.parametrize("kind", ["standard", "slack"])
def test_a_webhook_whose_keys_are_lost_works_once_its_url_is_entered_again(
    kind, webhook, receiver, ada, make_ticket, settings
):
    settings.LCS_TOKEN_KEYS = LOST
    webhook.kind, webhook.url = kind, receiver.url
    secret = webhook.make_secret()
    webhook.save()
    make_ticket(ada)

    assert deliver(webhook) == {"delivered": 1}
    assert bool(secret) == (kind == "standard")


def test_what_fails_within_mentorq_counts_as_an_attempt_and_holds_nothing_back(
    webhook, receiver, ada, grace, make_ticket, monkeypatch, logged
):
    make_ticket(ada)
    make_ticket(grace)
    real = delivery.render

    def render(notice):
        if notice.payload["by"] == ada.email:
            raise RuntimeError(receiver.url)
        return real(notice)

    monkeypatch.setattr(delivery, "render", render)

    assert deliver(webhook) == {"failed": 1, "delivered": 1}
    assert Notice.objects.pending().get().response == "MentorQ itself failed: RuntimeError. The log says where."
    assert len([line for line in logged if "MentorQ failed" in line and "render" in line]) == 1


def test_a_lease_is_given_back_if_the_database_fails(webhook, ada, make_ticket, monkeypatch):
    make_ticket(ada)
    monkeypatch.setattr(delivery, "_next", lambda webhook: (_ for _ in ()).throw(OperationalError("gone")))

    with pytest.raises(OperationalError):
        deliver(webhook)

    assert delivery.Lease(webhook).take()


def test_http_is_no_longer_called_once_private_addresses_are_not_allowed(webhook, receiver, ada, make_ticket, settings):
    make_ticket(ada)
    settings.NOTICES_TO_PRIVATE_ADDRESSES = False

    assert deliver(webhook) == {"failed": 1}
    assert Notice.objects.get().response == "Give the whole URL, such as https://hooks.slack.com/services/…"
    assert receiver.received == []


def test_a_webhook_is_encrypted_anew_under_the_newest_key(webhook, receiver, settings):
    secret, old = webhook.secret, settings.LCS_TOKEN_KEYS
    settings.LCS_TOKEN_KEYS = ["the-newest-key-of-all-0123456789-abcdef", *old]

    assert [Webhook.objects.all().renew_encryption() for _ in range(2)] == [1, 0]
    settings.LCS_TOKEN_KEYS = settings.LCS_TOKEN_KEYS[:1]
    assert (Webhook.objects.get().url, Webhook.objects.get().secret) == (receiver.url, secret)


def test_an_outcome_that_comes_too_late_does_not_undo_the_one_of_another_process(webhook, ada, make_ticket):
    make_ticket(ada)
    stopped = delivery._next(webhook)
    deliver(webhook)

    delivery._failed(stopped, 500, "late")

    assert (Notice.objects.get().state, Notice.objects.get().attempts) == ("delivered", 1)


def test_two_processes_that_fail_with_the_same_attempt_count_it_once(webhook, receiver, ada, make_ticket):
    make_ticket(ada)
    stopped = delivery._next(webhook)
    receiver.fault = answers(500)
    deliver(webhook)

    delivery._failed(stopped, None, "late")

    assert (Notice.objects.get().attempts, Notice.objects.get().response) == (1, "ok")
