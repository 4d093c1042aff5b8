"""Addresses that look like somebody else's: nobody is signed in as that person, nobody gets a second account."""

import pytest
from rest_framework.test import APIClient
from rest_framework_simplejwt.tokens import AccessToken

from mentorq_users.models import User
from mentorq_users.tokens import issue

pytestmark = pytest.mark.django_db

API = APIClient()  # one for all of them: to make it costs more than to ask it
PATH = "/api/auth/token/"
KIM = "kim@example.edu"
# What LCS might take for an address of its own, because Django's validator does: another person's.
OTHERS = [
    "\u212aim@example.edu", "k\u0131m@example.edu", "kim@e\u212aample.edu", "kim@example.edu\u200b",
    "kim@exam\u00adple.edu", "kim@\uff45xample.edu", "kim@exampl\u0435.edu", "kim@example.\u0435du", "kim@exampl\u00e9.edu",
    "kim@example\u0301.edu", "kim+@example.edu", "kim+desk@example.edu", "k.im@example.edu", "kim.example@edu.example.edu",
    '"kim"@example.edu', "kim@example-edu.edu", "kim@[127.0.0.1]", "kim@xn--exampl-gva.edu",
    "kim@\u0130example.edu", "kim@stra\u00dfe.edu",
    "kim@" + "e" * 63 + ".edu", "k" * 242 + "@example.edu",
]  # fmt: skip
# What is no address to anybody, or Kim's own with something around it.
NONE = [
    "kim@example.edu.", "kim@example.edu..", "kim@.example.edu", "kim.@example.edu", ".kim@example.edu", "kim@@example.edu",
    "kim\u200b@example.edu", "\u200bkim@example.edu", "\ufeffkim@example.edu", "ki\u00adm@example.edu",
    "kim\uff20example.edu", "ki\u0301m@example.edu", "kim@EXAMPLE\u3002edu", "kim\u202e@example.edu", "kim@example",
    "kim@example.edu,ada@example.edu", "kim @example.edu", "kim@ example.edu", "<kim@example.edu>",
    "Kim <kim@example.edu>", "mailto:kim@example.edu",
    "kim@example.edu\0", "k" * 243 + "@example.edu",
]  # fmt: skip
AROUND = [" {}", "{} ", "{}\n", "\t{}", "{}\u2003", "\u00a0{}", "{}\u3000", "{}\x1f"]


@pytest.fixture
def kim(lcs) -> User:
    """Kim, who signed in once."""
    lcs.people[KIM] = {**lcs.people["grace@example.edu"], "email": KIM}
    return User.objects.create(email=KIM, is_mentor=True)


@pytest.fixture
def sign_in(lcs):
    """Sign in with that e-mail and the LCS token of that person."""
    return lambda email, of: API.post(PATH, {"email": email, "lcs_token": lcs.sign_in(of)})


@pytest.mark.parametrize(
    ("written", "status"),
    [*((other, 401) for other in OTHERS), *((none, 400) for none in NONE)],
    ids=lambda text: ascii(text)[:30],
)
def test_ones_own_token_with_an_address_that_only_looks_like_ones_own_is_refused(sign_in, kim, written, status):
    response = sign_in(written, of=KIM)

    assert response.status_code == status
    assert list(User.objects.values_list("email", flat=True)) == [KIM]


@pytest.mark.parametrize("other", OTHERS, ids=lambda text: ascii(text)[:30])
def test_somebody_whose_address_looks_like_kims_is_somebody_else(sign_in, lcs, kim, claims_of, make_ticket, other):
    make_ticket(kim)
    lcs.people[other] = {**lcs.people["grace@example.edu"], "email": other}

    as_kim = [sign_in(written, of=other).status_code for written in (KIM, KIM.upper())]
    themselves = sign_in(other, of=other).json()["access"]

    assert as_kim == [401, 401]
    assert User.objects.get(email=other).pk == int(claims_of(themselves)["user_id"]) != kim.pk
    assert API.get("/api/tickets/", headers={"Authorization": f"Bearer {themselves}"}).json() == []


@pytest.mark.parametrize("around", AROUND, ids=ascii)
def test_white_space_around_what_somebody_types_is_dropped(sign_in, kim, claims_of, around):
    response = sign_in(around.format("Kim@Example.edu"), of=KIM)

    assert claims_of(response.json()["access"])["user_id"] == str(kim.pk)
    assert User.objects.count() == 1


@pytest.mark.parametrize(
    "said", ["kim@example.edu.", *(around.format(KIM) for around in AROUND)], ids=lambda text: ascii(text)[:30]
)
def test_a_profile_with_anything_around_kims_address_is_nonsense_and_not_kim(sign_in, lcs, kim, said):
    lcs.people["mallory"] = {**lcs.people["dan@example.edu"], "email": said}

    response = sign_in(KIM, of="mallory")

    assert response.status_code == 503
    assert list(User.objects.values_list("email", "is_director", "encrypted_lcs_token")) == [(KIM, False, "")]


def test_capitals_are_one_account_however_lcs_and_people_write_them(sign_in, lcs, kim, claims_of):
    for said, written in [("KIM@example.edu", "kim@EXAMPLE.edu"), ("Kim@Example.Edu", KIM), (KIM, "KIM@EXAMPLE.EDU")]:
        lcs.people[KIM]["email"] = said
        response = sign_in(written, of=KIM)
        assert claims_of(response.json()["access"])["email"] == KIM

    assert list(User.objects.values_list("pk", "email")) == [(kim.pk, KIM)]


def test_capitals_that_are_no_ascii_are_other_letters(sign_in, lcs):
    small, capital = "kim@m\u00fcnchen.de", "kim@M\u00dcNCHEN.de"
    lcs.people[small] = {**lcs.people["grace@example.edu"], "email": small}

    assert [sign_in(written, of=small).status_code for written in (small, capital)] == [200, 401]
    assert list(User.objects.values_list("email", flat=True)) == [small]


def test_a_local_superuser_is_made_once_however_their_address_is_written(kim):
    root = User.objects.create_superuser(" Root@Example.edu", "only-here")

    assert (root.email, User.objects.get_by_natural_key("ROOT@example.edu ").pk) == ("root@example.edu", root.pk)
    assert issue(AccessToken, root)["email"] == "root@example.edu"
