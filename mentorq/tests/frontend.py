"""HackRU's frontend as a client: what it sends, what it needs, and a day of it."""

from collections.abc import Callable
from typing import Any

import jwt
import requests

from mentorq_users.lcs.standin import PASSWORD, DevLCS


class Frontend:
    """One person's browser: leaves slashes out where the frontend does, and keeps every answer to look at."""

    answers: list[requests.Response]

    def __init__(
        self, url: str, lcs: DevLCS, email: str, answers: list[requests.Response], origin: str, verify: str | bool = True
    ) -> None:
        """`verify` is the file of a certificate authority, as `requests` takes it."""
        self.url, self.lcs, self.email, self.answers, self.origin, self.verify = url, lcs, email, answers, origin, verify
        self.access, self.refresh_token = "undefined", ""
        self.etag: str | None = None

    def send(self, method: str, path: str, body: object = None, **headers: str) -> requests.Response:
        """Send a request in the frontend's manner."""
        headers = {"Origin": self.origin, "Authorization": f"Bearer {self.access}", **headers}
        response = requests.request(
            method,
            f"{self.url}/api{path}",
            json=body,
            headers=headers,
            allow_redirects=False,
            timeout=10,
            verify=self.verify,
        )
        self.answers.append(response)
        return response

    def sign_in(self) -> "Frontend":
        """Ask LCS, then MentorQ."""
        credentials = {"email": self.email, "password": PASSWORD}
        lcs_token = requests.post(f"{self.lcs.url}/authorize", json=credentials, timeout=10).json()["body"]["token"]
        tokens = self.send("POST", "/auth/token/", {"email": self.email, "lcs_token": lcs_token}).json()
        self.access, self.refresh_token = tokens["access"], tokens["refresh"]
        return self

    def refresh(self) -> requests.Response:
        """Get a new access token for the refresh token that came first."""
        response = self.send("POST", "/auth/refresh/", {"refresh": self.refresh_token})
        self.access = response.json().get("access", "undefined")
        return response

    def claims(self) -> dict[str, Any]:
        return jwt.decode(self.access, options={"verify_signature": False})

    def poll(self) -> Any:
        """Return the list, or None where the browser's copy is still good."""
        response = self.send("GET", "/tickets/", **({"If-None-Match": self.etag} if self.etag else {}))
        self.etag = response.headers.get("ETag")
        return None if response.status_code == 304 else response.json()

    def open(self, title: str) -> int:
        body = {
            "owner_email": self.email, "owner": "Anonymous", "status": "OPEN",
            "title": title, "comment": "Help!", "contact": "Slack", "location": "Table 12",
        }  # fmt: skip
        return int(self.send("POST", "/tickets/", body).json()["id"])

    def move(self, ticket: int, status: str, mentor_email: str) -> requests.Response:
        return self.send("PATCH", f"/tickets/{ticket}", {"status": status, "mentor_email": mentor_email})


def check_that_it_suits_the_frontend(answer: requests.Response, origin: str) -> None:
    """Fail if it is HTML, a redirect, without CORS headers, or a list that is no array."""
    described = f"{answer.request.method} {answer.request.path_url}: {answer.status_code}"
    assert answer.headers["Access-Control-Allow-Origin"] == origin, described
    assert not 300 <= answer.status_code < 400 or answer.status_code == 304, described
    assert not answer.content or answer.headers["Content-Type"] == "application/json", described
    if (answer.request.method, answer.request.path_url, answer.status_code) == ("GET", "/api/tickets/", 200):
        assert isinstance(answer.json(), list), described


def from_opening_to_stars(signed_in: Callable[[str], Frontend]) -> None:
    """Play the life of the first ticket of a new database; `signed_in` returns the Frontend of a first name."""
    ada, mia, max_, dan = (signed_in(name) for name in ("ada", "mia", "max", "dan"))
    ticket = ada.open("My build loops")

    assert [(row["id"], row["owner"]) for row in mia.poll()] == [(ticket, "Anonymous")]
    assert mia.poll() is None
    assert mia.move(ticket, "CLAIMED", mia.email).json()["mentor"] == "Mia Mentor"
    assert max_.move(ticket, "CLAIMED", max_.email).json()["ticket"]["mentor_email"] == mia.email
    assert [row["status"] for row in mia.poll()] == ["CLAIMED"]
    assert ada.send("GET", f"/tickets/{ticket}/slack-dm").json() == "https://app.slack.com/client/T0DEV/MIA"
    assert mia.send("GET", f"/tickets/{ticket}/slack-dm").json() == "https://app.slack.com/client/T0DEV/ADA"

    closed = dan.move(ticket, "CLOSED", dan.email).json()
    assert (closed["status"], closed["mentor_email"], closed["mentor"]) == ("CLOSED", mia.email, "Mia Mentor")

    assert ada.poll()[0]["feedback"] == ""
    assert ada.send("POST", "/feedback/", {"ticket": ticket, "rating": 4, "comments": ""}).status_code == 201
    url = ada.poll()[0]["feedback"]
    assert url.endswith(f"/api/feedback/{ticket}/")
    assert ada.send("PATCH", f"/feedback/{ticket}/", {"rating": 4.5, "comments": "Thanks!"}).json()["rating"] == 4.5
    assert dan.poll()[0]["feedback"] == url

    stats = dan.send("GET", "/tickets/stats/").json()
    assert (stats["Total tickets"], stats["Closed Tickets"], stats["Average Rating"]) == (1, 1, {"rating__avg": 4.5})
    assert 0 < stats["average_claimed_datetime_seconds"] <= stats["average_closed_datetime_seconds"]
    board = max_.send("GET", "/feedback/leaderboard?limit=5").json()
    assert board == [{"mentor": mia.email, "name": "Mia Mentor", "average_rating": 4.5, "ratings": 1}]
