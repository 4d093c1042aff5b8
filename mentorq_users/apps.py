"""The app of people."""

from django.apps import AppConfig


class MentorqUsersConfig(AppConfig):
    """Who you are."""

    name = "mentorq_users"
    verbose_name = "People"
