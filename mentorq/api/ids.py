"""The longest id that a path, a form or a query string may have."""

# Longer ids overflow the database's integers; much longer ones exceed Python's limit for `int()`.
MOST_DIGITS = 18
ID = f"[0-9]{{1,{MOST_DIGITS}}}"
