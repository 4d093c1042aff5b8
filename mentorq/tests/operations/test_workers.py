"""What /metrics says of each worker: what it does now, and nothing of those that have ended."""

import json
import os
import re
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.http import HttpResponse
from django.test import RequestFactory
from prometheus_client import REGISTRY
from prometheus_client.multiprocess import MultiProcessCollector

from mentorq.operations import workers
from mentorq.operations.metrics import RequestMetricsMiddleware
from mentorq.operations.workers import WORKER, Worker, forget_dead_workers
from mentorq.settings import BASE_DIR
from mentorq_users.lcs import transport

TOKEN = "only-for-prometheus"
NAMES = ["requests_in_progress", "lcs_breaker_open", "lcs_slots_held", "lcs_slots_waiting", "process_resident_memory_bytes"]


@pytest.fixture
def figure():
    """A figure of this process, as a scrape would find it."""

    def get(name):
        WORKER.publish()
        return REGISTRY.get_sample_value(f"mentorq_{name}", {"worker": str(os.getpid())})

    return get


@pytest.fixture
def serve(settings):
    """Answer a request by this function, behind the middleware."""
    settings.METRICS_TOKEN = TOKEN
    return lambda view: RequestMetricsMiddleware(view)(RequestFactory().get("/nope"))


def test_a_thread_is_busy_while_it_answers(serve, figure):
    seen = []

    def view(request):
        seen.append(figure("requests_in_progress"))
        return HttpResponse()

    serve(view)

    assert (seen, figure("requests_in_progress")) == ([1], 0)


def test_a_request_that_crashes_is_over_too(serve, figure):
    def view(request):
        raise RuntimeError

    with pytest.raises(RuntimeError):
        serve(view)

    assert figure("requests_in_progress") == 0


def test_many_threads_are_counted_one_by_one(serve, figure):
    all_in, may_go = threading.Barrier(9), threading.Event()

    def view(request):
        all_in.wait()
        may_go.wait()
        return HttpResponse()

    with ThreadPoolExecutor(8) as pool:
        answers = [pool.submit(serve, view) for _ in range(8)]
        all_in.wait()
        busy = figure("requests_in_progress")
        may_go.set()
        assert [answer.result().status_code for answer in answers] == [200] * 8

    assert (busy, figure("requests_in_progress")) == (8, 0)


def test_a_breaker_is_open_until_a_call_succeeds(figure, monkeypatch):
    known = [figure("lcs_breaker_open")]
    for _ in range(5):
        transport.breaker.failed()
        known.append(figure("lcs_breaker_open"))
    monkeypatch.setattr(transport.breaker, "seconds", 0)
    transport.breaker.lets_through()
    known.append(figure("lcs_breaker_open"))
    transport.breaker.reset()

    assert [*known, figure("lcs_breaker_open")] == [0, 0, 0, 0, 0, 1, 1, 0]


def test_slots_are_those_of_the_calls_under_way(figure):
    transport.take_slot("203.0.113.7")
    held = figure("lcs_slots_held")
    transport.slots.release("203.0.113.7")

    assert (held, figure("lcs_slots_held")) == (1, 0)


def test_a_sign_in_that_waits_for_a_slot_is_counted(figure, monkeypatch):
    monkeypatch.setattr(transport.slots, "waiting", ["203.0.113.7"])
    waiting = figure("lcs_slots_waiting")
    monkeypatch.undo()

    assert (waiting, figure("lcs_slots_waiting")) == (1, 0)


def test_the_memory_is_the_one_that_the_system_knows(figure):
    assert 30e6 < figure("process_resident_memory_bytes") < 3e9


class Statm:
    """As much of /proc/self/statm as is read."""

    def __init__(self, reads):
        self.reads = reads

    def exists(self):
        return True

    def read_text(self):
        self.reads.append(1)
        return "9 9"


def test_the_memory_is_read_every_few_seconds(monkeypatch):
    reads = []
    worker = Worker()
    monkeypatch.setattr(workers, "STATM", Statm(reads))

    for _ in range(100):
        worker.begin()
        worker.end()
    worker.weighed_at -= workers.WEIGHED
    worker.publish()

    assert len(reads) == 2


def test_a_system_that_does_not_tell_the_memory_breaks_nothing(monkeypatch, tmp_path, caplog):
    monkeypatch.setattr(workers, "STATM", tmp_path / "none")

    Worker().begin()

    assert caplog.records == []


