"""Authentication for requests about tickets: it reads the version of the events with the account, in one query."""

from typing import Any

from django.db.models import Subquery
from rest_framework.request import Request

from mentorq.api.request_state import state_of
from mentorq.db.compiled import CompiledQuery
from mentorq_backend.events.models import Event
from mentorq_backend.events.schedule import schedule
from mentorq_users import authentication
from mentorq_users.models import READ_BY_REQUESTS, User

# The columns of the account, and the version of the events.
ROW = CompiledQuery(
    lambda email: User.objects.filter(email=email).values_list(*READ_BY_REQUESTS, Subquery(Event.objects.version())), 1
)


class JWTAuthentication(authentication.JWTAuthentication):
    """Puts the events into the state of the request."""

    events_version: Any = None

    def authenticate(self, request: Request) -> Any:
        found, state = super().authenticate(request), state_of(request)
        if found and state.schedule is None:
            state.schedule = schedule(self.events_version)
        return found

    def get_account(self, email: str) -> User:
        rows = ROW(email)
        if not rows:
            raise User.DoesNotExist
        *columns, self.events_version = rows[0]
        return User.objects.of_row(tuple(columns))
