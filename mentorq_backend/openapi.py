"""What the OpenAPI document says of tickets beyond their serializers: rules, conflicts, figures, examples."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse
from rest_framework import serializers

from mentorq.api.openapi import ErrorSerializer
from mentorq_backend.moves import MOVES
from mentorq_backend.serializers import TicketSerializer

QUEUE = """\
Mentors, organizers and directors get every ticket, closed ones too, everyone else their own. Newest first. The filters
combine; addresses compare whatever their case. Only `status` may be given more than once.

A plain array; with `limit` (at most 1,000) a page of it. Polled with `If-None-Match`, an unchanged queue is a 304.
"""
OPENING = """\
The caller's own. `owner` is the name to show, by default the owner's; some send `Anonymous`.

Every text except `comment` becomes one line. Invisible characters and those that change the direction of what follows are
dropped. A `title` or `location` that shows nothing is a 400. `null` for `comment` or `contact` counts as left out.

Organizers and directors also open one for somebody else, or record help already given, by any other `status` and, if they
like, `mentor` and `mentor_email`: such a ticket has its instants, but no waiting time, and stays out of the averages.

A person may have at most five tickets in `OPEN` (a setting); the sixth is a 409. A caller opens at most 30 tickets in an
hour (a setting), organizers and directors ten times as many; one more is a 429.

If the same owner sends the same title, comment, contact and location within a minute, and the first ticket is still `OPEN`,
the answer is 200 with the first ticket.
"""
MOVING = f"""\
Name the `status` that the ticket shall have. `status`, `mentor`, `mentor_email` and `active` are read, all else is ignored.

| from | to | what it is | who |
| --- | --- | --- | --- |
{"".join(f"| {start} | {to} | {move.verb} | {move.people} |{chr(10)}" for (start, to), move in MOVES.items())}
Nobody may make any other move (409 `not_possible`), and nobody claims their own ticket.

- Setting the current status again, with the same mentor, changes nothing.
- A claim is the caller's; an organizer may name somebody else. A ticket that another holds is a conflict for everyone:
  release it first, or hand it over, by naming a third person.
- A mentor who closes an open ticket becomes its mentor, and has claimed it with that. An organizer closes it without a
  mentor, or for whom they name, and it was never claimed. Who closes a claimed ticket naming themselves leaves its mentor
  on it.
- A release or a reopening forgets the mentor, whoever is named; a cancel does where `mentor_email` is sent empty.
- `mentor` is the name to show, by default the account's.
- `active`, whether the asker is still around, is for mentors, organizers and directors.

Refusals come in this order, and change nothing: 404, 409 `not_possible`, 403, 409 `conflict`. A caller makes at most 300
moves in an hour (a setting), organizers and directors ten times as many; one more is a 429.
"""
RATING = """\
By the owner of a closed ticket that had a mentor, once; `PATCH` changes it. It belongs to the mentor whom the ticket had
then, and stays theirs when the ticket is reopened. Somebody else's ticket is a 404.
"""
TALKING = """\
A link to the conversation with the other party: the owner gets the mentor, everyone else the owner.

Failures are bare strings too: LCS's `Slack ID not present within LCS for the given user(s)` and `Other user not found
within LCS`, and others that begin with `error: `. LCS's answer for a pair of people is remembered for a while.
"""
FIGURES = """\
Directors only. Durations are seconds from a ticket's creation: to its claim over all that were claimed, to its close over
those `CLOSED` and `active`; `null` if there are none. A reopened ticket counts from its last reopening, because nobody
waited while it was closed. Percentiles are by nearest rank, hours are UTC's. Mentors and users are distinct addresses on
the tickets looked at.
"""


class ConflictSerializer(serializers.Serializer[None]):
    """A 409: nothing was changed; `ticket` is the ticket as it now stands."""

    detail = serializers.CharField()
    code = serializers.ChoiceField(choices=["conflict", "not_possible", "limit_reached"])
    ticket = TicketSerializer()


class LimitReachedSerializer(serializers.Serializer[None]):
    """A 409 at the creation: the owner has as many open tickets as anybody may have."""

    detail = serializers.CharField()
    code = serializers.ChoiceField(choices=["limit_reached"])


class RatingSerializer(serializers.Serializer[None]):
    """The average rating, in stars; null where nobody rated."""

    rating__avg = serializers.FloatField(allow_null=True)


class HourSerializer(serializers.Serializer[None]):
    """The tickets created within one hour, and what became of them."""

    hour = serializers.DateTimeField()
    tickets = serializers.IntegerField()
    closed = serializers.IntegerField()
    cancelled = serializers.IntegerField()
    average_claimed_datetime_seconds = serializers.FloatField(allow_null=True)


class MentorSerializer(serializers.Serializer[None]):
    """What one mentor has done, by the tickets that name them."""

    mentor_email = serializers.EmailField()
    tickets = serializers.IntegerField()
    claimed = serializers.IntegerField()
    closed = serializers.IntegerField()
    average_claimed_datetime_seconds = serializers.FloatField(allow_null=True)
    average_closed_datetime_seconds = serializers.FloatField(allow_null=True)


class StatsSerializer(serializers.Serializer[None]):
    """The figures of stats.py: seconds count from when a ticket entered the queue, percentiles are by nearest rank."""

    def get_fields(self) -> dict[str, Any]:
        """Return the fields; several keys hold spaces and cannot be declared as attributes."""
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
            "Average Rating": RatingSerializer(),
            "per_hour": HourSerializer(many=True),
            "per_mentor": MentorSerializer(many=True),
        }


CONFLICT = OpenApiResponse(
    ConflictSerializer,
    "`conflict`: somebody was faster or holds it. `not_possible`: nobody may make that move from there. "
    "`limit_reached`: their own reopening would be one open ticket too many.",
)
TOO_MUCH = OpenApiResponse(
    ErrorSerializer, "`throttled`: more than one person may do in an hour; `Retry-After` says when to try again."
)
LIMIT_REACHED = OpenApiResponse(LimitReachedSerializer, "The owner has as many open tickets as anybody may have.")

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
    "If-None-Match", str, OpenApiParameter.HEADER, description="The `ETag` of the last answer."
)
NOT_MODIFIED = OpenApiResponse(None, "The client has it already.")

SLACK_LINK = OpenApiResponse({"type": "string", "format": "uri"}, "The link.")
_SLACK_ERROR: dict[str, Any] = {"type": "string"}
_SLACK_404 = {"oneOf": [_SLACK_ERROR, {"$ref": "#/components/schemas/Error"}]}
SLACK_ERRORS = {
    status: OpenApiResponse(_SLACK_404 if status == 404 else _SLACK_ERROR, description)
    for status, description in {
        403: "LCS's own word that somebody has no Slack account; else `error: …`.",
        404: "`error: …`: there is none, or this person may not see it; an object where the id is no number.",
        409: "`error: …`: nobody has claimed it yet.",
        503: "`error: …`: LCS or the database does not answer.",
    }.items()
}
