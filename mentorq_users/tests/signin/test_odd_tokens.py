"""Tokens that nobody gets from us, at each place that takes one: none lets in, none is a crash, none is a 304."""

import base64
import hashlib
import hmac
import json

import jwt
import pytest
from rest_framework.test import APIClient
from rest_framework_simplejwt.tokens import AccessToken

from mentorq_users.models import RevokedToken, User
from mentorq_users.tokens import RefreshToken, issue

pytestmark = pytest.mark.django_db

API = APIClient()  # one for all of them: to make it costs more than to ask it
KIND = {"api": AccessToken, "poll": AccessToken, "refresh": RefreshToken, "logout": RefreshToken}
REFUSED = dict.fromkeys(KIND, (401, "token_not_valid"))
TOLD_TO_SIGN_IN = (401, "not_authenticated")
MISSING = "(no such claim)"
HASHES = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}
LATER = 4_000_000_000  # the year 2096


@pytest.fixture
def first(ada) -> User:
    """Ada, as the account with the id 1, which `int(True)` is too."""
    User.objects.update(id=1)
    return User.objects.get()


@pytest.fixture
def tag(first) -> str:
    """The tag of her queue."""
    return API.get("/api/tickets/", headers={"Authorization": f"Bearer {issue(AccessToken, first)}"})["ETag"]


@pytest.fixture
def ask(tag):
    """Ask for the queue with that header, by the short-cut for those who have it already or by the view."""

    def get(header: str, door: str = "api"):
        known = {"If-None-Match": tag} if door == "poll" else {}
        return API.get("/api/tickets/", headers={"Authorization": header, **known})

    return get


@pytest.fixture
def answers(ask, first):
    """Show at each door what the test makes of a good token of its kind; return status and code of the answers."""

    def knock(change) -> dict[str, tuple[int, str]]:
        said = {}
        for door, kind in KIND.items():
            text = change(issue(kind, first))
            is_refresh = kind is RefreshToken
            response = API.post(f"/api/auth/{door}/", {"refresh": text}) if is_refresh else ask(f"Bearer {text}", door)
            said[door] = response.status_code, response.json().get("code") if response.content else None
        assert not RevokedToken.objects.exists()
        return said

    return knock


def signed(header: dict, payload: dict, key: str, hash_name: str = "HS256") -> str:
    """Return a JWT as somebody would who writes it by hand."""
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (header, payload)]
    signature = hmac.new(key.encode(), b".".join(parts), HASHES[hash_name]).digest() if key else b""
    return b".".join([*parts, base64.urlsafe_b64encode(signature).rstrip(b"=")]).decode()


def test_good_tokens_are_taken_by_the_same_means(ask, first):
    access, refresh = str(issue(AccessToken, first)), str(issue(RefreshToken, first))

    assert [ask(f"Bearer {access}", door).status_code for door in ("api", "poll")] == [200, 304]
    assert [API.post(f"/api/auth/{door}/", {"refresh": refresh}).status_code for door in ("refresh", "logout")] == [
        200,
        200,
    ]


