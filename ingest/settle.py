"""Which of a camera's fixes are believed, as a matter of all of them and not of the order in which they came. Pure.

`sightline.ingest.merge` judges each fix by what is known when it arrives. What arrives later may tell otherwise: a late
fix may show that the newest was a ghost, and a third fix at a new place that the two before were none. Whenever that is
possible, the writer looks at the fixes around once more, in the order of the devices' times, and puts right what was
put into history or into quarantine before:

* The first fix of all is believed, and every one that can be reached from the newest believed.
* One that cannot is a suspect. Suspects in a row that agree with each other are believed as soon as there are
  `believe_after` of them: the old place was wrong, or the camera was carried. Until then they are in quarantine, and
  one that disagrees, or a return to the old place, leaves them there for good.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import msgspec

from sightline.ingest.merge import MergeRules, Place, implausible

REACH_US: Final = 56 * 3_600_000_000
"""After this time nothing is implausible: at `MergeRules.max_speed_mps` it is half way round the earth."""

Key = tuple[int, int]


class Seen(msgspec.Struct, frozen=True):
    """A fix as it is stored: when (microseconds since 1970 UTC), where (WGS 84 degrees), how surely (metres), and whether it is
    believed. A packed one is believed for good.
    """

    time_us: int
    lat: float
    lon: float
    content: int
    accuracy_m: float | None = None
    believed: bool = True
    packed: bool = False

    @property
    def rank(self) -> tuple[int, float, float, int]:
        """What fixes are ordered by: of two of one instant the choice must not depend on anything else."""
        return (self.time_us, self.lat, self.lon, self.content)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What n fixes come to.

    Attributes:
        believed: of each.
        why: of each that is not, in a sentence.
        newest: place of the newest believed; None: none is.
        open: how many suspects wait for more.
    """

    believed: list[bool]
    why: dict[int, str]
    newest: int | None
    open: int


def judge(before: Seen | None, fixes: Sequence[Seen], rules: MergeRules) -> Verdict:
    """Which of these fixes are believed.

    Args:
        before: the newest believed before them; None: there is none.
        fixes: all that come after it, in the order of their `rank`.
        rules: the numbers.
    """
    believed = [False] * len(fixes)
    why: dict[int, str] = {}
    base, newest = before, None
    suspects: list[int] = []
    for at, fix in enumerate(fixes):
        jump = None if base is None or fix.packed else _jump(base, fix, rules)
        if jump is None:
            suspects = []
        else:
            why[at] = jump
            if suspects and _jump(fixes[suspects[-1]], fix, rules) is not None:
                suspects = []
            suspects.append(at)
            if len(suspects) < rules.believe_after:
                continue
        for one in (*suspects, at):
            believed[one] = True
            why.pop(one, None)
        base, newest, suspects = fix, at, []
    return Verdict(believed, why, newest, len(suspects))


def _jump(one: Seen, other: Seen, rules: MergeRules) -> str | None:
    return implausible(_place(one), _place(other), rules)


def _place(seen: Seen) -> Place:
    return Place(seen.time_us, seen.lat, seen.lon, seen.accuracy_m)


def is_settled(fixes: Sequence[Seen], verdict: Verdict, *, all_of_them: bool) -> bool:
    """Whether nothing that is told here can change what follows.

    Args:
        fixes: as judged.
        verdict: of them.
        all_of_them: nothing follows.
    """
    if all_of_them or not fixes:
        return True
    return verdict.open == 0 and verdict.believed[-1] and fixes[-1].believed


@dataclass(slots=True)
class Settled:
    """What was put right.

    Attributes:
        believed: (camera, content) of those that left quarantine.
        doubted: (camera, content) of those that left history, and why.
        twice: (camera, content) of those that were stored before, on the other side.
        newest: by camera, the newest believed, where nothing follows.
        coverage: (camera, start of the five minutes) where history changed.
    """

    believed: set[Key] = field(default_factory=set)
    doubted: dict[Key, str] = field(default_factory=dict)
    twice: set[Key] = field(default_factory=set)
    newest: dict[int, Seen] = field(default_factory=dict)
    coverage: set[tuple[int, int]] = field(default_factory=set)
