"""What the world sees at --url: the server behind its proxy."""

import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from mentorq.operations.doctor.asking import Answer, NoAnswer
from mentorq.operations.doctor.findings import Finding, amber, green, red
from mentorq.operations.doctor.question import FORGED, headers_of_question
from mentorq.operations.doctor.tls import Target, plain_http

PROTO = "Let the proxy set it: `proxy_set_header X-Forwarded-Proto $scheme;`."
HOST = "Put {host} into ALLOWED_HOSTS, and let the proxy pass the name on: `proxy_set_header Host {variable};`."
UPSTREAM = "Look whether the server runs, and at the proxy's log."
NOT_OURS = "Correct --url, or the paths that the proxy sends to MentorQ."
APPEND = "`proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;`"
OTHER_KEY = "The server does not answer the doctor's question: it has another SECRET_KEY."
SAME_KEY = "Run this with the server's environment, and restart the server after an upgrade: docs/operations.md."
PREFLIGHT = (
    "Restart the server after a change of CORS_ALLOWED_ORIGINS, and let the proxy pass OPTIONS on and set no"
    " Access-Control headers itself."
)
OWN_ERRORS = "Let the proxy pass our errors on: `client_max_body_size 300k;`, and no `proxy_intercept_errors`."
CSRF = "Put {origin} into CSRF_TRUSTED_ORIGINS, and restart the server."
UNBUFFERED = "Switch buffering off for /api/live/: `proxy_buffering off;`."
ROUTE = "Start the live process, and let the proxy send /api/live/ to it (docs/operations.md). Until then clients poll."
CLOSE = "Set METRICS_TOKEN, and let the proxy add no Authorization header to /metrics."
TOO_LARGE = "x" * (256 * 1024 + 1)  # a byte more than DATA_UPLOAD_MAX_MEMORY_SIZE allows
STREAM_SECONDS = 3.0


def front(target: Target) -> Iterator[Finding]:
    """Yield whether MentorQ answers, and by what scheme and host it thinks that it was asked: `/api/` lists its URLs."""
    answer = target.ask("GET", "/api/")
    if answer.is_redirect and leads_to_itself(target, answer):
        yield red("X-Forwarded-Proto", "The server redirects https to https for ever: it hears nothing of TLS.", PROTO)
    elif answer.status == 400:
        yield red("hosts", f"The server refuses the host that it hears for {target.origin}.", pass_on(target))
    elif answer.status in (502, 503, 504):
        yield red("server", f"{target.origin}/api/ answers {answer.status}.", UPSTREAM)
    else:
        yield from index(target, answer)


def leads_to_itself(target: Target, answer: Answer) -> bool:
    """Return whether it is the server's own redirect to https. The port is missing if the proxy does not pass it on."""
    location = urlsplit(answer.headers.get("Location", ""))
    return (location.scheme, location.hostname, location.path) == ("https", target.host, "/api/")


def index(target: Target, answer: Answer) -> Iterator[Finding]:
    url = urlsplit(str(json_of(answer).get("tickets", "")))
    ours = urlsplit(target.origin)
    if answer.status != 200 or url.path != "/api/tickets/":
        yield red("server", f"{target.origin}/api/ answers {answer.status} {answer.kind}, not as MentorQ does.", NOT_OURS)
    elif url.scheme != "https":
        yield red("X-Forwarded-Proto", "The server hears nothing of TLS, and names its URLs with http.", PROTO)
    elif url.netloc != ours.netloc:
        yield red("hosts", f"The server takes {url.netloc} for its host, not {ours.netloc}.", pass_on(target))
    else:
        yield green("server", f"{target.origin}/api/ answers, and knows its host and that TLS is in front.")


def pass_on(target: Target) -> str:
    """nginx's `$host` has no port."""
    return HOST.format(host=target.host, variable="$host" if target.port == 443 else "$host:$server_port")


def preflights(target: Target) -> Iterator[Finding]:
    """Ask what a browser asks before it lets a page of each origin call the API."""
    for origin in settings.CORS_ALLOWED_ORIGINS:
        headers = {
            "Origin": origin,
            "Access-Control-Request-Method": "PATCH",
            "Access-Control-Request-Headers": "authorization,content-type",
        }
        answer = target.ask("OPTIONS", "/api/tickets/", headers=headers)
        if answer.status == 200 and allowed(answer) == origin:
            yield green("CORS", f"A page of {origin} may call the API.")
        else:
            said = f"{answer.status}, Access-Control-Allow-Origin is {allowed(answer) or 'missing'}"
            yield red("CORS", f"A browser lets no page of {origin} call the API: {said}.", PREFLIGHT)


