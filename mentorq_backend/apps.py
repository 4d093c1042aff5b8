"""The app of tickets."""

from django.apps import AppConfig


class MentorqBackendConfig(AppConfig):
    """What a ticket is."""

    name = "mentorq_backend"
    verbose_name = "Tickets"