@pytest.mark.parametrize(
    "claims",
    [
        # int() makes 1 of each of these.
        *[{"user_id": odd} for odd in (True, 1, 1.0, 1.5, " 1", "1 ", "1\n", "01", "+1", "１", "١")],
        *[{"user_id": odd} for odd in (None, False, 0, "0", -1, "-1", 2**63, str(2**63), 10**25, str(10**25), "1_0")],
        *[{"user_id": odd} for odd in ("1 OR 1=1", "", "1\0", "\ud800", [1], ["1"], {"pk": 1}, "1" * 5000, MISSING)],
        *[{"exp": odd} for odd in (str(LATER), LATER + 0.5, True, -1, -(10**25), 10**12, 10**25, [LATER], {}, MISSING)],
        *[{"email": odd} for odd in (None, 7, True, [], ["ada@example.edu"], {"a": 1}, "", " ", MISSING)],
        *[{"email": f"{odd}ada@example.edu"} for odd in (" ", "\n", "\0", "\ud800", "\u3000", "x" * 250)],
        *[{"email": f"ada@example.edu{odd}"} for odd in (" ", "\n", "\0", "\udfff", "\u3000", "x" * 5000)],
        *[{"email": odd} for odd in ("Ada@example.edu", "ADA@EXAMPLE.EDU")],
        *[{"nbf": odd} for odd in (LATER, "soon", [1], 10**25)],
        *[{"iat": odd} for odd in (LATER, "now", None, True, 1.5, [1], 10**25, float("inf"), MISSING)],
        *[{"jti": odd} for odd in (None, 7, ["a"], {}, "", "\0", "a\0b", "\ud800", "a" * 300, "A" * 32, MISSING)],
        *[{"token_type": odd} for odd in (None, 7, True, {}, "", "ACCESS", "access ", "sliding", MISSING)],
    ],
    ids=lambda claims: ascii(claims)[:40],
)
def test_a_token_of_ours_with_an_odd_claim_is_refused_everywhere(answers, claims):
    def odd(token) -> str:
        payload = {**token.payload, **claims}
        token.payload = {claim: value for claim, value in payload.items() if value is not MISSING}
        return str(token)

    assert answers(odd) == REFUSED


@pytest.mark.parametrize("email", ["grace@example.edu", "ada", "1", "ada@example.edu.", "%", "ada' --", "\u212a"])
def test_a_token_of_ours_with_an_email_that_has_no_account_lets_nobody_in(ask, first, email):
    access, refresh = issue(AccessToken, first), issue(RefreshToken, first)
    access["email"] = refresh["email"] = email

    answers = [ask(f"Bearer {access}", door) for door in ("api", "poll")]
    answers.append(API.post("/api/auth/refresh/", {"refresh": str(refresh)}))

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(401, "token_not_valid")] * 3


@pytest.mark.parametrize("typed", [None, 7, True, [], {"a": 1}, "", "grace@example.edu", "\0", "\ud800", MISSING])
def test_an_odd_spelling_of_the_email_counts_as_none(ask, first, typed):
    token = issue(AccessToken, first)
    token.payload = {claim: value for claim, value in {**token.payload, "typed": typed}.items() if value is not MISSING}

    answers = [ask(f"Bearer {token}", door) for door in ("api", "poll")]

    assert [answer.status_code for answer in answers] == [200, 304]
    assert answers[0].wsgi_request.state.user.typed == first.email


@pytest.mark.parametrize("typed", ["Ada@Example.edu", "ADA@EXAMPLE.EDU"])
def test_the_account_of_a_request_knows_how_its_email_was_typed(ask, first, typed):
    token = issue(AccessToken, first)
    token["typed"] = typed

    assert ask(f"Bearer {token}").wsgi_request.state.user.typed == typed


def test_each_kind_of_token_is_refused_where_the_other_is_asked_for(answers, first):
    other = {AccessToken: RefreshToken, RefreshToken: AccessToken}

    assert answers(lambda token: str(issue(other[type(token)], first))) == REFUSED


@pytest.mark.parametrize(
    ("header", "hash_name"),
    [
        *[({"alg": "HS256"}, name) for name in ("HS384", "HS512")],
        *[({"alg": name}, name) for name in ("HS384", "HS512")],
        *[
            ({"alg": name}, "HS256")
            for name in ("RS256", "ES256", "PS256", "EdDSA", "hs256", "HS512", "", None, 7, ["HS256"])
        ],
        *[({"alg": name}, "HS256") for name in ("none", "None", "NONE", "nOnE")],
        ({}, "HS256"),
        ({"alg": "HS256", "crit": ["exp"]}, "HS256"),
        ({"alg": "HS256", "b64": False, "crit": ["b64"]}, "HS256"),
    ],
    ids=repr,
)
def test_no_other_algorithm_will_do_even_with_our_key(answers, settings, header, hash_name):
    assert answers(lambda token: signed(header, token.payload, settings.SECRET_KEY, hash_name)) == REFUSED


