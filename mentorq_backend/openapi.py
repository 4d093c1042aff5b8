"""OpenAPI texts, responses, parameters and examples of the ticket endpoints."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse
from rest_framework import serializers

from mentorq.api.openapi import ErrorResponse
from mentorq_backend.moves import MOVES
from mentorq_backend.serializers import TicketSerializer

QUEUE = """\
Mentors, organizers and directors get every ticket, including closed ones. Everyone else gets their own. Newest first.
Without `event`, `created_after` and `created_before` these are the tickets of the present event, and older ones that are
still `OPEN` or `CLAIMED`. If there are no events, these are all tickets.

Filters combine. Addresses are compared without regard to case. Only `status` may be given more than once.
Empty filters are ignored. An empty `limit` or `offset`, or an extra comma, returns 400.

The response is a plain array, or a page of it if `limit` (at most 1,000) is given. Poll with `If-None-Match`: an unchanged
queue returns 304.
"""
OPENING = """\
The ticket belongs to the caller. `owner` is the name to show, by default the owner's. Some clients send `Anonymous`.

Every text except `comment` becomes one line. Invisible characters and characters that change the text direction are
removed. A `title` or `location` without visible characters returns 400. `null` for `comment` or `contact` is ignored.

Organizers and directors may also open a ticket for somebody else. They may record help already given, with any other
`status` and optionally `mentor` and `mentor_email`. A recorded ticket has no waiting times and does not count in averages.

If the queue is closed, the response is 409 `queue_closed`, except for organizers and directors.

A person may have at most five tickets in `OPEN` (a setting); the sixth returns 409 `limit_reached`. A caller may open at
most 30 tickets in an hour (a setting), organizers and directors ten times as many. Beyond that, the response is 429.

If the same owner sends the same title, comment, contact and location within a minute, and the first ticket is still
`OPEN`, the response is 200 with the first ticket.
"""
MOVING = f"""\
Send the new `status`. Only `status`, `mentor`, `mentor_email` and `active` are read.

| from | to | move | who |
| --- | --- | --- | --- |
{"".join(f"| {start} | {to} | {move.verb} | {move.people} |{chr(10)}" for (start, to), move in MOVES.items())}
Nobody may make any other move (409 `not_possible`). Nobody may claim their own ticket.

- Setting the current status again returns 200 and changes nothing, unless it names a different mentor. A claim counts as
  naming the caller.
- A claim makes the caller the mentor; an organizer may name somebody else. Claiming a ticket that has another mentor is a
  conflict. Release it first, or (organizers) hand it over by naming a third person.
- A mentor who closes an open ticket claims it at the same moment. An organizer closes it without a claim, and may name a
  mentor. An organizer who names themselves when closing a claimed ticket does not replace its mentor.
- A release or a reopening removes the mentor, even if the request names one. A cancel removes the mentor if
  `mentor_email` is empty.
- `mentor` is the name to show, by default the account's.
- `active` says whether the owner is still around. Mentors, organizers and directors may set it.

A refusal changes nothing. The checks run in this order: 404, 400, 409 `not_possible`, 403, 409 `conflict`,
409 `queue_closed`, 409 `limit_reached`, 429. A caller may make at most 300 moves in an hour (a setting), organizers and
directors ten times as many. Beyond that, the response is 429.
"""
RATING = """\
The owner of a closed ticket that had a mentor may rate it once; `PATCH` changes the rating. The rating belongs to the
mentor at that time, and stays theirs if the ticket is reopened. Somebody else's ticket returns 404.
"""
TALKING = """\
Returns a link to the conversation with the other person: the mentor for the owner, the owner for everyone else.

