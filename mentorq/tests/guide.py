"""docs/frontend.md, taken apart for its tests."""

import re
from datetime import timedelta

from mentorq.settings import BASE_DIR
from mentorq_users.tokens import AccessToken, issue

DOCUMENT = (BASE_DIR / "docs/frontend.md").read_text()
PAGE = (BASE_DIR / "docs/frontend.html").read_text()
SERVER, LIVE, LCS = "http://127.0.0.1:8000", "http://127.0.0.1:8002", "http://127.0.0.1:8001/dev"


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", DOCUMENT, re.DOTALL | re.MULTILINE)


def table_under(title):
    """The cells of each row of the first table under that heading."""
    rows = re.search(rf"^##+ {title}\n.*?\n\| ---.*?\n(.*?)\n\n", DOCUMENT, re.DOTALL | re.MULTILINE)[1].splitlines()
    return [[cell.strip(" `") for cell in row.strip("|").split("|")] for row in rows]


def token(user, **lifetime):
    issued = issue(AccessToken, user)
    if lifetime:
        issued.set_exp(lifetime=timedelta(**lifetime))
    return str(issued)
