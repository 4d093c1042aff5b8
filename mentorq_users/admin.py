"""Roles come from LCS, so the desk has no groups. The people's page shows tickets: see `mentorq_backend/desk/people.py`."""

from django.contrib import admin
from django.contrib.auth.models import Group

admin.site.unregister(Group)
