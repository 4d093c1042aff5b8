"""Probes: whether the process, its database and its tables work."""

import logging

from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from mentorq_backend.events.schedule import current
from mentorq_backend.upkeep.models import UpkeepState

logger = logging.getLogger(__name__)


@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """Return 200 if the process and its database work, else 503."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error as error:
        return unavailable(error)
    return JsonResponse({"status": "ok"})


@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Return 200 if the database has every table that this version needs, else 503 with the remedy.

    The server works without upkeep, so a missing one is a warning.
    """
    try:
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
        upkeep = {} if missing else of_upkeep()
    except Error as error:
        return unavailable(error)
    if missing:
        return JsonResponse({"status": "unavailable", "migrations": "missing: python manage.py migrate"}, status=503)
    return JsonResponse({"status": "ready", **upkeep})


def of_upkeep() -> dict[str, str]:
    state = UpkeepState.read(current().events)
    return {"upkeep": state.seen, **({"warning": state.warning} if state.warning else {})}


def unavailable(error: Error) -> JsonResponse:
    logger.error("The database does not answer", exc_info=error)
    return JsonResponse({"status": "unavailable", "database": "does not answer"}, status=503)
