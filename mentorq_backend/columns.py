"""The columns of a ticket that the API shows. To show another column of the model, add it here.

`serializers.py` makes JSON of them, `querysets.py` reads them, and ETags change with them. Files have a list of their own,
`exports.COLUMNS`.
"""

from operator import itemgetter

KEYS = (
    "id", "url", "owner_email", "owner", "title", "comment", "contact", "location", "status", "mentor", "mentor_email",
    "active", "created", "created_datetime", "claimed_datetime", "closed_datetime", "feedback",
)  # fmt: skip
# The keys whose value comes from another column.
FEEDBACK = "feedback__pk"
MADE_OF = {"url": "id", "created_datetime": "created", "feedback": FEEDBACK}

# The columns to read, each once. FEEDBACK is None if the ticket has no feedback.
ROW = tuple(dict.fromkeys(MADE_OF.get(key, key) for key in KEYS))
# Picks the values of KEYS from a row.
values_of = itemgetter(*(ROW.index(MADE_OF.get(key, key)) for key in KEYS))
