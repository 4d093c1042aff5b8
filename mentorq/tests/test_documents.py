"""What the documents name is there."""

import re
from collections import defaultdict

import pytest

from mentorq import __version__
from mentorq.settings import BASE_DIR
from mentorq.tests.servers import GRANIAN

DEPLOY = BASE_DIR / "deploy"
DOCUMENTS = sorted([*BASE_DIR.glob("*.md"), *BASE_DIR.glob("docs/*.md")])
# By name: two folders may have a test file of the same one.
TESTS: dict[str, str] = defaultdict(str, {"conftest.py": (BASE_DIR / "conftest.py").read_text()})
for path in BASE_DIR.glob("mentorq*/**/tests/**/*.py"):
    TESTS[path.name] += path.read_text()


def named_in(document):
    """Each `test_file.py` or `test_file.py::test_name` in a document, as a pair."""
    text = (BASE_DIR / "docs" / document).read_text()
    return sorted(set(re.findall(r"(\w+\.py)(?:::(\w+))?", "\n".join(re.findall("`([^`]+)`", text)))))


@pytest.mark.parametrize("document", ["reliability.md", "security-tests.md"])
def test_every_test_that_a_promise_names_is_there(document):
    named = [(file, test) for file, test in named_in(document) if file.startswith("test_") or test]

    missing = [(file, test) for file, test in named if (f"def {test}(" if test else "def test_") not in TESTS[file]]

    assert len(named) > 10
    assert missing == []


def test_every_threat_has_its_tests():
    threats, tested = (
        re.findall(r"^\| ([A-Z]+\d+) \|", (BASE_DIR / "docs" / document).read_text(), re.MULTILINE)
        for document in ("security.md", "security-tests.md")
    )

    assert len(threats) > 50
    assert tested == threats


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_between_documents_leads_somewhere(document):
    links = re.findall(r"\]\((?!https?:)([^)#]+)", document.read_text())

    assert [link for link in links if not (document.parent / link).exists()] == []


def anchors(document):
    """The anchors that GitHub gives the headings of a document."""
    headings = re.findall(r"^#+ (.*)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_to_a_heading_leads_to_one(document):
    links = re.findall(r"\]\((?!https?:)([^)#]*)#([^)]+)\)", document.read_text())
    targets = [(document.parent / path if path else document, anchor) for path, anchor in links]

    assert [(path, anchor) for path, anchor in targets if anchor not in anchors(path)] == []


def section(document, title):
    """What stands in a document under a heading."""
    return re.search(rf"^## {title}\n.*?(?=^## |\Z)", (BASE_DIR / document).read_text(), re.DOTALL | re.MULTILINE)[0]


@pytest.mark.parametrize("document", ["README.md", "docs/operations.md", ".env.example"])
def test_a_documented_deployment_expects_its_proxy(document):
    assert re.findall(r"NUM_PROXIES=(\d)", (BASE_DIR / document).read_text())[0] == "1"


def test_a_command_is_run_with_what_the_unit_has():
    shared = (DEPLOY / "systemd/mentorq-.service.d/mentorq.conf").read_text()
    unit = dict(re.findall(r"^(User|WorkingDirectory|EnvironmentFile)=(.+)$", shared, re.MULTILINE))
    command = (DEPLOY / "mentorq.sh").read_text()

    given = dict(re.findall(r"--property=(\w+)=(\S+)", command))
    assert {"User": re.search(r"--uid=(\S+)", command)[1], **given} == unit


def test_an_upgrade_begins_with_what_may_keep_a_server_from_starting():
    first_step = section("docs/operations.md", "5. Upgrade").splitlines()[2]

    assert first_step == '1. Read CHANGELOG.md of the new version: "Before you upgrade".'
    assert "**Before you upgrade:** a server refuses a `SECRET_KEY`" in (BASE_DIR / "CHANGELOG.md").read_text()


def test_the_changelog_has_this_version_as_its_latest():
    headings = re.findall(r"^## (.+)$", (BASE_DIR / "CHANGELOG.md").read_text(), re.MULTILINE)
    releases = [
        re.fullmatch(r"(\d+\.\d+\.\d+) – \d{4}-\d\d-\d\d", heading) for heading in headings if heading != "Unreleased"
    ]

    assert None not in releases
    assert releases[0][1] == __version__


def options_of_granian(document):
    [command] = re.findall(r"granian (--interface .*) mentorq\.wsgi:application", (BASE_DIR / document).read_text())
    return set(re.findall(r"--\S+(?: [^\s-]\S*)?", command))


def test_the_server_is_started_as_it_is_measured_and_tortured():
    measured = {str(option).replace("=", " ") for option in GRANIAN[1:]}
    # The units are two processes with a worker each; the other two options concern `systemctl reload` and the log.
    own = {"--workers 1", "--port %i", "--respawn-interval 20", "--log-config deploy/granian-logging.json"}

    assert options_of_granian("README.md") == measured
    assert options_of_granian("deploy/systemd/mentorq-web@.service") == measured - {"--workers 2"} | own
