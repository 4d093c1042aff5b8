"""What `manage.py doctor` says of LCS, and of clocks that differ. Each mistake is planted into a healthy deployment."""

import re
from email.utils import formatdate

import pytest
from django.db import connection
from django.utils import timezone

from mentorq.operations.doctor import database
from mentorq.tests.operations.doctor.lines import doctor, wrong
from mentorq_users.lcs import standin
from mentorq_users.lcs.faults import FAULTS

CLOCK = "Let NTP set both clocks (`timedatectl set-ntp on`). A clock that differs by more than 30 s invalidates tokens."
CHECK_URL = "Correct LCS_BASE_URL, or look whether LCS works. Until then nobody can sign in."
STAGE = "LCS_BASE_URL ends in the stage, for example https://api.hackru.org/prod."


def test_lcs_that_is_down(healthy):
    healthy.LCS_BASE_URL = "http://127.0.0.1:9/prod"

    line = "red    LCS: http://127.0.0.1:9/prod gives no answer: the connection is refused."
    assert wrong() == ([(line, CHECK_URL)], 1)


def test_lcs_that_hangs_or_drips_is_left_after_its_timeout(healthy, lcs):
    healthy.LCS_TIMEOUT, lcs.fault = 0.3, "dripping-body"

    ((line, _),), code = wrong()

    assert (line, code) == (f"red    LCS: {lcs.url} gives no answer: no whole answer in time.", 1)


def test_an_lcs_url_without_its_stage(healthy, lcs):
    lcs.fault, healthy.LCS_BASE_URL = "gateway", lcs.url.removesuffix("/dev")

    line = f"red    LCS: {healthy.LCS_BASE_URL} is a wrong path: AWS answers instead of LCS."
    assert wrong() == ([(line, f"{STAGE} {CHECK_URL}")], 1)


def test_an_lcs_url_without_a_stage_that_works_all_the_same(healthy, lcs):
    healthy.LCS_BASE_URL = lcs.url.removesuffix("/dev")

    line = f"amber  LCS: {healthy.LCS_BASE_URL} answers as LCS does, but has no stage in its path."
    assert wrong() == ([(line, STAGE)], 0)


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        ("html", "not JSON, text/html"), ("crashed", "HTTP 200 without an envelope, application/json"),
        ("status-503", "HTTP 200, status 503, application/json"),
    ],
)  # fmt: skip
def test_something_else_that_answers_instead_of_lcs(healthy, lcs, fault, why):
    lcs.fault = fault

    assert wrong() == ([(f"red    LCS: {lcs.url} answers, but not as LCS does: {why}.", CHECK_URL)], 1)


@pytest.mark.parametrize("fault", FAULTS)
def test_whatever_answers_instead_of_lcs_has_one_line_and_the_others_go_on(healthy, lcs, fault):
    healthy.LCS_TIMEOUT, lcs.fault = 0.3, fault

    text, _ = doctor()

    assert (len(re.findall("^(?:green |red   ) LCS: ", text, re.MULTILINE)), "  upkeep: " in text) == (1, True)


def test_the_stand_in_on_a_server(healthy, lcs):
    lcs.people = {person["email"]: person for person in standin.PEOPLE}

    line = f"red    LCS: {lcs.url} is the stand-in: anybody can sign in as a director."
    assert wrong() == ([(line, "Set LCS_BASE_URL to the real LCS, for example https://api.hackru.org/prod.")], 1)


def test_the_password_in_the_url_of_lcs_is_not_shown(healthy, lcs):
    lcs.fault, healthy.LCS_BASE_URL = "html", lcs.url.replace("//", "//user:s3cret@")

    text, code = doctor()

    assert ("s3cret" in text, f"red    LCS: {lcs.url.replace('//', '//…@')} answers" in text, code) == (False, True, 1)


# Clocks


@pytest.mark.parametrize(
    ("seconds", "line", "code"),
    [
        (47, "red    clock: That of LCS is 47 s ahead of this machine's.", 1),
        (-12, "amber  clock: That of LCS is 12 s behind this machine's.", 0),
    ],
)
def test_a_clock_that_differs_from_that_of_lcs(healthy, monkeypatch, seconds, line, code):
    now = timezone.now().timestamp()
    monkeypatch.setattr(standin.Handler, "date_time_string", lambda self: formatdate(now + seconds, usegmt=True))

    ((said, remedy),), status = wrong()

    # A second may pass before LCS is asked.
    assert abs(int(re.search(r"(\d+) s", said)[1]) - abs(seconds)) <= 1
    assert (re.sub(r"\d+ s", f"{abs(seconds)} s", said), remedy, status) == (line, CLOCK, code)


if connection.vendor == "postgresql":  # SQLite uses this machine's clock

    def test_a_clock_that_differs_from_that_of_the_database(healthy, monkeypatch):
        real = database.time.time
        monkeypatch.setattr(database, "time", Clock(lambda: real() - 60))

        line = "red    clock: That of the database is 60 s ahead of this machine's."
        assert wrong() == ([(line, CLOCK)], 1)


class Clock:
    def __init__(self, time):
        self.time = time
