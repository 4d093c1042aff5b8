"""What the documents name is there."""

import re
from collections import defaultdict

import pytest

from mentorq.settings import BASE_DIR
from mentorq.tests.servers import GRANIAN

DOCUMENTS = sorted([*BASE_DIR.glob("*.md"), *BASE_DIR.glob("docs/*.md")])
# By name: two folders may have a test file of the same one.
TESTS: dict[str, str] = defaultdict(str, {"conftest.py": (BASE_DIR / "conftest.py").read_text()})
for path in BASE_DIR.glob("mentorq*/**/tests/**/*.py"):
    TESTS[path.name] += path.read_text()


def named_in(document):
    """Each `test_file.py` or `test_file.py::test_name` in a document, as a pair."""
    text = (BASE_DIR / "docs" / document).read_text()
    return sorted(set(re.findall(r"(\w+\.py)(?:::(\w+))?", "\n".join(re.findall("`([^`]+)`", text)))))


@pytest.mark.parametrize("document", ["reliability.md", "security.md"])
def test_every_test_that_a_promise_names_is_there(document):
    named = [(file, test) for file, test in named_in(document) if file.startswith("test_") or test]

    missing = [(file, test) for file, test in named if (f"def {test}(" if test else "def test_") not in TESTS[file]]

    assert len(named) > 10
    assert missing == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_between_documents_leads_somewhere(document):
    links = re.findall(r"\]\((?!https?:)([^)#]+)", document.read_text())

    assert [link for link in links if not (document.parent / link).exists()] == []


def section(document, title):
    """What stands in a document under a heading."""
    return re.search(rf"^## {title}\n.*?(?=^## |\Z)", (BASE_DIR / document).read_text(), re.DOTALL | re.MULTILINE)[0]


@pytest.mark.parametrize(("document", "title"), [("README.md", "Deployment in brief"), ("docs/operations.md", "Start")])
def test_a_documented_deployment_expects_its_proxy(document, title):
    commands = re.search(r"```sh\n(.*?)```", section(document, title), re.DOTALL)[1]

    assert ("granian" in commands, re.findall(r"NUM_PROXIES=(\d)", commands)) == (True, ["1"])
    assert re.findall(r"^NUM_PROXIES=(\d)", (BASE_DIR / ".env.example").read_text(), re.MULTILINE) == ["1"]


def test_a_command_is_run_with_what_the_unit_has():
    unit = dict(re.findall(r"^(User|WorkingDirectory|EnvironmentFile)=(.+)$", section("docs/operations.md", "Start"), re.M))
    command = re.search(r"systemd-run (.*?)\n}", section("docs/operations.md", "Run a command"), re.DOTALL)[1]

    given = dict(re.findall(r"--property=(\w+)=(\S+)", command))
    assert {"User": re.search(r"--uid=(\S+)", command)[1], **given} == unit


def test_an_upgrade_begins_with_what_may_keep_a_server_from_starting():
    assert section("docs/operations.md", "Upgrade").splitlines()[2].startswith("Before you upgrade, look at `SECRET_KEY`")


@pytest.mark.parametrize(("document", "times"), [("README.md", 1), ("docs/operations.md", 2)])
def test_the_server_is_started_as_it_is_measured_and_tortured(document, times):
    """Where it listens is each reader's own."""
    commands = re.findall(r"granian (--interface .*) mentorq\.wsgi:application", (BASE_DIR / document).read_text())
    options = [set(re.findall(r"--\S+(?: [^\s-]\S*)?", command)) for command in commands]
    measured = {str(option).replace("=", " ") for option in GRANIAN[1:]}

    assert [{of for of in each if not of.startswith(("--host", "--port"))} for each in options] == [measured] * times
