"""Fixtures for the tests of tickets."""

import pytest
from django.core.management import call_command


@pytest.fixture
def import_(db, tmp_path, capsys):
    """Import a file of these bytes by the command, and return what it says in the end."""

    def run(content, *arguments, name="tickets.jsonl"):
        file = tmp_path / name
        file.write_bytes(content)
        call_command("importtickets", str(file), *arguments)
        return capsys.readouterr().out

    return run


@pytest.fixture
def desk(client, olga):
    """A browser in which an organizer is signed in."""
    client.force_login(olga, backend="mentorq_users.backends.LCSBackend")
    return client
