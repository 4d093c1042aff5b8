"""What nginx must answer itself, and what it must pass on."""

import json
import time
from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any

import requests

from mentorq.tests.deployed.machine import METRICS_TOKEN, ORIGIN, Machine
from mentorq.tests.servers import STATIC
from mentorq.tests.torture.outcome import Outcome

LARGE, TOO_LARGE_FOR_US, HEADER = 400_000, 270_000, 70_000  # bytes; nginx takes 300 kB, MentorQ 256 kB
EXPOSED = "ETag, Location, Retry-After, X-Request-ID"


def ask(machine: Machine, method: str, path: str, **options: Any) -> requests.Response:
    headers = {"Origin": ORIGIN, "Content-Type": "application/json", **options.pop("headers", {})}
    url, verify = machine.proxy.url + path, str(machine.proxy.ca)
    return requests.request(method, url, headers=headers, verify=verify, timeout=20, **options)


def error(response: requests.Response) -> tuple[Any, ...]:
    """Return status, code, origin and Retry-After of an error; raises ValueError if it is not JSON."""
    names = "Access-Control-Allow-Origin", "Retry-After"
    return response.status_code, response.json()["code"], *map(response.headers.get, names)


def too_large_for_nginx(machine: Machine) -> bool:
    response = ask(machine, "POST", "/api/tickets/", data="x" * LARGE)
    return error(response) == (413, "too_large", ORIGIN, None)


def too_large_for_mentorq(machine: Machine) -> bool:
    response = ask(machine, "POST", "/api/auth/token/", data="x" * TOO_LARGE_FOR_US)
    return error(response) == (413, "too_large", ORIGIN, None)


def too_long_a_header(machine: Machine) -> bool:
    response = ask(machine, "GET", "/api/tickets/", headers={"X-Long": "x" * HEADER})
    return error(response) == (400, "bad_request", ORIGIN, None)


def both_processes_down(machine: Machine) -> bool:
    for unit in machine.web:
        unit.stop()
    ours, others = (
        ask(machine, "GET", "/api/tickets/", headers={"Origin": origin}) for origin in (ORIGIN, "https://evil.example")
    )
    for unit in machine.web:
        unit.start()
    exposed = ours.headers["Access-Control-Expose-Headers"], len(ours.headers["X-Request-ID"])
    return (error(ours), error(others), exposed) == (
        (503, "service_unavailable", ORIGIN, "5"), (503, "service_unavailable", None, "5"), (EXPOSED, 32),
    )  # fmt: skip


def plain_http(machine: Machine) -> bool:
    url = f"http://localhost:{machine.proxy.plain_port}/api/tickets/"
    response = requests.get(url, allow_redirects=False, timeout=20)
    return (response.status_code, response.headers["Location"]) == (301, "https://localhost/api/tickets/")


def http_2(machine: Machine) -> bool:
    command = ["curl", "--silent", "--http2", "--cacert", str(machine.proxy.ca), "--output", "/dev/null"]
    return machine.run(*command, "--write-out", "%{http_version} %{http_code}", machine.proxy.url + "/api/") == "2 200"


def gzip(machine: Machine) -> bool:
    [mentor] = machine.inside("claims", "1", "20")["mentors"]
    headers = {"Accept-Encoding": "gzip", "Authorization": f"Bearer {mentor}"}
    answer = ask(machine, "GET", "/api/tickets/", headers=headers).headers
    return answer.get("Content-Encoding") == "gzip" and "Accept-Encoding" in answer["Vary"]


def static_files_of_either(machine: Machine) -> bool:
    """While the processes have different files, as in a deployment, nginx finds both: DEBUG leaves the version out."""
    other = machine.unit("mentorq-web@8001", DEBUG="on")
    machine.web[1].stop()
    other.start()
    paths = [f"{prefix}admin/css/base.css" for prefix in ("/static/", STATIC)] * 4
    statuses = [ask(machine, "GET", path).status_code for path in paths]
    other.stop()
    machine.web[1].start()
    return statuses == [HTTPStatus.OK] * len(paths)


def metrics_closed(machine: Machine) -> bool:
    paths = "/metrics", "/metrics/"
    closed = [ask(machine, "GET", path, headers={"Authorization": f"Bearer {METRICS_TOKEN}"}) for path in paths]
    return [response.status_code for response in closed] == [404, 404]


def metrics_of_each_process(machine: Machine) -> bool:
    urls = [f"http://127.0.0.1:{machine.ports[port]}/metrics" for port in ("8000", "8001")]
    answers = [requests.get(url, headers={"Authorization": f"Bearer {METRICS_TOKEN}"}, timeout=20) for url in urls]
    return all(answer.ok and "mentorq_tickets{" in answer.text for answer in answers)


def request_id_in_the_log(machine: Machine) -> bool:
    given = ask(machine, "GET", "/api/nowhere/").headers["X-Request-ID"]
    logs = [(machine.folder / f"{unit.name}.log").read_text() for unit in machine.web]
    return any(f'"{given}"' in log for log in logs) and given in (machine.folder / "access.log").read_text()


def no_query_in_the_log(machine: Machine) -> bool:
    ask(machine, "GET", "/api/tickets/?search=only-here")
    lines = (machine.folder / "access.log").read_text().splitlines()
    return all(json.loads(line) for line in lines) and not any("only-here" in line for line in lines)


def stream_unbuffered(machine: Machine) -> bool:
    start = time.monotonic()
    with ask(machine, "GET", "/api/live/", stream=True) as response:
        line = next(response.iter_lines(chunk_size=1))
    return response.status_code == HTTPStatus.OK and line.startswith(b"retry:") and time.monotonic() - start < 1


CHECKS: list[Callable[[Machine], bool]] = [
    too_large_for_nginx, too_large_for_mentorq, too_long_a_header, both_processes_down, plain_http, http_2, gzip,
    static_files_of_either, metrics_closed, metrics_of_each_process, request_id_in_the_log, no_query_in_the_log,
    stream_unbuffered,
]  # fmt: skip


def answered(machine: Machine) -> Iterator[Outcome]:
    wrong = [check.__name__ for check in CHECKS if not check(machine)]
    yield Outcome(
        "nginx", "what it answers itself and what it passes on", {"checks": len(CHECKS), "wrong": wrong}, none=["wrong"]
    )
