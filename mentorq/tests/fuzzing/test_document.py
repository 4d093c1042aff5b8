"""Whatever schemathesis makes of our OpenAPI document: its promises hold for everybody, whether LCS works or fails.

Needs requirements-dev.txt: `make test-fuzzing`. `--hypothesis-profile=thorough` looks much further.
"""

import json
import zlib
from datetime import timedelta

import schemathesis
from django.core.wsgi import get_wsgi_application
from django.db import transaction
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import (
    allow_header_conformance,
    content_type_conformance,
    positive_data_acceptance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from mentorq.tests.rows import rows
from mentorq_users.lcs.faults import FAULTS
from mentorq_users.lcs.transport import breaker

thorough = settings().max_examples > 1000  # conftest.py's profile of that name
CONFIG = {
    **({} if thorough else {"seed": 1}),
    # What earlier answers taught would make a test's examples depend on the tests before it.
    "phases": {
        "fuzzing": {"extra-data-sources": {"responses": False}, "error-feedback": {"enabled": False}},
        "coverage": {"extra-data-sources": {"responses": False}, "generate-duplicate-query-parameters": True},
    },
    # What the document calls good may still be not for this person, not there, or not possible now: but no 400.
    "checks": {"positive_data_acceptance": {"expected-statuses": ["2xx", 304, 401, 403, 404, 409, 429, 503]}},
}
CHECKS = [
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    unsupported_method,
    allow_header_conformance,
]
# test_deadlines.py covers the slow ones.
QUICK_FAULTS = sorted(fault for fault in FAULTS if not fault.startswith(("dripping", "hanging", "huge")))

api = schemathesis.openapi.from_wsgi("/api/schema/", get_wsgi_application(), config=schemathesis.Config.from_dict(CONFIG))
asks_lcs = api.include(path_regex="auth/(token|refresh)|slack-dm")
examples = settings(
    max_examples=1000 if thorough else 12,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much],
)


def number_of(case):
    """A number that is the same for the same request in every run."""
    return zlib.crc32(repr((case.path_parameters, case.query, case.body)).encode("utf-8", "replace"))


def bring_to_life(case, world):
    """Let most of the requests name tickets, people and tokens that there are: by chance none of them does."""
    if str((case.query or {}).get("event", "")).isdecimal():
        case.query["event"] = "all"  # an event that there is not is 400, which the document cannot tell
    number, real = divmod(number_of(case), 8)
    if not real:
        return
    for name, value in (case.path_parameters or {}).items():
        if str(value).lstrip("-").isdecimal():
            choices = world.rated if name == "ticket" else world.tickets
            case.path_parameters[name] = choices[number % len(choices)]
    body = case.body if isinstance(case.body, dict) else {}
    if {"email", "lcs_token"} <= set(body):
        body["email"], body["lcs_token"] = world.lcs_tokens[number % len(world.lcs_tokens)]
    for name, kind, choices in (
        ("ticket", int, world.tickets),
        ("refresh", str, world.refresh_tokens),
        ("mentor_email", str, world.emails),
        ("owner_email", str, world.emails),
    ):
        if isinstance(body.get(name), kind):
            body[name] = choices[number % len(choices)]


def answer(case, world):
    """Send the request, hold the answer to what is true of all, and leave the database as it was."""
    bring_to_life(case, world)
    with transaction.atomic():
        response = case.call(headers=world.headers)
        after = rows()
        transaction.set_rollback(True)
    case.validate_response(response, checks=CHECKS + [positive_data_acceptance] * (case.method == "GET"))
    if response.content:
        assert response.headers["content-type"] == ["application/json"]
        json.loads(response.content)
    assert ("retry-after" in response.headers) == (response.status_code in (429, 503))
    if response.status_code >= 400 or case.method == "GET":
        assert after == world.rows
    return response


@api.parametrize()
@examples
def test_an_answer_is_as_the_document_says(one_connection, world, case):
    response = answer(case, world)

    assert response.status_code < 500


@asks_lcs.parametrize()
@examples
def test_an_answer_is_as_the_document_says_while_lcs_is_ill(one_connection, world, case, lcs, settings):
    settings.LCS_ROLES_MAX_AGE = timedelta(0)
    breaker.reset()
    lcs.fault = QUICK_FAULTS[number_of(case) % len(QUICK_FAULTS)]

    response = answer(case, world)

    assert response.status_code < 500 or response.status_code == 503
