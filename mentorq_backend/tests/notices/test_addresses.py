"""Where notices may go: to public addresses alone, unless a setting allows others."""

import socket
from collections import Counter

import pytest
from django.core.exceptions import ValidationError

from mentorq_backend.notices import transport
from mentorq_backend.notices.models import host_of
from mentorq_backend.notices.transport import NotSent, send
from mentorq_backend.tests.notices.receiver import answers

NOT_PUBLIC = "Its name leads to an address that is not public: see NOTICES_TO_PRIVATE_ADDRESSES."


@pytest.fixture
def resolve(monkeypatch):
    """Let the name `receiver.example` lead to these addresses, one list for each look-up; count the look-ups."""
    looked_up = Counter()
    real = socket.getaddrinfo

    def make(*answers):
        def getaddrinfo(host, port, *args, **kwargs):
            if host != "receiver.example":
                return real(host, port, *args, **kwargs)
            addresses = answers[min(looked_up[host], len(answers) - 1)]
            looked_up[host] += 1
            return [
                (socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))
                for address in addresses
            ]

        monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
        return looked_up

    return make


PRIVATE = [
    "10.1.2.3", "172.16.0.1", "192.168.1.1", "127.0.0.1", "127.8.8.8", "0.0.0.0", "169.254.169.254", "169.254.1.1",
    "100.64.0.1", "192.0.0.8", "198.18.0.1", "192.0.2.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "::1", "::",
    "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1", "2001:db8::1", "100::1",
    "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b:1::1", "2002:7f00:1::1",
]  # fmt: skip
PUBLIC = ["8.8.8.8", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::1"]


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_that_is_not_public_is_never_connected_to(address, resolve, settings, monkeypatch):
    settings.NOTICES_TO_PRIVATE_ADDRESSES = False
    resolve([address])
    monkeypatch.setattr(socket.socket, "connect", lambda *args: pytest.fail("connected"))

    with pytest.raises(NotSent) as refused:
        send("https://receiver.example/hook", b"{}", {})

    assert str(refused.value) == NOT_PUBLIC


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_allowed(address):
    assert transport.is_public(address)


def test_one_address_that_is_not_public_is_enough_to_refuse(resolve, settings):
    settings.NOTICES_TO_PRIVATE_ADDRESSES = False
    resolve(["8.8.8.8", "10.0.0.1"])

    with pytest.raises(NotSent, match="not public"):
        send("https://receiver.example/hook", b"{}", {})


@pytest.mark.parametrize("host", ["127.1", "0x7f000001", "2130706433", "[::1]", "localhost", "[::ffff:127.0.0.1]", "0"])
def test_other_spellings_of_this_machine_are_refused(host, settings, receiver):
    settings.NOTICES_TO_PRIVATE_ADDRESSES = False

    with pytest.raises(NotSent, match="not public"):
        send(f"http://{host}:{receiver.port}/hook", b"{}", {})

    assert receiver.received == []


def test_a_name_that_changes_after_the_look_up_is_not_looked_up_again(resolve, settings, receiver, monkeypatch):
    """The first answer is public, the second one is this machine (DNS rebinding)."""
    settings.NOTICES_TO_PRIVATE_ADDRESSES = False
    looked_up = resolve(["8.8.8.8"], ["127.0.0.1"])
    connected = []
    monkeypatch.setattr(socket.socket, "connect", lambda sock, address: connected.append(address[0]) or _refuse())

    with pytest.raises(NotSent, match="cannot be reached"):
        send(f"http://receiver.example:{receiver.port}/hook", b"{}", {})

    assert (connected, looked_up["receiver.example"], receiver.received) == (["8.8.8.8"], 1, [])


def _refuse():
    raise ConnectionRefusedError


def test_the_receiver_is_asked_by_its_name_at_the_checked_address(resolve, receiver):
    resolve(["127.0.0.1"])

    assert send(f"http://receiver.example:{receiver.port}/hook", b"{}", {}).status == 200
    assert receiver.received[0].headers["host"] == f"receiver.example:{receiver.port}"


def test_the_next_address_is_tried_if_one_does_not_answer(resolve, receiver):
    resolve(["127.0.0.2", "127.0.0.1"])

    assert send(f"http://receiver.example:{receiver.port}/hook", b"{}", {}).status == 200


def test_a_redirect_is_not_followed(receiver):
    receiver.fault = answers(307, Location=f"{receiver.url}/elsewhere")

    assert send(receiver.url, b"{}", {}).status == 307
    assert len(receiver.received) == 1


def test_the_environments_proxy_sees_nothing(receiver, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")

    assert send(receiver.url, b"{}", {}).status == 200


def test_a_slow_name_server_counts_towards_the_deadline(monkeypatch):
    monkeypatch.setattr(transport, "TIMEOUT", 0.2)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: __import__("time").sleep(1) or [])

    with pytest.raises(transport.TimedOut):
        send("https://receiver.example/hook", b"{}", {})


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("http://hooks.example/x", "Give the whole URL, such as https://hooks.slack.com/services/…"),
        ("hooks.example/x", "Give the whole URL, such as https://hooks.slack.com/services/…"),
        ("https://", "Give the whole URL, such as https://hooks.slack.com/services/…"),
        ("ftp://hooks.example/x", "Give the whole URL, such as https://hooks.slack.com/services/…"),
        ("https://hooks.example:99999/x", "Give the whole URL, such as https://hooks.slack.com/services/…"),
        ("https://[::1/x", "Give the whole URL, such as https://hooks.slack.com/services/…"),
        ("https://hooks.example/a b", "Give the whole URL, such as https://hooks.slack.com/services/…"),
        ("https://hooks.example/\u202e", "Give the whole URL, such as https://hooks.slack.com/services/…"),
        ("https://hooks.example/" + "x" * 2000, "Give the whole URL, such as https://hooks.slack.com/services/…"),
        ("https://mia:secret@hooks.example/x", "Leave out the user name and the password: a webhook needs none."),
        ("https://hooks.example@10.0.0.1/x", "Leave out the user name and the password: a webhook needs none."),
    ],
)
def test_a_url_that_is_never_called_is_refused_with_the_remedy(url, text, settings):
    settings.NOTICES_TO_PRIVATE_ADDRESSES = False

    with pytest.raises(ValidationError) as refused:
        host_of(url)

    assert refused.value.messages == [text]


def test_http_is_allowed_with_private_addresses_only(settings):
    assert host_of("http://10.0.0.1:8080/x") == "10.0.0.1:8080"
    assert host_of("https://Hooks.Example/x") == "hooks.example"
