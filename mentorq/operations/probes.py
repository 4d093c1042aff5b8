"""Probes: whether the process, its database and its tables work."""

import logging

from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from mentorq.db import pooler
from mentorq.operations.doctor.question import answer_to
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
        return JsonResponse(does_not_answer(error), status=503)
    return JsonResponse({"status": "ok"})


@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Return 200 if the database has every table that this version needs and suits the settings, else 503 with the remedy.

    The server works without upkeep, so a missing one is a warning. `manage.py doctor` also hears how the server sees it.
    """
    try:
        state = readiness()
    except Error as error:
        state = does_not_answer(error)
    status = 200 if state["status"] == "ready" else 503
    return JsonResponse({**state, **answer_to(request)}, status=status)


def readiness() -> dict[str, str]:
    """Raises Error."""
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        return {"status": "unavailable", "migrations": "missing: python manage.py migrate"}
    if wrong := pooler.mismatch():
        return {"status": "unavailable", "database": f"{wrong} {pooler.REMEDY}"}
    return {"status": "ready", **of_upkeep()}


def of_upkeep() -> dict[str, str]:
    state = UpkeepState.read(current().events)
    return {"upkeep": state.seen, **({"warning": state.warning} if state.warning else {})}


def does_not_answer(error: Error) -> dict[str, str]:
    logger.error("The database does not answer", exc_info=error)
    return {"status": "unavailable", "database": "does not answer"}
