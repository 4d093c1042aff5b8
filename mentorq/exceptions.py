"""Turns domain errors into HTTP errors: a status and `{"detail", "code"}`, with the ticket on a conflict."""

import logging
from typing import Any

from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent
from django.db import InterfaceError, InternalError, OperationalError
from django.http import UnreadablePostError
from rest_framework import views
from rest_framework.exceptions import APIException, ParseError, PermissionDenied, Throttled
from rest_framework.response import Response

from mentorq_backend.exceptions import LimitReached, MoveNotAllowed, QueueClosed, RateExceeded, TicketConflict
from mentorq_backend.serializers import TicketSerializer
from mentorq_users.lcs.exceptions import LCSUnavailable

logger = logging.getLogger(__name__)

# The database is unreachable, locked, full, read-only (InternalError on PostgreSQL) or not migrated.
DATABASE_ERRORS = (OperationalError, InterfaceError, InternalError)


class ServiceUnavailable(APIException):
    """503: LCS or the database does not answer. `wait` becomes Retry-After, in seconds."""

    status_code = 503
    default_code = "service_unavailable"
    wait = 5


class PayloadTooLarge(APIException):
    """413: the body is larger than DATA_UPLOAD_MAX_MEMORY_SIZE."""

    status_code = 413
    default_detail = "The body is too large."
    default_code = "too_large"


class Conflict(APIException):
    """409: the ticket's status does not allow the move, or somebody else moved it first."""

    status_code = 409


def exception_handler(exc: Exception, context: dict[str, Any]) -> Response | None:
    """Return the response to an error raised in a view; None for a bug, which Django logs and answers with 500."""
    if isinstance(exc, DATABASE_ERRORS):
        logger.error("The database does not answer", exc_info=exc)
    response = views.exception_handler(_as_api_exception(exc), context)
    if response is None:
        return None
    if isinstance(response.data, dict) and "detail" in response.data:
        response.data.setdefault("code", getattr(response.data["detail"], "code", "error"))
    if isinstance(exc, (TicketConflict, LimitReached, QueueClosed)) and exc.ticket is not None:
        response.data["ticket"] = TicketSerializer(exc.ticket, context={"request": context["request"]}).data
    return response


def _as_api_exception(exc: Exception) -> Exception:
    match exc:
        case TicketConflict() | LimitReached() | QueueClosed():
            return Conflict(str(exc), code=exc.code)
        case RateExceeded():
            return Throttled(exc.wait, str(exc))
        case MoveNotAllowed():
            return PermissionDenied(str(exc))
        case _:
            return _from_infrastructure(exc)


def _from_infrastructure(exc: Exception) -> Exception:
    match exc:
        case LCSUnavailable():
            return ServiceUnavailable("HackRU's account service does not answer. Please try again in a moment.")
        case _ if isinstance(exc, DATABASE_ERRORS):
            return ServiceUnavailable("The database does not answer. Please try again in a moment.")
        case UnreadablePostError():  # from mentorq.http.bodies, or the client has disconnected
            return ServiceUnavailable("Too many requests are still being sent. Please try again in a moment.")
        case RequestDataTooBig():
            return PayloadTooLarge()
        case TooManyFieldsSent():  # in the query string
            return ParseError("Too many parameters.")
        case _:
            return exc
