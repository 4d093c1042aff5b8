"""What the work is compared with: the least that Django can do for the same end; the benchmark's servers have these too."""

from functools import cache

from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import include, path
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from mentorq_backend.models import Ticket, TicketEvent


class OneQueryView(APIView):
    """An authenticated view that makes one indexed query."""

    def get(self, request: Request) -> Response:
        """Answer `GET /floors/one-query/`."""
        return Response(Ticket.objects.filter(owner_email=request.user.get_username()).values_list("id", flat=True)[0])


@csrf_exempt
def update_and_insert(request: HttpRequest, ticket: int) -> JsonResponse:
    """Answer `POST /floors/claim/<id>/`: the conditional UPDATE and the INSERT, and nothing around them."""
    now = timezone.now()
    with transaction.atomic():
        open_ticket: QuerySet[Ticket] = QuerySet(Ticket).filter(pk=ticket, status="OPEN")
        claimed = open_ticket.update(status="CLAIMED", mentor="M", mentor_email="m@example.edu", claimed_datetime=now)
        if claimed:
            TicketEvent.objects.create(
                ticket_id=ticket, at=now, by="m@example.edu", from_status="OPEN", to_status="CLAIMED"
            )
    return JsonResponse({"claimed": claimed}, status=200 if claimed else 409)


@cache
def letters(count: int) -> bytes:
    """Return so many bytes, the same ones each time."""
    return b"x" * count


def stored(request: HttpRequest, count: int) -> HttpResponse:
    """Answer `GET /floors/stored/<count>/` with so many bytes that are there already."""
    return HttpResponse(letters(count), content_type="application/json")


urlpatterns = [
    path("floors/stored/<int:count>/", stored),
    path("floors/one-query/", OneQueryView.as_view()),
    path("floors/claim/<int:ticket>/", update_and_insert),
    path("", include("mentorq.urls")),
]
