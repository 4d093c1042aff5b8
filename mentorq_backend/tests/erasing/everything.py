"""Every cell of every table as text, in clear."""

import base64
import pickle

from django.contrib.sessions.models import Session
from django.db import connection


def everything() -> list[str]:
    """Return each row of each table as a text, in lower case. Sessions and the cache are decoded."""
    rows = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            rows += [f"{table} {in_clear(table, row)}".lower() for row in cursor.fetchall()]
    return rows


def in_clear(table: str, row: tuple) -> str:
    if table == "mentorq_cache":
        return f"{row[0]} {pickle.loads(base64.b64decode(row[1]))}"
    if table == "django_session":
        return f"{row[0]} {Session(session_data=row[1]).get_decoded()}"
    return " ".join(map(str, row))


def naming(*words: str) -> list[str]:
    return [row for row in everything() if any(word.lower() in row for word in words)]
