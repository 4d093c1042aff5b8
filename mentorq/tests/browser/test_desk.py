"""What organizers see and do, in a real browser."""

from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.core.management import call_command
from django.utils import timezone
from playwright.sync_api import expect

from mentorq_backend.exchange import exports
from mentorq_backend.models import Ticket

LIST = "/admin/mentorq_backend/ticket/"
PAGES = ["/admin/?range=all", f"{LIST}?status=ALL", "/admin/mentorq_users/user/", LIST + "{pk}/change/", f"{LIST}add/"]
# How many of a canvas's pixels are neither transparent nor grey: bars and lines, no axes or letters.
COLOURED = """canvas => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    let count = 0;
    for (let i = 0; i < data.length; i += 4) {
        const colours = data.slice(i, i + 3);
        if (data[i + 3] > 100 && Math.max(...colours) - Math.min(...colours) > 60) count++;
    }
    return count;
}"""
NAMELESS = """() => [...document.querySelectorAll(".desk *, .desk-bar *")]
    .filter(each => each.matches("a, button, input:not([type=hidden]), select"))
    .filter(each => !(each.labels?.length || each.ariaLabel || each.textContent.trim()))
    .map(each => each.outerHTML)"""


@pytest.fixture
def demo(settings, committed):
    """The demo queue."""
    settings.DEBUG = True
    call_command("demo", verbosity=0)


@pytest.fixture
def ticket(ada, make_ticket):
    """A ticket that has waited for twelve minutes."""
    return make_ticket(ada, created=timezone.now() - timedelta(minutes=12, seconds=10))


def barriers(page):
    """What axe finds on the page that keeps somebody from reading or using it: contrast, labels, roles, keyboard."""
    found = Axe().run(page).response["violations"]
    return [
        (rule["id"], node["html"]) for rule in found if rule["impact"] in ("serious", "critical") for node in rule["nodes"]
    ]


def test_an_organizer_signs_in_and_sees_what_is_going_on(type_password, ticket):
    page = type_password("olga")

    expect(page.get_by_role("heading", name="Now")).to_be_visible()
    expect(page.get_by_role("link", name="12 min is the longest wait")).to_be_visible()
    assert page.locator("canvas").count() == 0


def test_a_director_sees_every_chart_drawn(sign_in, demo):
    page = sign_in("dan")

    page.wait_for_load_state("networkidle")
    drawn = [canvas.evaluate(COLOURED) for canvas in page.locator("canvas").all()]

    assert len(drawn) == 5
    assert [pixels > 300 for pixels in drawn] == [True] * 5


def test_the_charts_are_drawn_in_the_dark_too(sign_in, demo):
    page = sign_in("dan", dark=True)

    page.wait_for_load_state("networkidle")

    assert page.evaluate("document.documentElement.classList.contains('dark')") is True
    assert [canvas.evaluate(COLOURED) > 300 for canvas in page.locator("canvas").all()] == [True] * 5


def test_a_range_is_chosen_and_a_table_opened(sign_in, demo):
    page = sign_in("dan")

    page.get_by_role("link", name="last 6 hours").click()
    page.wait_for_url("**/admin/?range=6")
    page.get_by_text("As a table").first.click()

    assert page.get_by_role("link", name="last 6 hours").get_attribute("aria-current") == "true"
    expect(page.get_by_role("columnheader", name="cancelled").first).to_be_visible()


def test_who_waits_now_appears_by_itself(sign_in, ada, make_ticket):
    page = sign_in("olga")
    page.clock.install()
    page.reload()
    expect(page.get_by_text("Nobody is waiting")).to_be_visible()

    make_ticket(ada)
    page.clock.fast_forward("00:31")

    page.get_by_role("link", name="My build loops").wait_for()


def test_a_ticket_is_claimed_for_a_mentor_and_closed_from_the_list(sign_in, ticket, mia):
    page = sign_in("olga")
    page.goto(LIST)

    page.get_by_label("Claim for").select_option("mia@example.edu")
    page.get_by_role("button", name=f"Claim #{ticket.pk}").click()
    expect(page.get_by_text(f"#{ticket.pk} My build loops: claimed.")).to_be_visible()

    page.get_by_role("button", name=f"Close #{ticket.pk}").click()
    expect(page.get_by_text(f"#{ticket.pk} My build loops: closed.")).to_be_visible()
    assert Ticket.objects.values_list("status", "mentor_email").get() == ("CLOSED", "mia@example.edu")


