"""The wiring as an app, for its commands and checks; and the desk as Django's admin site."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class MentorqConfig(AppConfig):
    """The wiring: it has commands and checks, and no tables."""

    name = "mentorq"
    verbose_name = "MentorQ"

    def ready(self) -> None:
        from mentorq.operations import checks  # noqa: F401, PLC0415 - registers itself, once the apps are there


class DeskConfig(AdminConfig):
    """Django's admin, as the organizers' desk."""

    default_site = "mentorq_users.desk.site.DeskSite"
