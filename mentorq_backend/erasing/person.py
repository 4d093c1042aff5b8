"""Who is erased, and what stands in place of them and of what they wrote."""

from typing import Any, NamedTuple

from mentorq_users.models import ERASED_NAME

ERASED_TEXT = "Erased"


class Person(NamedTuple):
    """A person by their e-mail and the names they go by. The placeholder is theirs alone, so that statistics stay."""

    email: str
    names: frozenset[str]
    placeholder: str

    @property
    def as_owner(self) -> dict[str, str]:
        """The columns of a ticket of theirs: who they are, and what they wrote."""
        return {
            "owner_email": self.placeholder,
            "owner": ERASED_NAME,
            "title": ERASED_TEXT,
            "comment": "",
            "contact": "",
            "location": ERASED_TEXT,
        }

    @property
    def as_mentor(self) -> dict[str, str]:
        """The columns of a ticket with them as the mentor."""
        return {"mentor_email": self.placeholder, "mentor": ERASED_NAME}

    def erased_from(self, payload: dict[str, Any]) -> dict[str, Any]:
        ticket = dict(payload["ticket"])
        if ticket["owner_email"] == self.email:
            ticket |= self.as_owner
        if ticket["mentor_email"] == self.email:
            ticket |= self.as_mentor
        elif not ticket["mentor_email"] and ticket["mentor"] in self.names:
            ticket["mentor"] = ERASED_NAME
        by = self.placeholder if payload["by"] == self.email else payload["by"]
        return {**payload, "by": by, "ticket": ticket}
