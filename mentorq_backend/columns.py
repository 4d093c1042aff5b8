"""What the API shows of a ticket. To show another column, name it here.

`serializers.py` makes the JSON of it, `querysets.py` reads its columns, and ETags change with it.
"""

from operator import itemgetter

KEYS = (
    "id", "url", "owner_email", "owner", "title", "comment", "contact", "location", "status", "mentor", "mentor_email",
    "active", "created", "created_datetime", "claimed_datetime", "closed_datetime", "feedback",
)  # fmt: skip
# The column of each key that is made of another one.
FEEDBACK = "feedback__pk"
MADE_OF = {"url": "id", "created_datetime": "created", "feedback": FEEDBACK}

# What is read from the database, each column once; the last is None if the ticket has no feedback.
ROW = tuple(dict.fromkeys(MADE_OF.get(key, key) for key in KEYS))
# Makes of a row the values of KEYS, as they are in the database.
values_of = itemgetter(*(ROW.index(MADE_OF.get(key, key)) for key in KEYS))