def errors(target: Target) -> Iterator[Finding]:
    """Yield whether errors come in JSON and with CORS headers: a proxy's own do not, and a page sees a network error."""
    origin = settings.CORS_ALLOWED_ORIGINS[0]
    for method, path, status, body in (
        ("GET", "/api/nope/", 404, None),
        ("POST", "/api/auth/token/", 413, TOO_LARGE),
    ):
        headers = {"Origin": origin, "Content-Type": "application/json"}
        answer = target.ask(method, path, data=body, headers=headers)
        # `front` has said why there is a redirect.
        if not answer.is_redirect and (answer.status, answer.kind, allowed(answer)) != (status, "application/json", origin):
            said = f"{answer.status} {answer.kind}, Access-Control-Allow-Origin is {allowed(answer) or 'missing'}"
            yield red("CORS", f"A page cannot read our {status}: {said}.", OWN_ERRORS)


def proxies(target: Target) -> Iterator[Finding]:
    """Ask the server what it hears of us, and whether it believes an address that we made up."""
    answer = target.ask("GET", "/readyz", headers=headers_of_question())
    if answer.status == 503:
        yield red("server", f"{target.origin}/readyz answers 503.", UPSTREAM)
    match json_of(answer).get("doctor"):
        case {"forwarded": list(forwarded), "num_proxies": int(number), "proto": str(proto)}:
            yield judged(number, added(forwarded), proto)
        case _:
            yield amber("NUM_PROXIES", OTHER_KEY, SAME_KEY)


def added(forwarded: list[str]) -> int:
    """Return how many addresses our proxies added to X-Forwarded-For, or wrote instead of the one we made up."""
    ours = [at for at, address in enumerate(forwarded, start=1) if address == FORGED]
    return len(forwarded) - (ours[-1] if ours else 0)


def judged(number: int, count: int, proto: str) -> Finding:
    about = "NUM_PROXIES"
    say = f"NUM_PROXIES is {number}, and {count} {'proxy adds' if count == 1 else 'proxies add'} to X-Forwarded-For"
    if count > number:
        return red(about, f"{say}: all clients share a proxy's tries to sign in.", f"NUM_PROXIES={count}")
    if count < number:
        remedy = f"NUM_PROXIES={count}, or, if {number} stand in front, let each append: {APPEND}."
        return red(about, f"{say}: clients can choose their address, and escape the limit of sign-ins.", remedy)
    if not count and proto:
        text = "A proxy stands in front, but does not say for whom it asks: all clients share its address."
        return red(about, text, f"Let it say so: {APPEND}. Then set NUM_PROXIES=1.")
    return green(about, f"{say}.")


def desk(target: Target) -> Iterator[Finding]:
    """Send the form of the desk's sign-in, empty: nobody is signed in, and LCS is not asked."""
    page = target.ask("GET", "/admin/login/")
    token = page.cookies.get("csrftoken", "")
    if page.status != 200 or not token:
        if not page.is_redirect:
            yield red("desk", f"{target.origin}/admin/login/ answers {page.status}.", NOT_OURS)
        return
    headers = {"Origin": target.origin, "Referer": f"{target.origin}/admin/login/"}
    form = {"csrfmiddlewaretoken": token}
    answer = target.ask("POST", "/admin/login/", headers=headers, cookies=dict(page.cookies), data=form)
    if answer.status == 200:
        yield green("desk", "Its forms are accepted.")
    else:
        yield red("desk", f"Its forms are refused with {answer.status}.", CSRF.format(origin=target.origin))


def stream(target: Target) -> Iterator[Finding]:
    """Yield whether the first words of the live stream come at once."""
    try:
        answer = target.ask("GET", "/api/live/", seconds=STREAM_SECONDS, first=True)
    except NoAnswer:
        yield red("stream", f"Nothing of it comes within {STREAM_SECONDS:g} s: the proxy keeps it.", UNBUFFERED)
        return
    if answer.status == 200:
        yield words(answer)
    elif not answer.is_redirect:
        level = amber if answer.status == 404 else red
        yield level("stream", f"/api/live/ answers {answer.status}.", ROUTE)


def words(answer: Answer) -> Finding:
    if answer.content.startswith(b"retry:"):
        return green("stream", "It comes unbuffered.")
    if not answer.content:
        return red("stream", f"Nothing of it comes within {STREAM_SECONDS:g} s: the proxy keeps it.", UNBUFFERED)
    return red("stream", f"/api/live/ answers {answer.kind}, not as MentorQ does.", ROUTE)


def metrics(target: Target) -> Iterator[Finding]:
    answer = target.ask("GET", "/metrics")
    if answer.status == 200:
        yield red("metrics", f"Anybody may read {target.origin}/metrics.", CLOSE)
    else:
        yield green("metrics", "Strangers may not read them.")


def allowed(answer: Answer) -> str:
    return answer.headers.get("Access-Control-Allow-Origin", "")


def json_of(answer: Answer) -> dict[str, Any]:
    """Return the object in the answer, {} if there is none."""
    try:
        content = json.loads(answer.content)
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


LOOKS: dict[str, Callable[[Target], Iterator[Finding]]] = {
    "http": plain_http,
    "server": front,
    "CORS": preflights,
    "errors": errors,
    "NUM_PROXIES": proxies,
    "desk": desk,
    "stream": stream,
    "metrics": metrics,
}
