"""What a look of the doctor yields: a level, what it is about, and the remedy unless all is well."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """RED stops something that people need. AMBER works, but should be put right."""

    GREEN = "green"
    AMBER = "amber"
    RED = "red"


@dataclass(frozen=True)
class Finding:
    """One line. No part of it may hold a secret."""

    level: Level
    about: str
    text: str
    remedy: str = ""


def green(about: str, text: str) -> Finding:
    return Finding(Level.GREEN, about, text)


def amber(about: str, text: str, remedy: str) -> Finding:
    return Finding(Level.AMBER, about, text, remedy)


def red(about: str, text: str, remedy: str) -> Finding:
    return Finding(Level.RED, about, text, remedy)