@pytest.mark.parametrize("path", [LIST, LIST + "{pk}/change/"])
def test_a_wrong_move_is_undone(sign_in, ticket, path):
    page = sign_in("olga")
    page.goto(path.format(pk=ticket.pk))

    page.get_by_role("button", name=f"Cancel #{ticket.pk}").click()
    page.get_by_role("button", name="Undo").click()

    expect(page.get_by_text(f"#{ticket.pk} My build loops: undone.")).to_be_visible()
    expect(page.get_by_role("button", name=f"Claim #{ticket.pk}")).to_be_visible()
    assert Ticket.objects.get().status == "OPEN"


def test_somebody_was_faster(sign_in, ticket, mia, max_):
    page = sign_in("olga")
    page.goto(LIST)
    page.wait_for_load_state("networkidle")  # the list renews itself once at the beginning
    page.get_by_label("Claim for").select_option("max@example.edu")
    Ticket.objects.get().claim(by=mia)

    page.get_by_role("button", name=f"Claim #{ticket.pk}").click()

    expect(page.get_by_text("Mia Mentor has claimed it already.")).to_be_visible()
    assert Ticket.objects.get().mentor_email == "mia@example.edu"


def test_chosen_tickets_are_moved_together(sign_in, ada, make_ticket):
    make_ticket(ada), make_ticket(ada)
    page = sign_in("olga")
    page.goto(LIST)

    page.locator("#action-toggle").check()
    page.get_by_label("Select action to run").select_option("cancel")
    page.get_by_role("button", name="Run").click()
    expect(page.get_by_role("heading", name="Cancel 2 tickets?")).to_be_visible()
    page.get_by_role("button", name="Cancel 2 tickets").click()

    expect(page.get_by_text("Cancelled: 2.")).to_be_visible()
    assert set(Ticket.objects.values_list("status", flat=True)) == {"CANCELLED"}


def test_a_ticket_is_corrected_on_its_page(sign_in, ticket):
    page = sign_in("olga")
    page.goto(f"{LIST}{ticket.pk}/change/")

    page.get_by_label("Location").fill("Table 21")
    page.get_by_role("button", name="Save and continue editing").click()

    expect(page.get_by_text("location: Table 12 → Table 21")).to_be_visible()


def test_a_ticket_is_opened_on_a_phone_for_somebody_whose_phone_is_dead(sign_in, ada):
    page = sign_in("olga", width=390, height=844)
    page.goto(LIST)
    page.get_by_role("link", name="Open a ticket").click()

    page.get_by_label("Owner's e-mail").press_sequentially("lovel")
    option = page.locator("datalist option")
    expect(option).to_have_text("Ada Lovelace")
    page.get_by_label("Owner's e-mail").fill(option.get_attribute("value"))
    page.get_by_label("Title").fill("My phone is dead")
    page.get_by_label("Location").fill("Table 12")
    targets = page.locator(".desk-opening :is(input:not([type=hidden]), textarea, button)").all()
    assert [each.bounding_box()["height"] >= 44 for each in targets] == [True] * 7
    page.get_by_role("button", name="Open a ticket").click()

    page.get_by_role("link", name="My phone is dead").first.click()
    page.wait_for_url("**/change/")
    assert Ticket.objects.values_list("title", "owner_email").get() == ("My phone is dead", "ada@example.edu")


