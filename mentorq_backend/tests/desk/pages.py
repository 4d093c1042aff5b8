"""What the tests of the desk's pages share."""

CHANGELIST = "/admin/mentorq_backend/ticket/"


def messages_of(response):
    assert response.status_code == 200
    return [str(message) for message in response.context["messages"]]
