"""The app of people."""

from django.apps import AppConfig


class MentorqUsersConfig(AppConfig):
    """Who you are."""

    name = "mentorq_users"
    verbose_name = "People"

    def ready(self) -> None:
        """Register our checks."""
        from mentorq_users import checks  # noqa: F401, PLC0415 - registers itself, once the apps are there
