"""`/api/queue/`: how long the queue is, and how long people wait."""

from typing import Any, cast

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from mentorq.api.openapi import READ_ERRORS
from mentorq_backend.live.etags import ConditionalGetMixin
from mentorq_backend.models import Ticket
from mentorq_backend.openapi import ETAG, IF_NONE_MATCH, NOT_MODIFIED
from mentorq_backend.renderers import QueueRenderer
from mentorq_backend.waits.queue import QUEUE, Queue
from mentorq_users.models import User

WAITING = """\
How many people wait and how long it takes until a mentor comes. Everybody may read it: it shows counts and no people.
It is computed at most once a second. Poll it with `If-None-Match`: an unchanged response is 304.

`wait` is the forecast for somebody who opens a ticket now. Half of the people are helped within `median_seconds`, nine of
ten within `p90_seconds`. `tickets` is how many claimed tickets it is computed from. It is `null` if fewer than five tickets
of the event were claimed.

With a token the response has `yours`: the caller's open tickets, each with a forecast and its position in the queue. The
position counts from 1.

`opens` is the next opening if the queue is closed.
"""


class WaitSerializer(serializers.Serializer[None]):
    """A forecast."""

    median_seconds = serializers.IntegerField()
    p90_seconds = serializers.IntegerField()
    tickets = serializers.IntegerField()


class PlaceSerializer(serializers.Serializer[None]):
    """An open ticket of the caller's."""

    ticket = serializers.IntegerField()
    position = serializers.IntegerField()
    wait = WaitSerializer(allow_null=True)


class QueueSerializer(serializers.Serializer[None]):
    """The queue in figures."""

    open = serializers.BooleanField()
    event = serializers.CharField(allow_null=True)
    event_id = serializers.IntegerField(allow_null=True)
    opens = serializers.DateTimeField(allow_null=True)
    closes = serializers.DateTimeField(allow_null=True)
    message = serializers.CharField()
    waiting = serializers.IntegerField()
    claimed = serializers.IntegerField()
    mentors_at_work = serializers.IntegerField()
    wait = WaitSerializer(allow_null=True)
    yours = PlaceSerializer(many=True, required=False, help_text="Only with a token.")


class QueueView(ConditionalGetMixin):
    """Public, but a bad token is 401."""

    permission_classes = [AllowAny]
    renderer_classes = [QueueRenderer]

    @extend_schema(
        summary="The queue in figures",
        description=WAITING,
        parameters=[IF_NONE_MATCH, ETAG],
        auth=cast("Any", [{}, {"jwtAuth": []}]),
        responses={200: QueueSerializer, 304: NOT_MODIFIED, **READ_ERRORS},
    )
    def get(self, request: Request) -> Response:
        queue = QUEUE.get()
        self.etag_key = "queue"  # the digest of the body tells whether it has changed
        if request.user.is_authenticated:
            return Response({**queue.figures, "yours": places(request.user, queue)})
        self.body_digest = queue.digest
        return Response(queue.content)


def places(user: User, queue: Queue) -> list[dict[str, Any]]:
    waiting = Ticket.objects.waiting().filter(owner_email=user.email).with_position()
    return [
        {"ticket": ticket.pk, "position": ticket.position, "wait": queue.forecasts.at(ticket.position)}
        for ticket in waiting
    ]