def test_the_list_is_exported_as_it_is_filtered(sign_in, ticket, ada, make_ticket):
    make_ticket(ada, "CANCELLED")
    page = sign_in("olga")
    page.goto(f"{LIST}?status=OPEN")

    page.get_by_text("More", exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Export CSV").click()

    with open(download.value.path(), newline="") as file:
        assert file.read() == "".join(exports.lines(Ticket.objects.filter(status="OPEN"), "csv"))


@pytest.mark.parametrize("name", ["ada", "mia"])
def test_a_hacker_and_a_mentor_are_turned_away(type_password, name):
    page = type_password(name)

    expect(page.get_by_text("Please enter the e-mail and LCS password of an organizer or director.")).to_be_visible()
    page.goto(LIST)
    assert page.url.endswith(f"/admin/login/?next={LIST}")


@pytest.mark.parametrize("path", PAGES)
def test_a_page_fits_a_phone(sign_in, demo, path):
    page = sign_in("dan", width=390, height=844)

    page.goto(path.format(pk=Ticket.objects.first().pk))
    page.wait_for_load_state("networkidle")

    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("path", PAGES)
def test_everybody_can_read_and_use_a_page(sign_in, demo, path, dark):
    page = sign_in("dan", dark=dark)
    page.goto(path.format(pk=Ticket.objects.first().pk))
    page.wait_for_load_state("networkidle")

    assert barriers(page) == []


@pytest.mark.parametrize("dark", [False, True])
def test_everybody_can_use_the_door(open_page, dark):
    page = open_page(dark=dark)
    page.goto("/admin/login/")

    assert barriers(page) == []


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("path", ["/admin/nope/", "/nope/"])
def test_everybody_can_read_why_something_was_refused(sign_in, path, dark):
    page = sign_in("olga", dark=dark, width=390, height=844)
    page.route(f"**{path}", lambda route: route.fulfill(response=route.fetch(), status=200))  # no errors are expected

    page.goto(path)

    expect(page.get_by_role("heading", name="There is no such page")).to_be_visible()
    assert barriers(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("path", PAGES)
def test_whatever_can_be_used_has_a_name(sign_in, demo, path):
    page = sign_in("dan")

    page.goto(path.format(pk=Ticket.objects.first().pk))

    nameless = page.evaluate(NAMELESS)

    assert nameless == []


def test_a_ticket_is_closed_with_the_keyboard_alone(sign_in, ticket):
    page = sign_in("olga")
    page.goto(f"{LIST}{ticket.pk}/change/")

    page.get_by_label("Claim for").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Close"
    page.keyboard.press("Enter")

    page.get_by_text("closed.").wait_for()
    assert Ticket.objects.get().status == "CLOSED"


def test_enter_in_a_field_corrects_and_moves_nothing(sign_in, ticket):
    page = sign_in("olga")
    page.goto(f"{LIST}{ticket.pk}/change/")

    page.get_by_label("Title").fill("My tests loop")
    page.keyboard.press("Enter")

    page.get_by_text("was changed successfully").wait_for()
    assert Ticket.objects.values_list("title", "status").get() == ("My tests loop", "OPEN")


def test_a_move_does_not_lose_what_somebody_typed(sign_in, ticket):
    page = sign_in("olga")
    page.goto(f"{LIST}{ticket.pk}/change/")
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))

    page.get_by_label("Location").press("End")
    page.get_by_label("Location").press_sequentially(", by the door")
    page.get_by_role("button", name=f"Cancel #{ticket.pk}").click()

    expect(page.get_by_label("Location")).to_have_value("Table 12, by the door")
    assert (asked, Ticket.objects.get().status) == (["beforeunload"], "OPEN")


def test_every_move_of_the_list_is_in_sight(sign_in, demo):
    page = sign_in("dan")
    page.goto(f"{LIST}?status=ALL")

    ends = page.locator("#result_list .desk-moves").evaluate_all(
        "all => all.map(each => each.getBoundingClientRect().right)"
    )

    assert (len(ends), max(ends) <= 1264) == (50, True)


@pytest.mark.parametrize("width", [1280, 390])
def test_one_long_word_pushes_no_button_away(sign_in, ada, make_ticket, width):
    ticket = make_ticket(ada, title="x" * 2000, location="y" * 2000, contact="z" * 2000)
    page = sign_in("olga", width=width)

    page.goto(LIST)
    expect(page.get_by_role("button", name=f"Claim #{ticket.pk}")).to_be_in_viewport(ratio=1)
    page.goto(f"{LIST}{ticket.pk}/change/")

    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_page_is_found_by_its_name(sign_in):
    page = sign_in("olga")
    page.evaluate("window.stayed = true")

    page.keyboard.press("Control+k")
    page.get_by_placeholder("Type to search").press_sequentially("tick")

    expect(page.get_by_role("link", name="Tickets • The desk")).to_be_visible()
    assert page.evaluate("window.stayed") is True


def test_when_the_session_ends_the_door_is_shown(sign_in):
    page = sign_in("olga")
    page.clock.install()
    page.reload()

    page.context.clear_cookies()
    page.clock.fast_forward("00:31")

    page.get_by_role("button", name="Log in").wait_for()
