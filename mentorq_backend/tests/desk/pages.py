"""What the tests of the desk's pages share."""

import re

CHANGELIST = "/admin/mentorq_backend/ticket/"


def messages_of(response):
    """The messages without their button "Undo"."""
    assert response.status_code == 200
    return [str(message).partition(" <button")[0] for message in response.context["messages"]]


def act(desk, action, *tickets, **form):
    """Choose the tickets, run the action, say yes if the desk asks, and return the messages shown."""
    path = f"{CHANGELIST}?status=ALL"
    form |= {"action": action, "_selected_action": [ticket.pk for ticket in tickets]}
    response = desk.post(path, form, follow=True)
    moves = re.findall('name="_move" value="(.*?)"', response.content.decode())
    if response.context["title"] != "Tickets":
        response = desk.post(path, {"_move": moves, "mentor": form.get("mentor", "")}, follow=True)
    return messages_of(response)


def press(desk, verb, ticket, path=CHANGELIST, **form):
    """Press the ticket's button, as it is shown now, and return the messages shown."""
    button = f"{verb}|{ticket.pk}|{ticket.status}|{ticket.mentor_email}"
    return messages_of(desk.post(path, {"_move": button, **form}, follow=True))
