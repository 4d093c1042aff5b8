"""What a measurement says: rounds of floor and work, and how far apart they may be."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Self

WORSE = 1.1  # times an earlier run's ratio; less is the machine's own moods
Rounds = list[list[float]]  # [floor, work], in seconds


@dataclass
class Figure:
    """One line of the table; `most` is how many times the floor's time the work may take."""

    database: str
    work: str
    floor: str
    most: float
    rounds: Rounds

    @classmethod
    def of(cls, database: str, work: str, floor: str, most: float, pair: Callable[[], list[float]], rounds: int) -> Self:
        """Return the figure of a pair of measurements that is made so many times, after once that is not counted."""
        return cls(database, work, floor, most, [pair() for _ in range(rounds + 1)][1:])

    @property
    def ratio(self) -> float:
        """The work's time in those of the floor, each round's against its own, in the median."""
        return median(work / floor for floor, work in self.rounds)

    def is_worse(self, before: dict[str, float]) -> bool:
        """Whether the ratio is more than WORSE times that of an earlier run; False if that run does not have it."""
        return self.key in before and self.ratio > WORSE * before[self.key]

    @property
    def holds(self) -> bool:
        """Whether it is quick enough."""
        return self.ratio <= self.most

    def row(self, before: dict[str, float]) -> str:
        """Return the line of a Markdown table, with the ratio of an earlier run if there is one."""
        earlier = f"{before[self.key]:.2f}" if self.key in before else ""
        floor, work = (median(column) * 1000 for column in zip(*self.rounds, strict=True))
        cells = [
            self.work, self.database, f"{work:,.2f}", self.floor, f"{floor:,.2f}", f"{self.ratio:.2f}", f"{self.most:.2f}",
            "yes" if self.holds else "**no**", f"{earlier} **worse**" if self.is_worse(before) else earlier,
        ]  # fmt: skip
        return "| " + " | ".join(cells) + " |"

    @property
    def key(self) -> str:
        """What the same figure of another run is found by."""
        return f"{self.work} on {self.database}"


UNIT = " (MB for ms)"  # after the name of a figure of memory, which is kept in gigabytes
HEAD = """\
| work | on | ms | floor | ms | ratio | at most | holds | before |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |"""


def table(figures: list[Figure], before: dict[str, float]) -> str:
    """Return the figures as a Markdown table, beside those of an earlier run."""
    return "\n".join([HEAD, *(figure.row(before) for figure in figures)])


def save(figures: list[Figure], file: Path) -> None:
    """Write the figures as JSON."""
    file.write_text(json.dumps([asdict(figure) for figure in figures], indent=1) + "\n")


def ratios(file: Path) -> dict[str, float]:
    """Return the ratios of a run that was saved, by the key of their figure."""
    figures = [Figure(**figure) for figure in json.loads(file.read_text())]
    return {figure.key: figure.ratio for figure in figures}
