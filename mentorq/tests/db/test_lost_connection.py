"""PostgreSQL was restarted between two requests: the next one, whichever it is, finds it again."""

import pytest
from django.db import close_old_connections, connection

REQUESTS = {
    "the list": ("get", "/api/tickets/", None, 200),
    "a filtered list": ("get", "/api/tickets/?status=OPEN", None, 200),
    "one ticket": ("get", "/api/tickets/{ticket}/", None, 200),
    "a claim": ("patch", "/api/tickets/{ticket}/", {"status": "CLAIMED"}, 200),
    "a new ticket": ("post", "/api/tickets/", {"title": "It loops", "location": "Here"}, 201),
    "a sign-out": ("post", "/api/auth/logout/", {"refresh": "none"}, 401),
    "a probe": ("get", "/healthz", None, 200),
}


def lose_connection():
    """Let PostgreSQL close this thread's connection, as a restart does, and begin a new request."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
    other.close()
    close_old_connections()  # a server does so at the start of each request, the test client does not


if connection.vendor == "postgresql":

    @pytest.mark.usefixtures("committed")
    @pytest.mark.parametrize("request_", REQUESTS.values(), ids=REQUESTS)
    def test_a_request_on_a_connection_that_postgresql_closed_is_answered(request_, ada, mia, make_ticket, client_of):
        method, path, body, status = request_
        path, client = path.format(ticket=make_ticket(ada).pk), client_of(mia)
        lose_connection()

        response = getattr(client, method)(path, body)

        assert response.status_code == status, response.content

    @pytest.mark.usefixtures("committed")
    def test_an_unchanged_poll_on_a_connection_that_postgresql_closed_is_a_304(ada, mia, make_ticket, client_of):
        make_ticket(ada)
        client = client_of(mia)
        known = {"If-None-Match": client.get("/api/tickets/")["ETag"]}
        lose_connection()

        statuses = [client.get("/api/tickets/", headers=known).status_code for _ in range(2)]

        assert statuses == [304, 304]