@pytest.mark.parametrize("name", ["none", "None", "NONE", "nOnE", "", "HS256"])
def test_a_token_without_a_signature_is_refused_everywhere(answers, name):
    assert answers(lambda token: signed({"alg": name}, token.payload, "")) == REFUSED


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "HS256", "jwk": {"kty": "oct", "k": base64.urlsafe_b64encode(b"mine" * 8).decode()}},
        {"alg": "HS256", "kid": "/dev/null"},
        {"alg": "HS256", "kid": "' UNION SELECT 'mine'"},
        {"alg": "HS256", "jku": "http://127.0.0.1:1/keys", "x5u": "http://127.0.0.1:1/keys"},
    ],
    ids=lambda header: list(header)[1],
)
def test_a_token_does_not_choose_the_key_that_it_is_checked_with(answers, header):
    assert answers(lambda token: signed(header, token.payload, "mine" * 8)) == REFUSED


@pytest.mark.parametrize("key", [" ", "mine" * 8, "None", "django-insecure"])
def test_another_key_will_not_do(answers, key):
    assert answers(lambda token: signed({"alg": "HS256", "typ": "JWT"}, token.payload, key)) == REFUSED


@pytest.mark.parametrize(
    "bend",
    [
        "{good}.", ".{good}", "{good}.{good}", "{head}..{body}.{tail}", "{head}.{body}", "{head}.{body}.",
        "{body}.{head}.{tail}", "{head}.{tail}.{body}", "{head}.{body}.{tail}AAAA", "{head}.{body}A.{tail}",
        "{head}={body}.{tail}", "{head}.{body}.\xff\xfe", "{head}.花.{tail}", "Bearer{good}",
    ],
)  # fmt: skip
def test_a_token_bent_out_of_shape_is_refused_everywhere(answers, bend):
    def bent(token) -> str:
        head, body, tail = str(token).split(".")
        return bend.format(good=token, head=head, body=body, tail=tail)

    assert answers(bent) == REFUSED


@pytest.mark.parametrize("shape", ["{}", "{0}.{0}.{0}", "eyJhbGciOiJIUzI1NiJ9.{}.e30"])
def test_a_token_of_a_hundred_thousand_characters_is_refused_everywhere(answers, shape):
    long = shape.format("a" * (100_000 // shape.count("{")))

    assert answers(lambda token: long) == REFUSED


@pytest.mark.parametrize("payload", ["[]", "null", '"x"', "7", "{", '{"exp": 1e999}', "[" * 5000])
def test_a_signed_token_that_holds_no_object_is_refused_everywhere(answers, settings, payload):
    def unusual(token) -> str:
        return jwt.api_jws.encode(payload.encode(), settings.SECRET_KEY, "HS256")

    assert answers(unusual) == REFUSED


@pytest.mark.parametrize("door", ["api", "poll"])
@pytest.mark.parametrize("twice", ["Bearer {0},Bearer {0}", "Bearer {0}, Bearer {0}", "Bearer {0} {0}", "Bearer {0},{0}"])
def test_two_tokens_in_one_header_as_servers_join_two_headers_are_refused(ask, first, door, twice):
    response = ask(twice.format(issue(AccessToken, first)), door)

    assert (response.status_code, response.json()["code"]) == (401, "token_not_valid")


@pytest.mark.parametrize("door", ["api", "poll"])
@pytest.mark.parametrize("scheme", ["Bear", "Bearers", "Token", "JWT", "Basic", "Bearer:", ""])
def test_another_scheme_is_no_token_at_all(ask, first, door, scheme):
    response = ask(f"{scheme} {issue(AccessToken, first)}", door)

    assert (response.status_code, response.json()["code"]) == TOLD_TO_SIGN_IN


def test_a_token_in_the_address_or_in_a_cookie_is_not_looked_at(first):
    token = issue(AccessToken, first)
    addresses = [f"/api/tickets/?{name}={token}" for name in ("access", "token", "jwt", "Authorization")]

    responses = [API.get(address, headers={"Cookie": f"access={token}; Authorization={token}"}) for address in addresses]

    assert [(response.status_code, response.json()["code"]) for response in responses] == [TOLD_TO_SIGN_IN] * 4
