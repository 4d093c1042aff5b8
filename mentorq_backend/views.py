"""The tickets' endpoints."""

from typing import Any, cast

from django.db.models import QuerySet
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import generics, mixins, viewsets
from rest_framework.decorators import action
from rest_framework.permissions import IsAuthenticated
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from mentorq.api.ids import ID
from mentorq.api.openapi import FORBIDDEN, NOT_FOUND, READ_ERRORS, WRITE_ERRORS
from mentorq.api.pagination import TicketPagination, number_parameter
from mentorq_backend import stats
from mentorq_backend.events.filters import EventFilter
from mentorq_backend.events.schedule import began, schedule_of
from mentorq_backend.feedback.models import FeedbackQuerySet
from mentorq_backend.filters import CreatedFilter, TicketFilter, TicketSearchFilter
from mentorq_backend.live import reads
from mentorq_backend.live.etags import ConditionalGetMixin, key_of
from mentorq_backend.live.shared import ANSWERS
from mentorq_backend.models import Feedback, Ticket
from mentorq_backend.openapi import (
    CONFLICT,
    CREATE_EXAMPLES,
    ETAG,
    FEEDBACK_EXAMPLES,
    FEEDBACK_ID,
    FIGURES,
    IF_NONE_MATCH,
    LEADERBOARD_LIMIT,
    LOCATION,
    MOVE_EXAMPLES,
    MOVING,
    NOT_MODIFIED,
    NOT_OPENED,
    OPENING,
    QUEUE,
    RATING,
    SLACK_ERRORS,
    SLACK_LINK,
    TALKING,
    TICKET_ID,
    TOO_MUCH,
    StatsSerializer,
)
from mentorq_backend.permissions import ChangesOwnFeedback, ReadsHistory
from mentorq_backend.querysets import TicketQuerySet
from mentorq_backend.renderers import QueueRenderer
from mentorq_backend.serializers import (
    FeedbackSerializer,
    LeaderboardSerializer,
    TicketCreateSerializer,
    TicketEventSerializer,
    TicketMoveSerializer,
    TicketSerializer,
)
from mentorq_users.lcs.exceptions import LCSRefused
from mentorq_users.lcs.slack import dm_link
from mentorq_users.models import User
from mentorq_users.permissions import IsDirector


