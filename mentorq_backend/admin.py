"""Registers the pages of the desk: Django imports this module."""

from mentorq_backend.desk import events, people, tickets, webhooks  # noqa: F401 - importing them registers their classes
