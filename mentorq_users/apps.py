"""The app of accounts."""

from django.apps import AppConfig


class MentorqUsersConfig(AppConfig):
    """Accounts, sign-in and roles."""

    name = "mentorq_users"
    verbose_name = "The desk"

    def ready(self) -> None:
        from mentorq_users import checks  # noqa: F401, PLC0415 - registers itself, once the apps are there
