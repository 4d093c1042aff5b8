"""What people do on a machine in a day: hackers, mentors and a director through the frontend, organizers at the desk."""

import re
from collections.abc import Iterator

import requests

from mentorq.tests.deployed.machine import ORIGIN, Machine
from mentorq.tests.deployed.proxy import HOST
from mentorq.tests.frontend import Frontend, check_that_it_suits_the_frontend, from_opening_to_stars
from mentorq.tests.torture.outcome import Outcome
from mentorq_users.lcs.standin import PASSWORD


def signed_in(on: Machine, name: str, answers: list[requests.Response]) -> Frontend:
    return Frontend(on.proxy.url, on.lcs, f"{name}@example.edu", answers, ORIGIN, str(on.proxy.ca)).sign_in()


def played(on: Machine) -> Iterator[Outcome]:
    """Play a day of the frontend through the proxy; raises AssertionError if an answer does not suit it."""
    answers: list[requests.Response] = []
    from_opening_to_stars(lambda name: signed_in(on, name, answers))
    for answer in answers:
        check_that_it_suits_the_frontend(answer, ORIGIN)
    yield Outcome("frontend", "a day of it, through the proxy", {"answers": len(answers)}, some=["answers"])


class Desk:
    """The desk in somebody's browser."""

    def __init__(self, machine: Machine) -> None:
        self.url, self.verify, self.session = machine.proxy.url, str(machine.proxy.ca), requests.Session()

    def get(self, path: str, **parameters: str) -> requests.Response:
        return self.session.get(self.url + path, params=parameters, timeout=120, verify=self.verify)

    def sign_in(self, name: str) -> "Desk":
        """Raises HTTPError, and KeyError if the desk does not let them in."""
        token = re.search('name="csrfmiddlewaretoken" value="(.+?)"', self.get("/admin/login/").text)
        form = {"username": f"{name}@example.edu", "password": PASSWORD, "csrfmiddlewaretoken": token and token[1]}
        url, headers = f"{self.url}/admin/login/", {"Referer": f"https://{HOST}/"}
        self.session.post(url, form, headers=headers, timeout=60, verify=self.verify).raise_for_status()
        self.session.cookies["sessionid"]
        return self

    def pages(self) -> dict[str, int]:
        """Return the status of every page that links lead to, of each kind of page once."""
        found: dict[str, int] = {}
        waiting = ["/admin/"]
        while waiting:
            path = waiting.pop()
            if (kind := re.sub(r"\d+", "1", path)) not in found:
                response = self.get(path)
                found[kind] = response.status_code
                waiting += re.findall(r'href="(/admin/[^"?#]*)', response.text)
        return found
