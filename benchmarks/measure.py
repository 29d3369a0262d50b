"""One measured figure, and how it is shown."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Goal:
    """What a figure has to reach: at least, or at most."""

    limit: float
    at_least: bool = True

    def holds(self, value: float) -> bool:
        return value >= self.limit if self.at_least else value <= self.limit

    def __str__(self) -> str:
        return f"{'≥' if self.at_least else '≤'} {self.limit:g}"


@dataclass(frozen=True)
class Measure:
    """A figure of a benchmark.

    Attributes:
        bench: which benchmark, such as ``ingest``.
        measure: what was measured, in words.
        value: the figure; None: it could not be measured here, so that no goal holds.
        unit: its unit; ``ratio`` for one without.
        goal: what it has to reach; None: it is only told.
    """

    bench: str
    measure: str
    value: float | None
    unit: str
    goal: Goal | None = None

    @property
    def holds(self) -> bool | None:
        if self.goal is None:
            return None
        return self.value is not None and self.goal.holds(self.value)

    def as_json(self) -> str:
        fields = asdict(self) | {"goal": str(self.goal) if self.goal else None, "holds": self.holds}
        return json.dumps(fields, ensure_ascii=False)

    def as_text(self) -> str:
        said = {None: "", True: "holds", False: "DOES NOT HOLD"}[self.holds]
        value = "not measured" if self.value is None else f"{self.value:,.3f}"
        goal = f"goal {self.goal}" if self.goal else ""
        return f"{self.bench:<9} {self.measure:<68} {value:>12} {self.unit:<14} {goal:<12} {said}"


def show(measures: Iterable[Measure], *, as_json: bool) -> bool:
    """Print figures as they come; whether all goals held."""
    well = True
    for measure in measures:
        sys.stdout.write((measure.as_json() if as_json else measure.as_text().rstrip()) + "\n")
        sys.stdout.flush()
        well &= measure.holds is not False
    return well
