"""`manage.py erase`."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from mentorq_backend.models import Ticket
from mentorq_backend.tests.erasing.conftest import EMAIL, WORDS
from mentorq_backend.tests.erasing.everything import everything, naming
from mentorq_users.models import User


@pytest.fixture
def ask(monkeypatch):
    """Run the command for somebody who types this answer; return both outputs."""

    def run(email, answer):
        def typed(question):
            if isinstance(answer, str):
                return answer
            raise answer

        monkeypatch.setattr("builtins.input", typed)
        out, errors = StringIO(), StringIO()
        call_command("erase", email, stdout=out, stderr=errors)
        return out.getvalue(), errors.getvalue().partition("\n")[2]

    return run


def test_it_says_what_there_is_asks_and_says_what_it_replaced(una, ada, make_ticket, ask):
    make_ticket(una)
    make_ticket(una, "CANCELLED")
    make_ticket(ada, "CLOSED", mentor=una)

    out, asked = ask("Una@Example.edu", " UNA@example.edu")

    placeholder = User.objects.get(pk=una.pk).email
    assert asked == (
        "This replaces what there is of una@example.edu, and cannot be undone:\n"
        "  1 accounts\n  3 tickets\n  5 rows of the history\n  0 ratings\n  0 notices\n  0 entries of the desk's log\n"
        "  0 sessions at the desk\n  0 cached Slack links\n"
        "Open or claimed tickets: 1. They stay so: cancel or release them first.\n"
    )
    assert out == f"Erased: {placeholder} (1 accounts, 3 tickets, 5 rows of the history)\n"
    assert naming(*WORDS) == []


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ("", "Nobody was erased: that is another address."),
        ("yes", "Nobody was erased: that is another address."),
        (EOFError(), "Nobody was erased. A script needs --no-input."),
        (KeyboardInterrupt(), "Nobody was erased. A script needs --no-input."),
    ],
)
def test_any_other_answer_changes_nothing(lived, ask, answer, error):
    before = everything()

    with pytest.raises(CommandError) as caught:
        ask(EMAIL, answer)

    assert (str(caught.value), everything()) == (error, before)


@pytest.mark.parametrize("email", ["nobody@example.edu", "na@example.edu", "una@example.ed", "%", "", " ", "Una Unique"])
@pytest.mark.parametrize("arguments", [["--no-input"], []])
def test_an_unknown_address_is_an_error_and_changes_nothing(lived, email, arguments):
    before = everything()

    with pytest.raises(CommandError) as caught:
        call_command("erase", email, *arguments, stderr=StringIO())

    assert str(caught.value) == f"Nobody was erased: no account and no ticket has the address {email!r}."
    assert everything() == before


def test_who_was_erased_is_unknown_also_by_the_placeholder(lived, erase):
    erase()
    before = everything()

    for email in (EMAIL, User.objects.get(pk=lived.pk).email):
        with pytest.raises(CommandError, match="no account and no ticket has the address"):
            erase(email)

    assert everything() == before


def test_somebody_without_an_account_is_erased_too(olga, mia, ada, make_ticket, erase):
    own = Ticket.objects.open(by=olga, owner_email=EMAIL, owner="Una Unique", title="Zebra", location="Zebra hall")
    helped = make_ticket(ada)
    helped.claim(by=olga, mentor_email=EMAIL, mentor="Una Unique")

    said = erase()

    own.refresh_from_db()
    helped.refresh_from_db()
    assert (own.owner_email, own.title, helped.mentor_email) == (helped.mentor_email, "Erased", own.owner_email)
    assert said == f"Erased: {own.owner_email} (2 tickets, 1 rows of the history)\n"
    assert (naming(*WORDS), User.objects.filter(email=own.owner_email).count()) == ([], 0)


def test_the_log_says_who_and_nothing_of_the_person(lived, erase, logged):
    said = erase()

    (line,) = [line for line in logged if "Erased by" in line]
    assert said.strip().removeprefix("Erased: ") in line
    assert "Erased by manage.py: erased-" in line
    assert [word for word in WORDS if word in line.lower()] == []


@pytest.mark.parametrize("option", ["--no-input", "--noinput"])
def test_a_script_is_not_asked(una, option, monkeypatch):
    monkeypatch.setattr("builtins.input", lambda question: pytest.fail("it asked"))

    call_command("erase", EMAIL, option, stdout=StringIO(), stderr=StringIO())

    assert naming(*WORDS) == []
