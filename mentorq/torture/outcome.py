"""What came of a torture."""

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Outcome:
    """Figures, of which `none` must be 0, `some` must not be 0 (else nothing was tried), `most` have an upper limit."""

    database: str
    torture: str
    figures: dict[str, Any]
    none: list[str] = field(default_factory=list)
    some: list[str] = field(default_factory=list)
    most: dict[str, float] = field(default_factory=dict)

    @property
    def kept(self) -> bool:
        """Whether the promise held."""
        return (
            not any(self.figures[name] for name in self.none)
            and all(self.figures[name] for name in self.some)
            and all(self.figures[name] <= most for name, most in self.most.items())
        )

    def __str__(self) -> str:
        figures = ", ".join(f"{name} {value}" for name, value in self.figures.items())
        return f"{'kept  ' if self.kept else 'BROKEN'} {self.database}: {self.torture}: {figures}"
