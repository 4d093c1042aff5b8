"""The tickets' endpoints."""

from typing import Any, cast

from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import generics, mixins, viewsets
from rest_framework.decorators import action
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from mentorq.openapi import BAD_REQUEST, FORBIDDEN, NOT_FOUND, READ_ERRORS, WRITE_ERRORS
from mentorq_backend import stats
from mentorq_backend.filters import CreatedFilter
from mentorq_backend.models import Ticket, TicketQuerySet
from mentorq_backend.openapi import CONFLICT, CREATE_EXAMPLES, LIMIT_REACHED, MOVE_EXAMPLES, TICKET_ID, StatsSerializer
from mentorq_backend.permissions import ReadsHistory
from mentorq_backend.serializers import (
    TicketCreateSerializer,
    TicketEventSerializer,
    TicketMoveSerializer,
    TicketSerializer,
)
from mentorq_users.models import User
from mentorq_users.permissions import IsDirector


@extend_schema_view(
    list=extend_schema(
        summary="The queue",
        description="Mentors, organizers and directors get every ticket, everyone else their own. Newest first.",
        responses={200: TicketSerializer(many=True), **READ_ERRORS},
    ),
    create=extend_schema(
        summary="Open a ticket",
        description="The caller's own; organizers also open one for somebody else, or record help already given.",
        responses={201: TicketSerializer, **WRITE_ERRORS, 403: FORBIDDEN, 409: LIMIT_REACHED},
        examples=CREATE_EXAMPLES,
    ),
    retrieve=extend_schema(
        summary="One ticket",
        description="As the queue shows it.",
        parameters=[TICKET_ID],
        responses={200: TicketSerializer, **READ_ERRORS, 404: NOT_FOUND},
    ),
    partial_update=extend_schema(
        summary="Move a ticket",
        description="Claim, release, hand over, close, cancel or reopen it, by naming the status that it shall have.",
        parameters=[TICKET_ID],
        responses={200: TicketSerializer, **WRITE_ERRORS, 403: FORBIDDEN, 404: NOT_FOUND, 409: CONFLICT},
        examples=MOVE_EXAMPLES,
    ),
)
class TicketViewSet(
    mixins.CreateModelMixin,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.UpdateModelMixin,
    viewsets.GenericViewSet[Ticket],
):
    """`/api/tickets/…`."""

    queryset = Ticket.objects.all()
    lookup_value_regex = "[0-9]+"
    http_method_names = ["get", "post", "patch", "head", "options"]
    serializer_classes: dict[str, type[BaseSerializer[Ticket]]] = {
        "create": TicketCreateSerializer,
        "partial_update": TicketMoveSerializer,
    }

    def get_queryset(self) -> TicketQuerySet:
        """Return what the caller may see; anything else is a 404."""
        return Ticket.objects.newest_first().visible_to(cast("User", self.request.user))

    def get_serializer_class(self) -> type[BaseSerializer[Ticket]]:
        """Return the serializer that reads the request; each of them answers with a whole ticket."""
        return self.serializer_classes.get(self.action, TicketSerializer)

    @extend_schema(
        summary="What happened to a ticket",
        description="Every move, oldest first. Organizers and directors only.",
        parameters=[TICKET_ID],
        responses={200: TicketEventSerializer(many=True), **READ_ERRORS, 403: FORBIDDEN, 404: NOT_FOUND},
    )
    @action(detail=True, permission_classes=[IsAuthenticated, ReadsHistory])
    def history(self, request: Request, **kwargs: Any) -> Response:
        """Answer `GET /api/tickets/<id>/history/`."""
        return Response(TicketEventSerializer(self.get_object().events.all(), many=True).data)


class StatsView(generics.GenericAPIView[Ticket]):
    """`/api/tickets/stats/`."""

    queryset = Ticket.objects.all()
    permission_classes = [IsAuthenticated, IsDirector]
    filter_backends = [DjangoFilterBackend]
    filterset_class = CreatedFilter

    @extend_schema(
        summary="The waiting times",
        description="Directors only. Seconds are counted from a ticket's creation.",
        filters=True,
        responses={200: StatsSerializer, **READ_ERRORS, 400: BAD_REQUEST, 403: FORBIDDEN},
    )
    def get(self, request: Request) -> Response:
        """Answer with the figures of the tickets that the query string asks for."""
        return Response(stats.summary(cast("TicketQuerySet", self.filter_queryset(self.get_queryset()))))