Failures are bare strings too. The frontend shows every string as a link, except LCS's two refusals and strings that begin
with `error: `. The refusals are `Slack ID not present within LCS for the given user(s)` and
`Other user not found within LCS`. LCS's response for a pair of people is cached for a while.
"""
FIGURES = """\
Directors only, by default of the present event. Durations are in seconds, from a ticket's creation or last reopening.
Claim times cover all claimed tickets. Close times cover the tickets that are `CLOSED` and `active`. A duration is `null` if
there are no such tickets. Percentiles use the nearest rank. Hours are in UTC. Mentors and users are counted by distinct
address.
"""


class ConflictSerializer(serializers.Serializer[None]):
    """A 409. Nothing was changed; `ticket` is the current ticket."""

    detail = serializers.CharField()
    code = serializers.ChoiceField(choices=["conflict", "not_possible", "limit_reached", "queue_closed"])
    ticket = TicketSerializer()


class NotOpenedSerializer(serializers.Serializer[None]):
    """A 409 when a ticket is created: the queue is closed, or the owner has reached the limit of open tickets."""

    detail = serializers.CharField()
    code = serializers.ChoiceField(choices=["limit_reached", "queue_closed"])


class RatingSerializer(serializers.Serializer[None]):
    """The average rating, in stars; null if there are no ratings."""

    rating__avg = serializers.FloatField(allow_null=True)


class HourSerializer(serializers.Serializer[None]):
    """The tickets created within one hour, and how many of them were closed or cancelled."""

    hour = serializers.DateTimeField()
    tickets = serializers.IntegerField()
    closed = serializers.IntegerField()
    cancelled = serializers.IntegerField()
    average_claimed_datetime_seconds = serializers.FloatField(allow_null=True)


class MentorSerializer(serializers.Serializer[None]):
    """The figures of one mentor, from the tickets that name them."""

    mentor_email = serializers.EmailField()
    tickets = serializers.IntegerField()
    claimed = serializers.IntegerField()
    closed = serializers.IntegerField()
    average_claimed_datetime_seconds = serializers.FloatField(allow_null=True)
    average_closed_datetime_seconds = serializers.FloatField(allow_null=True)


class StatsSerializer(serializers.Serializer[None]):
    """Durations are in seconds from when a ticket entered the queue. Percentiles use the nearest rank."""

    def get_fields(self) -> dict[str, Any]:
        """Several keys contain spaces, so they cannot be declared as attributes."""
        durations = [
            f"{figure}_{instant}_datetime_seconds"
            for figure in ("average", "median", "p90")
            for instant in ("claimed", "closed")
        ]
        counts = [
            "Total tickets",
            "Open tickets",
            "Claimed tickets",
            "Closed Tickets",
            "Cancelled Tickets",
            "Number of mentors",
            "Number of users",
        ]
        return {
            **{name: serializers.FloatField(allow_null=True) for name in durations},
            **{name: serializers.IntegerField() for name in counts},
            "cancelled_by_server": serializers.IntegerField(help_text="Expired, or open after the end of the event."),
            "returned_by_server": serializers.IntegerField(help_text="Claims that were too old."),
            "Average Rating": RatingSerializer(),
            "per_hour": HourSerializer(many=True),
            "per_mentor": MentorSerializer(many=True),
        }


CONFLICT = ErrorResponse(
    "Conflict",
    "`conflict`: somebody was faster, or another mentor has claimed it. `not_possible`: this status does not allow that "
    "move. `limit_reached`: the owner reopens a ticket and has reached the limit of open tickets. `queue_closed`: only "
    "organizers and directors may reopen a ticket now.",
    ConflictSerializer,
)
TOO_MUCH = ErrorResponse("TooManyMoves", "`throttled`: the hourly limit of this person is reached.")
NOT_OPENED = ErrorResponse(
    "NotOpened",
    "`queue_closed`: the queue is closed or paused. `limit_reached`: the owner has five open tickets.",
    NotOpenedSerializer,
)

TICKET_ID = OpenApiParameter("id", OpenApiTypes.INT64, OpenApiParameter.PATH)

CREATE_EXAMPLES = [
    OpenApiExample(
        "A hacker who is stuck",
        {
            "title": "My build loops for ever",
            "comment": "npm run build prints the same warning again and again",
            "contact": "@ada on Slack",
            "location": "Table 12",
        },
        request_only=True,
    ),
]

MOVE_EXAMPLES = [
    OpenApiExample("Claim it", {"status": "CLAIMED"}, request_only=True),
    OpenApiExample("Close it", {"status": "CLOSED"}, request_only=True),
    OpenApiExample(
        "Hand it over (organizers)", {"status": "CLAIMED", "mentor_email": "max@example.edu"}, request_only=True
    ),
]

FEEDBACK_EXAMPLES = [
    OpenApiExample("Four and a half stars", {"ticket": 7, "rating": 4.5, "comments": "Thanks!"}, request_only=True),
]

FEEDBACK_ID = OpenApiParameter("ticket", OpenApiTypes.INT64, OpenApiParameter.PATH, description="The ticket's id.")
LEADERBOARD_LIMIT = OpenApiParameter("limit", {"type": "integer", "minimum": 1, "default": 5}, OpenApiParameter.QUERY)
IF_NONE_MATCH = OpenApiParameter(
    "If-None-Match", str, OpenApiParameter.HEADER, description="The `ETag` of the last response."
)
ETAG = OpenApiParameter(
    "ETag", str, OpenApiParameter.HEADER, required=True, response=[200, 304], description="Send it as `If-None-Match`."
)
LOCATION = OpenApiParameter(
    "Location", str, OpenApiParameter.HEADER, required=True, response=[200, 201], description="The URL of the ticket."
)
NOT_MODIFIED = OpenApiResponse(None, "Unchanged since the `ETag` that the client sent.")

SLACK_LINK = OpenApiResponse({"type": "string", "format": "uri"}, "The link.")
_SLACK_ERROR: dict[str, Any] = {"type": "string"}
SLACK_ERRORS = {
    403: ErrorResponse(
        "SlackForbidden", "LCS's refusal because somebody has no Slack account, or `error: …`.", _SLACK_ERROR
    ),
    404: ErrorResponse(
        "SlackNotFound",
        "`error: …`: the ticket does not exist, or the caller may not see it. An object if the id is not a number.",
        {"oneOf": [_SLACK_ERROR, {"$ref": "#/components/schemas/Error"}]},
    ),
    409: ErrorResponse("SlackConflict", "`error: …`: nobody has claimed the ticket yet.", _SLACK_ERROR),
    503: ErrorResponse("SlackUnavailable", "`error: …`: LCS or the database does not answer.", _SLACK_ERROR),
}
