"""What can go wrong when LCS is asked. No text in them holds a token or a password.

LCSError
├── LCSRefused        LCS says no: a wrong password, or a bad, expired or revoked token
└── LCSUnavailable    LCS is down or slow, or its answer makes no sense
"""


class LCSError(Exception):
    """LCS did not give what was asked for."""


class LCSRefused(LCSError):
    """LCS understood and said no. The text is LCS's own."""


class LCSUnavailable(LCSError):
    """LCS gave no well-formed answer within the deadline, so nothing is known about the person."""
