"""The process of the live stream on the tests' database, and a client that listens to it."""

import http.client
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

import psutil
from django.db import connection

from mentorq.tests.servers import BASE_DIR, free_ports
from mentorq_users.tokens import AccessToken, issue

PATIENCE = 15  # seconds for a start


def database_url():
    name = connection.settings_dict["NAME"]
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()


class LiveProcess:
    """`manage.py runlive`: granian with the application of production, and the key of the tests."""

    def __init__(self, **variables):
        (self.port,) = free_ports(1)
        self.variables = variables
        self.start()

    def start(self):
        command = [sys.executable, "manage.py", "runlive", str(self.port)]
        environment = {"PATH": os.environ["PATH"], "DATABASE_URL": database_url(), **self.variables}
        self.process = subprocess.Popen(
            command, cwd=BASE_DIR, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        deadline = time.monotonic() + PATIENCE
        while not self.answers():
            assert time.monotonic() < deadline, "the live process does not start"
            time.sleep(0.05)

    def answers(self):
        try:
            return self.get("/healthz").status == 200
        except ConnectionError:
            return False

    def get(self, path, method="GET", body=None, **headers):
        """Return the response; its body is in `content`."""
        server = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            server.request(method, path, body, headers)
            response = server.getresponse()
            response.content = response.read()
            return response
        finally:
            server.close()

    def threads(self):
        return sum(process.num_threads() for process in psutil.Process(self.process.pid).children(recursive=True))

    def end(self, number):
        """Send the signal to the server and, if it kills, to its worker. Return the seconds until all have ended."""
        family = [psutil.Process(self.process.pid), *psutil.Process(self.process.pid).children(recursive=True)]
        start = time.monotonic()
        for process in family if number == signal.SIGKILL else family[:1]:
            process.send_signal(number)
        psutil.wait_procs(family, timeout=10)
        self.output = self.process.communicate(timeout=10)[0]
        return time.monotonic() - start


class Listener:
    """A client of `/api/live/`: its events with the instants at which they came (`time.monotonic()`)."""

    def __init__(self, port, user=None, last_id="", **headers):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=40)
        if user:
            headers["Authorization"] = f"Bearer {issue(AccessToken, user)}"
        if last_id:
            headers["Last-Event-ID"] = last_id
        self.connection.request("GET", "/api/live/", headers=headers)
        self.socket = self.connection.sock
        self.response = self.connection.getresponse()
        self.events, self.id, self.ended_at = queue.Queue(), "", None
        self.began, self.thread = threading.Event(), None
        if self.response.status == 200:
            self.thread = threading.Thread(target=self._listen, daemon=True)
            self.thread.start()
            assert self.began.wait(5)

    def _listen(self):
        try:
            for line in self.response:
                name, _, value = line.decode().strip().partition(": ")
                if name == "event":
                    self.events.put((value, time.monotonic()))
                if name == "id":
                    self.id = value
                    self.began.set()
            self.whole = True
        except (OSError, http.client.HTTPException):
            self.whole = False
        self.ended_at = time.monotonic()

    def hear(self, seconds):
        """Return the names of the events of these seconds."""
        time.sleep(seconds)
        return {self.events.get()[0] for _ in range(self.events.qsize())}

    def wait_for(self, name, seconds=5):
        """Return the instant of the next event of this name; raises queue.Empty."""
        while True:
            found, at = self.events.get(timeout=seconds)
            if found == name:
                return at

    def wait_for_end(self, seconds):
        deadline = time.monotonic() + seconds
        while self.ended_at is None and time.monotonic() < deadline:
            time.sleep(0.02)
        return self.ended_at is not None

    def close(self):
        if self.thread:
            with suppress(OSError):  # the server may have closed it
                self.socket.shutdown(socket.SHUT_RDWR)
            self.thread.join()
        self.response.close()
        self.connection.close()


@contextmanager
def listeners(port, *users):
    opened = [Listener(port, user) for user in users]
    try:
        yield opened
    finally:
        for listener in opened:
            listener.close()
