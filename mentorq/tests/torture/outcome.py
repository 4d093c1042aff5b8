"""What came of a torture."""

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Outcome:
    """Figures, of which `none` must be 0, `some` must not be 0 (else nothing was tried), `most` and `least` have limits."""

    database: str
    torture: str
    figures: dict[str, Any]
    none: list[str] = field(default_factory=list)
    some: list[str] = field(default_factory=list)
    most: dict[str, float] = field(default_factory=dict)
    least: dict[str, float] = field(default_factory=dict)

    @property
    def broken(self) -> list[str]:
        """The names of the figures that are not as promised."""
        return [
            *(name for name in self.none if self.figures[name]),
            *(name for name in self.some if not self.figures[name]),
            *(name for name, most in self.most.items() if self.figures[name] > most),
            *(name for name, least in self.least.items() if self.figures[name] < least),
        ]

    @property
    def kept(self) -> bool:
        """Whether the promise held."""
        return not self.broken

    def __str__(self) -> str:
        figures = ", ".join(f"{name} {value}" for name, value in self.figures.items())
        verdict = "kept  " if self.kept else f"BROKEN ({', '.join(self.broken)})"
        return f"{verdict} {self.database}: {self.torture}: {figures}"
