"""The app of tickets."""

from django.apps import AppConfig


class MentorqBackendConfig(AppConfig):
    """Tickets, their moves, history and feedback."""

    name = "mentorq_backend"
    verbose_name = "The desk"