@extend_schema_view(
    list=extend_schema(
        summary="The queue",
        description=QUEUE,
        parameters=[IF_NONE_MATCH, ETAG],
        responses={200: TicketSerializer(many=True), 304: NOT_MODIFIED, **READ_ERRORS},
    ),
    create=extend_schema(
        summary="Open a ticket",
        description=OPENING,
        parameters=[LOCATION],
        responses={
            200: OpenApiResponse(TicketSerializer, "The same ticket was opened within the last minute."),
            201: TicketSerializer,
            **WRITE_ERRORS,
            403: FORBIDDEN,
            409: NOT_OPENED,
            429: TOO_MUCH,
        },
        examples=CREATE_EXAMPLES,
    ),
    retrieve=extend_schema(
        summary="One ticket",
        description="The same representation as in the queue.",
        parameters=[TICKET_ID, IF_NONE_MATCH, ETAG],
        responses={200: TicketSerializer, 304: NOT_MODIFIED, **READ_ERRORS, 404: NOT_FOUND},
    ),
    partial_update=extend_schema(
        summary="Move a ticket",
        description=MOVING,
        parameters=[TICKET_ID],
        responses={200: TicketSerializer, **WRITE_ERRORS, 403: FORBIDDEN, 404: NOT_FOUND, 409: CONFLICT, 429: TOO_MUCH},
        examples=MOVE_EXAMPLES,
    ),
)
class TicketViewSet(
    ConditionalGetMixin,
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
    filter_backends = [DjangoFilterBackend, TicketSearchFilter, EventFilter]
    lists_unfinished = True
    filterset_class = TicketFilter
    search_fields = ["title", "comment", "location"]
    pagination_class = TicketPagination
    viewer: User | None = None  # for whom a list is built: the caller, or everybody who sees the same
    serializer_classes: dict[str, type[BaseSerializer[Ticket]]] = {
        "create": TicketCreateSerializer,
        "partial_update": TicketMoveSerializer,
    }

    def get_queryset(self) -> "QuerySet[Ticket, Any]":
        return Ticket.objects.newest_first().visible_to(self.viewer or cast("User", self.request.user)).rows()

    def get_serializer_context(self) -> dict[str, Any]:
        """The viewer of a shared list is a stand-in for everybody who sees the same list."""
        return {**super().get_serializer_context(), "viewer": self.viewer or self.request.user}

    def get_object(self) -> Ticket:
        """A ticket that the caller may not see returns 404."""
        visible = Ticket.objects.visible_to(cast("User", self.request.user)).with_feedback()
        ticket: Ticket = generics.get_object_or_404(visible, pk=self.kwargs["pk"])
        self.check_object_permissions(self.request, ticket)
        return ticket

    def get_renderers(self) -> list[BaseRenderer]:
        return [QueueRenderer()] if self.action == "list" else super().get_renderers()

    def get_serializer_class(self) -> type[BaseSerializer[Ticket]]:
        """Each serializer reads its own request and answers with a whole ticket."""
        return self.serializer_classes.get(self.action, TicketSerializer)

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        user = cast("User", request.user)
        fingerprint = reads.fingerprint(user, request)
        if self.is_unchanged(fingerprint):
            return Response(status=304)
        if not user.sees_every_ticket or reads.sees_own_list(user):
            return Response(self.list_data(user))
        everybody = User(is_mentor=True, is_director=user.is_director)
        question = (request.scheme, request.get_host(), request.get_full_path(), user.is_director)
        answer = ANSWERS.get(question, fingerprint, lambda: QueueRenderer().render(self.list_data(everybody)))
        self.etag_key, self.body_digest = key_of(request, user, answer.state), answer.digest
        return Response(answer.content)

    def list_data(self, viewer: User) -> Any:
        """Return an array, or a page if the query string has `limit`."""
        self.viewer = viewer
        if self.request.query_params:
            return super().list(self.request).data
        rows = reads.newest_rows(viewer, schedule_of(self.request), began(self.request))
        return self.get_serializer(rows, many=True).data

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Answer 201, or 200 with the earlier ticket if this request repeats it."""
        serializer = cast("TicketCreateSerializer", self.get_serializer(data=request.data))
        serializer.is_valid(raise_exception=True)
        serializer.save()
        headers = self.get_success_headers(serializer.data)
        return Response(serializer.data, status=201 if serializer.is_new else 200, headers=headers)

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        # The ETag is not made of the version, which would tell everybody that the ticket was rated.
        shown_to_caller = self.get_serializer(self.get_object()).data
        return Response(status=304) if self.is_unchanged(repr(shown_to_caller)) else Response(shown_to_caller)

    @extend_schema(
        summary="What happened to a ticket",
        description="Every move, oldest first. Organizers and directors only.",
        parameters=[TICKET_ID],
        responses={200: TicketEventSerializer(many=True), **READ_ERRORS, 403: FORBIDDEN, 404: NOT_FOUND},
    )
    @action(detail=True, permission_classes=[IsAuthenticated, ReadsHistory], filter_backends=[], pagination_class=None)
    def history(self, request: Request, **kwargs: Any) -> Response:
        return Response(TicketEventSerializer(self.get_object().events.all(), many=True).data)


class StatsView(generics.GenericAPIView[Ticket]):
    """`/api/tickets/stats/`."""

    queryset = Ticket.objects.all()
    permission_classes = [IsAuthenticated, IsDirector]
    filter_backends = [DjangoFilterBackend, EventFilter]
    filterset_class = CreatedFilter

    @extend_schema(
        tags=["statistics"],
        summary="The waiting times",
        description=FIGURES,
        filters=True,
        responses={200: StatsSerializer, **READ_ERRORS, 403: FORBIDDEN},
    )
    def get(self, request: Request) -> Response:
        return Response(stats.summary(cast("TicketQuerySet", self.filter_queryset(self.get_queryset()))))


@extend_schema_view(
    get=extend_schema(
        summary="Talk on Slack",
        description=TALKING,
        parameters=[TICKET_ID],
        responses={(200, "application/json"): SLACK_LINK, **READ_ERRORS, **SLACK_ERRORS},
    )
)
class SlackDMView(generics.GenericAPIView[Ticket]):
    """`/api/tickets/<id>/slack-dm/`."""

    def get_queryset(self) -> TicketQuerySet:
        return Ticket.objects.all().visible_to(cast("User", self.request.user))

    def get(self, request: Request, **kwargs: Any) -> Response:
        user = cast("User", request.user)
        return Response(dm_link(user, self.get_object().other_party(user)))

    def handle_exception(self, exc: Exception) -> Response:
        """Answer with a bare JSON string. The frontend shows other strings than LCS's refusals and `error: …` as links."""
        if isinstance(exc, LCSRefused):
            return Response(str(exc), status=403)
        response = super().handle_exception(exc)
        if response.status_code != 401:
            response.data = f"error: {response.data['detail']}"
        return response


@extend_schema_view(
    list=extend_schema(
        summary="Feedback",
        description="Directors get all feedback. Everyone else gets the feedback that they gave. Newest first.",
        responses={200: FeedbackSerializer(many=True), **READ_ERRORS},
    ),
    create=extend_schema(
        summary="Rate the help",
        description=RATING,
        responses={201: FeedbackSerializer, **WRITE_ERRORS, 403: FORBIDDEN, 404: NOT_FOUND},
        examples=FEEDBACK_EXAMPLES,
    ),
    retrieve=extend_schema(
        summary="The feedback of one ticket",
        parameters=[FEEDBACK_ID],
        responses={200: FeedbackSerializer, **READ_ERRORS, 404: NOT_FOUND},
    ),
    partial_update=extend_schema(
        summary="Change a rating",
        parameters=[FEEDBACK_ID],
        responses={200: FeedbackSerializer, **WRITE_ERRORS, 403: FORBIDDEN, 404: NOT_FOUND},
    ),
)
class FeedbackViewSet(
    mixins.CreateModelMixin,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.UpdateModelMixin,
    viewsets.GenericViewSet[Feedback],
):
    """`/api/feedback/…`, by the id of the ticket."""

    queryset = Feedback.objects.all()
    serializer_class = FeedbackSerializer
    permission_classes = [IsAuthenticated, ChangesOwnFeedback]
    lookup_value_regex = ID  # Django does not check the length of an id that it looks up through a relation
    lookup_url_kwarg = "ticket"
    http_method_names = ["get", "post", "patch", "head", "options"]

    def get_queryset(self) -> FeedbackQuerySet:
        feedback = Feedback.objects.select_related("ticket").order_by("-created", "-ticket_id")
        return feedback.visible_to(cast("User", self.request.user))


class LeaderboardView(generics.GenericAPIView[Ticket]):
    """`/api/feedback/leaderboard/`, of the feedback on these tickets."""

    queryset = Ticket.objects.all()
    filter_backends = [DjangoFilterBackend, EventFilter]
    filterset_class = CreatedFilter

    @extend_schema(
        summary="The best mentors",
        description=(
            "By default of the present event. Best first, by a Bayesian average: a single 5 does not outrank forty good "
            "ratings."
        ),
        operation_id="feedback_leaderboard_list",
        parameters=[LEADERBOARD_LIMIT],
        filters=True,
        responses={200: LeaderboardSerializer(many=True), **READ_ERRORS},
    )
    def get(self, request: Request) -> Response:
        limit = number_parameter(request, "limit", least=1, most=1000, default=5)
        tickets = cast("TicketQuerySet", self.filter_queryset(self.get_queryset()))
        return Response(LeaderboardSerializer(Feedback.objects.on(tickets).leaderboard()[:limit], many=True).data)
