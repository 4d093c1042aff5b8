"""Registers the pages of the desk: Django imports this module."""

from mentorq_backend.desk import events, people, tickets  # noqa: F401 - importing them registers their classes
