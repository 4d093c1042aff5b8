"""`python -m mentorq.torture.lcs PORT SECONDS`: LCS's stand-in, ill in another way every so many seconds, well in between.

It knows everybody `x@example.edu` whose token is `token of x@example.edu`, all of them hackers.
"""

import sys
import time
from typing import Any

from mentorq_users.devlcs import DevLCS

LIAR = "liar"
WAYS = [
    "dripping-body",
    "slow",
    "huge",
    "redirect",
    LIAR,
    "reset",
    "dripping-headers",
    "garbage",
    "server-error",
    "hanging",
]
LIE = {"email": "somebody.else@example.edu", "role": {"director": True, "organizer": True, "mentor": True}}


class IllLCS(DevLCS):
    """Changes its mind every `seconds`."""

    def __init__(self, port: int, seconds: float) -> None:
        super().__init__(port)
        self.seconds, self.started = seconds, time.monotonic()

    @property
    def way(self) -> str:
        """In which way it is ill at the moment, "" while it is well."""
        turn = int((time.monotonic() - self.started) / self.seconds)
        return WAYS[turn // 2 % len(WAYS)] if turn % 2 == 0 else ""

    def answer(self, call: str, data: dict[str, Any]) -> tuple[int, Any]:
        """Return what a `/validate` is answered, and set how it is sent."""
        way = self.way
        self.delay = 2.0 if way == "slow" else 0.0
        self.fault = "" if way in (LIAR, "slow") else way
        email = str(data["token"]).removeprefix("token of ")
        return 200, LIE if way == LIAR else {"email": email, "role": {"hacker": True}}


if __name__ == "__main__":
    IllLCS(int(sys.argv[1]), float(sys.argv[2])).serve_forever()
