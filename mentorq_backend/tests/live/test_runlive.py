"""`manage.py runlive`: the live stream for a laptop. test_process.py has what it serves."""

import socket

import pytest
from django.core.management import CommandError, call_command


def test_a_busy_port_is_an_error_with_the_remedy():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(CommandError) as error:
            call_command("runlive", str(port))

    assert str(error.value) == f"Port {port} is not available (Address already in use). Choose another: `runlive 8012`."


def test_a_number_that_is_no_port_is_an_error_with_the_remedy():
    with pytest.raises(CommandError) as error:
        call_command("runlive", "99999")

    assert (
        str(error.value) == "Port 99999 is not available (bind(): port must be 0-65535.). Choose another: `runlive 8012`."
    )