def test_a_figure_that_cannot_be_written_is_written_with_the_next_request(monkeypatch, caplog):
    worker, pid = Worker(), os.getpid()

    with monkeypatch.context() as broken:
        broken.setattr("mentorq.histograms._silent_until", 0.0)
        broken.setattr(workers, "of_worker", lambda *args: 1 / 0)
        worker.begin()
        lost = [record.getMessage()[:16] for record in caplog.records]
    worker.begin()

    assert lost == ["Metrics are lost"]
    assert REGISTRY.get_sample_value("mentorq_requests_in_progress", {"worker": str(pid)}) == 2
    WORKER.written.clear()  # the one worker of this process writes its own again


# Several workers

ASK = f"""
import json, os, sys
sys.argv = ["manage.py"]
import django; django.setup()
from django.conf import settings; settings.METRICS_TOKEN = {TOKEN!r}
from django.test import Client
from mentorq_users.lcs.transport import breaker
client = Client(HTTP_HOST="localhost")
for line in sys.stdin:
    for _ in range(5 * (line == "fail\\n")):
        breaker.failed()
    text = client.get("/metrics", headers={{"Authorization": "Bearer {TOKEN}"}}).content.decode()
    print(json.dumps([os.getpid(), text]), flush=True)
"""


def by_worker(text, name):
    found = re.findall(rf'^mentorq_{name}{{worker="(\d+)"}} (\S+)$', text, re.MULTILINE)
    return {worker: float(value) for worker, value in found}


class Process:
    """A worker that a test tells what to do."""

    def __init__(self, folder):
        environment = {"DJANGO_SETTINGS_MODULE": "mentorq.settings", "PROMETHEUS_MULTIPROC_DIR": str(folder)}
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self.process = subprocess.Popen([sys.executable, "-c", ASK], cwd=BASE_DIR, env=environment, text=True, **pipes)

    def scrape(self, event="scrape"):
        """Return its process id, and the value of each worker by figure."""
        self.process.stdin.write(f"{event}\n")
        self.process.stdin.flush()
        pid, text = json.loads(self.process.stdout.readline())
        return str(pid), {name: by_worker(text, name) for name in NAMES}

    def kill(self):
        self.process.kill()
        for pipe in (self.process.stdin, self.process.stdout):
            pipe.close()
        self.process.wait()


@pytest.fixture
def two_workers(tmp_path):
    pair = [Process(tmp_path), Process(tmp_path)]
    yield pair
    for worker in pair:
        worker.kill()


def test_one_worker_tells_of_all_and_nothing_of_one_that_was_killed(two_workers, tmp_path):
    one, other = two_workers
    own, _ = other.scrape("fail")
    pid, both = one.scrape()
    other.kill()
    _, alone = one.scrape()

    assert both["lcs_breaker_open"] == {pid: 0, own: 1}
    assert both["requests_in_progress"] == {pid: 1, own: 0}
    assert both["process_resident_memory_bytes"].keys() == {pid, own}
    assert {name: set(of) for name, of in alone.items()} == {name: {pid} for name in NAMES}
    left = sorted(file.name for file in tmp_path.iterdir())
    assert left == sorted([f"gauge_livesum_{pid}.db", f"histogram_{pid}.db", f"histogram_{own}.db"])


@pytest.mark.parametrize("name", ["gauge_livesum_x.db", f"gauge_livesum_{10**30}.db", "gauge_livesum_0x.db"])
def test_a_file_that_is_of_no_process_is_removed(tmp_path, name):
    (tmp_path / name).touch()

    forget_dead_workers(str(tmp_path))

    assert list(tmp_path.iterdir()) == []


def test_two_scrapes_may_find_the_same_dead_worker(tmp_path, monkeypatch):
    (tmp_path / "gauge_livesum_x.db").touch()

    def faster(pid, path):
        raise FileNotFoundError

    monkeypatch.setattr(workers, "mark_process_dead", faster)

    forget_dead_workers(str(tmp_path))


def test_a_process_of_another_user_is_no_worker_of_ours(tmp_path, monkeypatch):
    (tmp_path / "gauge_livesum_1.db").touch()

    def refuse(pid, number):
        raise PermissionError

    monkeypatch.setattr(os, "kill", refuse)

    forget_dead_workers(str(tmp_path))

    assert list(tmp_path.iterdir()) == []


def test_room_that_nobody_has_used_yet_is_read_as_nothing(tmp_path):
    (tmp_path / f"gauge_livesum_{os.getpid()}.db").write_bytes(bytes(64 * 1024))

    assert list(MultiProcessCollector(None, str(tmp_path)).collect()) == []
