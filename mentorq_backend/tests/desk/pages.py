"""What the tests of the desk's pages share."""

import re
from html import unescape

CHANGELIST = "/admin/mentorq_backend/ticket/"


def messages_of(response):
    """The messages without their button "Undo"."""
    assert response.status_code == 200
    return [str(message).partition(" <button")[0] for message in response.context["messages"]]


def act(desk, action, *tickets, **form):
    """Choose the tickets, run the action, say yes if the desk asks, and return the messages shown."""
    form |= {"action": action, "_selected_action": [ticket.pk for ticket in tickets]}
    response = desk.post(f"{CHANGELIST}?status=ALL", form, follow=True)
    return messages_of(response) if response.context["title"] == "Tickets" else say_yes(desk, response)


def say_yes(desk, question):
    """Press the button of a question, and return the messages shown."""
    page = unescape(question.content.decode())
    path = re.search('<form method="post" action="(.*?)" class="desk">', page)[1]
    form = {name: re.findall(f'name="{name}" value="(.*?)"', page) for name in ("_move", "mentor")}
    return messages_of(desk.post(path, form, follow=True))


def press(desk, verb, ticket, path=CHANGELIST, **form):
    """Press the ticket's button, as it is shown now, and return the messages shown."""
    button = f"{verb}|{ticket.pk}|{ticket.status}|{ticket.mentor_email}"
    return messages_of(desk.post(path, {"_move": button, **form}, follow=True))
