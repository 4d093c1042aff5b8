"""The Python client that openapi-python-client generates from docs/openapi.yml works against a real server."""

import importlib
import os
import re
import subprocess
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from pytest_django.live_server_helper import LiveServer

from mentorq.settings import BASE_DIR
from mentorq.tests.servers import BIN
from mentorq_backend.models import Ticket
from mentorq_users.lcs.standin import DevLCS


@pytest.fixture(scope="module")
def client_package(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    folder = tmp_path_factory.mktemp("generated")
    command = [BIN / "openapi-python-client", "generate", "--path", BASE_DIR / "docs" / "openapi.yml", "--fail-on-warning"]
    environment = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}"}  # it runs ruff
    subprocess.run(
        [*command, "--meta", "none", "--output-path", folder / "mentorq_client"], env=environment, check=True, timeout=60
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        yield importlib.import_module("mentorq_client")


@pytest.fixture
def models(client_package: ModuleType) -> ModuleType:
    return importlib.import_module("mentorq_client.models")


def api(operation: str) -> ModuleType:
    """The generated module of an operation, such as "tickets.tickets_list"."""
    return importlib.import_module(f"mentorq_client.api.{operation}")


@pytest.fixture
def stranger(client_package: ModuleType, live_server: LiveServer) -> Iterator[Any]:
    """A client without a token."""
    with client_package.Client(base_url=live_server.url, raise_on_unexpected_status=True) as client:
        yield client


def sign_in(stranger: Any, models: ModuleType, lcs_token: str) -> Any:
    body = models.TokenObtainRequest(email="ada@example.edu", lcs_token=lcs_token)
    return api("auth.auth_token_create").sync(client=stranger, body=body)


@pytest.fixture
def ada(
    client_package: ModuleType, models: ModuleType, stranger: Any, live_server: LiveServer, lcs: DevLCS
) -> Iterator[Any]:
    """Ada's client, after a sign-in with the generated code."""
    signed_in = sign_in(stranger, models, lcs.sign_in("ada@example.edu"))
    with client_package.AuthenticatedClient(
        base_url=live_server.url, token=signed_in.access, raise_on_unexpected_status=True
    ) as client:
        yield client


def test_it_opens_a_ticket_and_finds_it_in_the_queue(ada, models):
    body = models.TicketCreateRequest(title="My build loops for ever", location="Table 12")

    opened = api("tickets.tickets_create").sync(client=ada, body=body)

    ticket = Ticket.objects.get()
    assert (opened.id, opened.status, opened.created) == (ticket.pk, models.StatusEnum.OPEN, ticket.created)
    assert api("tickets.tickets_list").sync(client=ada) == [opened]


def test_the_example_of_the_guide_lists_the_tickets(client_package, live_server, lcs, person, make_ticket):
    make_ticket(person("ada"))
    [example] = re.findall(r"^```py\n(.*?)^```", (BASE_DIR / "docs/frontend.md").read_text(), re.DOTALL | re.MULTILINE)
    names = {"lcs_token": lcs.sign_in("ada@example.edu")}

    exec(example.replace("http://127.0.0.1:8000", live_server.url).replace("mentor_q_client", "mentorq_client"), names)

    assert [ticket.title for ticket in names["tickets"]] == ["My build loops"]


def test_it_says_which_fields_are_wrong(ada, models):
    body = models.TicketCreateRequest(title="", location="Table 12")

    refused = api("tickets.tickets_create").sync(client=ada, body=body)

    assert type(refused) is models.FieldErrors
    assert refused.to_dict() == {"title": ["This field may not be blank."]}


def test_it_hears_of_a_sign_in_that_is_refused(stranger, models, lcs):
    refused = sign_in(stranger, models, "not a token of LCS")

    assert type(refused) is models.Error
    assert refused.code == "authentication_failed"


def test_it_hears_of_a_token_that_is_missing(stranger, models):
    answer = api("tickets.tickets_list").sync_detailed(client=stranger)

    assert (answer.status_code, answer.parsed.code) == (401, "not_authenticated")


def test_it_reads_the_queue_before_there_is_a_forecast(stranger, committed):
    queue = api("queue.queue_retrieve").sync(client=stranger)

    assert (queue.open_, queue.wait) == (True, None)
