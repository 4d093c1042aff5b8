"""Which admin site Django's admin is."""

from django.contrib.admin.apps import AdminConfig


class DeskConfig(AdminConfig):
    """Django's admin, as the organizers' desk."""

    default_site = "mentorq_users.sites.DeskSite"
