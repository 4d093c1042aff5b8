"""What the desk shows: Django imports this module to find it."""

from mentorq_backend.desk import people, tickets  # noqa: F401 - they register themselves
