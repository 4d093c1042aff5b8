"""LCS's stand-in speaks as LCS does: the real status inside the JSON, over HTTP, CORS for everyone."""

import pytest
import requests

ADA = "ada@example.edu"
CORS = {f"Access-Control-Allow-{what}": "*" for what in ("Origin", "Methods", "Headers")}


@pytest.fixture
def call(lcs):
    """Post to a call; return HTTP status and JSON."""

    def post(path: str, json: object) -> tuple[int, object]:
        response = requests.post(f"{lcs.url}/{path}", json=json, timeout=5)
        return response.status_code, response.json()

    return post


def test_authorize_gives_a_token_that_validate_knows(call, lcs):
    _, answer = call("authorize", {"email": ADA, "password": "hackru"})

    assert answer["statusCode"] == 200
    assert call("validate", {"email": ADA, "token": answer["body"]["token"]}) == (
        200,
        {"statusCode": 200, "body": lcs.people[ADA]},
    )


def test_authorize_finds_an_address_whatever_its_case(call):
    _, answer = call("authorize", {"email": "Ada@Example.edu", "password": "hackru"})

    assert answer["statusCode"] == 200


@pytest.mark.parametrize(
    ("email", "password", "reason"),
    [
        (ADA, "wrong", "Wrong Password"),
        (ADA, None, "Wrong Password"),
        ("nobody@example.edu", "hackru", "User email not found"),
        (None, "hackru", "User email not found"),
    ],
)
def test_authorize_refuses_inside_http_200(call, email, password, reason):
    assert call("authorize", {"email": email, "password": password}) == (200, {"statusCode": 403, "body": reason})


def test_validate_ignores_the_email_as_newer_lcs_does(call, lcs):
    answer = call("validate", {"email": "grace@example.edu", "token": lcs.sign_in(ADA)})

    assert answer == (200, {"statusCode": 200, "body": lcs.people[ADA]})


@pytest.mark.parametrize("path", ["validate", "read", "slack-dm"])
def test_a_bad_token_is_refused_inside_http_200(call, path):
    assert call(path, {"token": "bad"}) == (200, {"statusCode": 403, "body": "Token is invalid or expired"})


@pytest.mark.parametrize("path", ["validate", "read", "slack-dm"])
def test_a_token_of_somebody_whom_lcs_forgot_is_refused(call, lcs, path):
    token = lcs.sign_in(ADA)
    del lcs.people[ADA]

    assert call(path, {"token": token}) == (200, {"statusCode": 403, "body": "Token is invalid or expired"})


@pytest.mark.parametrize("path", ["validate", "read", "slack-dm"])
def test_a_missing_token_is_malformed(call, path):
    assert call(path, {}) == (200, {"statusCode": 400, "body": "Required fields are missing"})


@pytest.mark.parametrize("body", [[], "text", None, 7, {"token": ["a"]}])
def test_a_malformed_body_is_400_inside_http_200(call, body):
    assert call("validate", body) == (200, {"statusCode": 400, "body": "Malformed request"})


def test_read_gives_a_list_with_the_profile(call, lcs):
    answer = call("read", {"token": lcs.sign_in("olga@example.edu"), "query": {"email": ADA}})

    assert answer == (200, {"statusCode": 200, "body": [lcs.people[ADA]]})


def test_read_of_somebody_unknown_gives_an_empty_list(call, lcs):
    answer = call("read", {"token": lcs.sign_in("olga@example.edu"), "query": {"email": "nobody@example.edu"}})

    assert answer == (200, {"statusCode": 200, "body": []})


@pytest.mark.parametrize("query", [None, [], "x", {}])
def test_read_with_a_malformed_query_is_400(call, lcs, query):
    answer = call("read", {"token": lcs.sign_in("olga@example.edu"), "query": query})

    assert answer == (200, {"statusCode": 400, "body": "Malformed request"})


def test_slack_dm_gives_a_link(call, lcs):
    answer = call("slack-dm", {"token": lcs.sign_in(ADA), "other_email": "mia@example.edu"})

    assert answer == (200, {"statusCode": 200, "body": {"slack_dm_link": "https://app.slack.com/client/T0DEV/MIA"}})


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        ("nobody@example.edu", "Other user not found within LCS"),
        ("madonna@example.edu", "Slack ID not present within LCS for the given user(s)"),
    ],
)
def test_slack_dm_refuses_in_lcs_own_words(call, lcs, other, reason):
    answer = call("slack-dm", {"token": lcs.sign_in(ADA), "other_email": other})

    assert answer == (200, {"statusCode": 403, "body": reason})


@pytest.mark.parametrize("path", ["nothing", "", "validate/more", "authorise"])
def test_an_unknown_path_meets_the_gateway(call, path):
    assert call(path, {}) == (403, {"message": "Missing Authentication Token"})


def test_a_get_meets_the_gateway(lcs):
    response = requests.get(f"{lcs.url}/validate", timeout=5)

    assert (response.status_code, response.json()) == (403, {"message": "Missing Authentication Token"})


@pytest.mark.parametrize("method", ["OPTIONS", "POST", "GET"])
def test_every_answer_lets_every_origin_read_it(lcs, method):
    response = requests.request(
        method, f"{lcs.url}/authorize", json={}, headers={"Origin": "http://localhost:3000"}, timeout=5
    )

    assert {name: response.headers.get(name) for name in CORS} == CORS


def test_a_preflight_is_200(lcs):
    assert requests.options(f"{lcs.url}/authorize", timeout=5).status_code == 200


def test_a_fault_is_what_every_call_meets(call, lcs):
    lcs.fault = "status-503"

    assert call("authorize", {"email": ADA, "password": "hackru"}) == (200, {"statusCode": 503, "body": "Later"})
