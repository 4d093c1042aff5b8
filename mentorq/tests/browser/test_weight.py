"""What a phone loads: through nginx and from a server as deployed, at first with nothing in its cache."""

import base64
import hashlib
import subprocess

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import load_pem_x509_certificate
from django.core.management import call_command

from mentorq.tests.browser.conftest import CHROMIUM
from mentorq.tests.browser.icons import icons
from mentorq.tests.deployed.proxy import nginx
from mentorq.tests.servers import BASE_DIR, BIN, SERVERS, free_ports, migrated, production, running
from mentorq_users.lcs.standin import DevLCS

LIST = "/admin/mentorq_backend/ticket/"
FOR_EVER = "max-age=315360000, public, immutable"
# Who looks at which page, how many requests it takes, and how many bytes at most. Before they were cut down the bytes
# were 863,000, 752,000, 986,000 and 981,000.
PAGES = [
    (None, "/admin/login/", 21, 200_000),
    ("olga", "/admin/", 20, 190_000),
    ("dan", "/admin/", 23, 305_000),
    ("olga", LIST, 28, 260_000),
]
TOO_WIDE = """async names => {
    await document.fonts.load("24px 'Material Symbols Outlined'");
    const context = document.createElement("canvas").getContext("2d");
    context.font = "24px 'Material Symbols Outlined'";
    return names.filter(name => Math.round(context.measureText(name).width) !== 24);
}"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The demo queue behind nginx; the live stream is down."""
    folder, lcs = tmp_path_factory.mktemp("site"), DevLCS()
    database, ports = migrated(folder), dict(zip(["80", "443", "8002"], free_ports(3), strict=True))
    subprocess.run([BIN / "python", "manage.py", "demo"], cwd=BASE_DIR, env={"DATABASE_URL": database}, check=True)
    origin = f"https://localhost:{ports['443']}"
    variables = {
        **production(database, lcs.url),
        "ALLOWED_HOSTS": "localhost",
        "CSRF_TRUSTED_ORIGINS": origin,
        "NUM_PROXIES": "1",
    }
    with lcs.serving(), running(SERVERS["granian as documented"], **variables) as server:
        server.wait_until_ready()
        with nginx(folder, {**ports, "8000": server.port, "8001": server.port}, "https://frontend.example") as proxy:
            yield proxy


@pytest.fixture(scope="module")
def phone(chromium, site):
    """A browser that trusts the certificate: one that only ignores it would cache nothing."""
    certificate = load_pem_x509_certificate((site.ca.parent / "fullchain.pem").read_bytes())
    key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    pin = base64.b64encode(hashlib.sha256(key).digest()).decode()
    args = ["--no-sandbox", "--disable-dev-shm-usage", f"--ignore-certificate-errors-spki-list={pin}"]
    browser = chromium.browser_type.launch(executable_path=CHROMIUM, args=args)
    yield browser
    browser.close()


def opened(phone, site, state=None):
    """A context with an empty cache."""
    return phone.new_context(base_url=site.url, viewport={"width": 390, "height": 844}, has_touch=True, storage_state=state)


def signed_in(phone, site, name):
    """The cookies of that person."""
    page = opened(phone, site).new_page()
    page.goto("/admin/")
    page.get_by_label("Email").fill(f"{name}@example.edu")
    page.get_by_label("Password").fill("hackru")
    with page.expect_navigation():
        page.get_by_role("button", name="Log in").click()
    state = page.context.storage_state()
    page.context.close()
    return state


def loaded(context, path):
    """The bytes that came for each path, headers and all, and what the static files say of caching.

    Without the stream, which is down, and the icon of the tab, which Chromium loads when it likes.
    """
    page, paths, sizes, caching = context.new_page(), {}, {}, set()
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    session.on("Network.requestWillBeSent", lambda event: paths.update({event["requestId"]: event["request"]["url"]}))
    session.on("Network.loadingFinished", lambda event: sizes.update({event["requestId"]: event["encodedDataLength"]}))
    page.on("response", lambda response: "/static/" in response.url and caching.add(response.headers["cache-control"]))
    page.goto(path, wait_until="networkidle")
    page.close()
    came = {paths[request]: size for request, size in sizes.items() if size and "://" in paths[request]}
    return {url: size for url, size in came.items() if not url.endswith(("/api/live/", "/favicon.svg"))}, caching


@pytest.mark.parametrize(("name", "path", "requests", "most"), PAGES)
def test_a_page_is_light_and_its_files_are_loaded_once(phone, site, name, path, requests, most):
    context = opened(phone, site, signed_in(phone, site, name) if name else None)

    first, caching = loaded(context, path)
    again, _ = loaded(context, path)

    context.close()
    assert len(first) == requests, first
    assert sum(first.values()) <= most, first
    assert caching == {FOR_EVER}
    assert [url for url in again if "/static/" in url] == []


def test_every_icon_of_the_desk_is_in_its_font(open_page):
    page = open_page()
    page.goto("/admin/login/")

    assert page.evaluate(TOO_WIDE, sorted(icons())) == []
    assert page.evaluate(TOO_WIDE, ["qr_code_2"]) == ["qr_code_2"]


def test_the_desk_shows_no_other_icons(sign_in, settings):
    settings.DEBUG = True
    call_command("demo", verbosity=0)
    page, shown = sign_in("dan"), set()

    for path in ("/admin/", LIST, f"{LIST}1/change/", "/admin/mentorq_users/user/", "/admin/mentorq_backend/event/add/"):
        page.goto(path)
        shown |= {text.strip() for text in page.locator(".material-symbols-outlined").all_text_contents()}

    assert shown - icons() - {""} == set()
