"""Makes the desk Django's admin site."""

from django.contrib.admin.apps import AdminConfig


class DeskConfig(AdminConfig):
    """Django's admin, as the organizers' desk."""

    default_site = "mentorq_users.desk.site.DeskSite"

    def ready(self) -> None:
        super().ready()
        from mentorq.operations import checks  # noqa: F401, PLC0415 - registers itself, once the apps are there
