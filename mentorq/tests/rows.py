"""All that the database holds of people and tickets, for the tests of what must change nothing."""

from typing import Any

from django.apps import apps
from django.db import connection

APPS = ["mentorq_users", "mentorq_backend"]


def rows() -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of our tables, but for the tries to sign in, which count whatever comes of them."""
    held = {}
    with connection.cursor() as cursor:
        for app in APPS:
            for model in apps.get_app_config(app).get_models():
                cursor.execute(f"SELECT * FROM {model._meta.db_table} ORDER BY 1")
                held[model.__name__] = cursor.fetchall()
    return {name: found for name, found in held.items() if name != "SignInTries"}
