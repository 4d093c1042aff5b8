"""Registers the pages of the desk: Django imports this module."""

from mentorq_backend.desk import people, tickets  # noqa: F401 - importing them registers their classes
