"""Is there cover? Two negotiators and one NegCo on call at every hour, one of them kidnap-trained.

Pure: shifts in, gaps out. Times are aware. A negotiator whose training has lapsed is no cover, and is
named instead (see `domain` rule: training in date).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from typing import Literal

from sightline.dashboard.ages import LOCAL, period

Capacity = Literal["negotiator", "negco"]


@dataclass(frozen=True)
class Shift:
    """One person on call for a time.

    Attributes:
        negotiator_id: key of the person.
        name: rank and name, to show.
        capacity: negotiator or NegCo.
        kidnap_trained: trained for kidnap and extortion.
        training_until: last local day on which the training is in date.
        start: first moment on call.
        end: first moment no longer on call.
    """

    negotiator_id: int
    name: str
    capacity: Capacity
    kidnap_trained: bool
    training_until: date
    start: datetime
    end: datetime

    def counts_at(self, moment: datetime) -> bool:
        """On call then, and trained."""
        on_call = self.start <= moment < self.end
        return on_call and moment.astimezone(LOCAL).date() <= self.training_until


@dataclass(frozen=True)
class Minimum:
    """What the force wants on call (force settings)."""

    negotiators: int = 2
    negcos: int = 1


@dataclass(frozen=True)
class Shortfall:
    """What is missing at one moment; all zero and False: nothing."""

    negotiators: int = 0
    negcos: int = 0
    kidnap: bool = False

    def __bool__(self) -> bool:
        return bool(self.negotiators or self.negcos or self.kidnap)

    @property
    def words(self) -> str:
        """What is missing: ``one negotiator short; nobody trained for kidnap and extortion``."""
        said = [
            f"{_count(number)} {name}{'' if number == 1 else 's'} short"
            for number, name in ((self.negotiators, "negotiator"), (self.negcos, "NegCo"))
            if number
        ]
        if self.kidnap:
            said.append("nobody trained for kidnap and extortion")
        return "; ".join(said)


@dataclass(frozen=True)
class Gap:
    """A time with a shortfall; `end` is exclusive."""

    start: datetime
    end: datetime
    shortfall: Shortfall

    def words(self, now: datetime) -> str:
        """When and what: ``Sat 21 Nov 06:00–14:00: one NegCo short``."""
        return f"{period(self.start, self.end, now)}: {self.shortfall.words}"


def _count(number: int) -> str:
    return {1: "one", 2: "two", 3: "three"}.get(number, str(number))


def shortfall(shifts: Iterable[Shift], moment: datetime, minimum: Minimum) -> Shortfall:
    """What is missing at a moment."""
    counting = {shift.negotiator_id: shift for shift in shifts if shift.counts_at(moment)}.values()
    of = [shift.capacity for shift in counting]
    return Shortfall(
        negotiators=max(0, minimum.negotiators - of.count("negotiator")),
        negcos=max(0, minimum.negcos - of.count("negco")),
        kidnap=not any(shift.kidnap_trained for shift in counting),
    )


def gaps(
    shifts: Sequence[Shift], start: datetime, end: datetime, minimum: Minimum | None = None
) -> list[Gap]:
    """The times from `start` to `end` in which cover is short, in order, each as long as possible."""
    wanted = minimum or Minimum()
    cuts = {start, end}
    for shift in shifts:
        cuts.update(moment for moment in (shift.start, shift.end) if start < moment < end)
        lapse = _first_moment_after(shift.training_until)
        if start < lapse < end:
            cuts.add(lapse)
    edges = sorted(cuts)
    found: list[Gap] = []
    for left, right in pairwise(edges):
        missing = shortfall(shifts, left, wanted)
        if not missing:
            continue
        if found and found[-1].end == left and found[-1].shortfall == missing:
            found[-1] = Gap(found[-1].start, right, missing)
        else:
            found.append(Gap(left, right, missing))
    return found


def _first_moment_after(day: date) -> datetime:
    """Local midnight at the end of a day."""
    following = date.fromordinal(day.toordinal() + 1)
    return datetime(following.year, following.month, following.day, tzinfo=LOCAL)


def lapsed(shifts: Iterable[Shift], moment: datetime) -> list[Shift]:
    """Who is on call at a moment though the training has lapsed."""
    today = moment.astimezone(LOCAL).date()
    return [s for s in shifts if s.start <= moment < s.end and s.training_until < today]
